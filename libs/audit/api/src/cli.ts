import { implement, type CliCommand, type CliGroup } from '#cli';
import { accessCommands } from './access-commands.cli.ts';
import { replayCommands } from './replay-commands.cli.ts';
import { headCommands } from './heads-commands.cli.ts';
import { logCommands } from './log-commands.cli.ts';

export const auditGroups: readonly CliGroup[] = [
  {
    path: ['audit'],
    summary: 'Read, verify, and export the audit log',
    examples: [
      'astroctl audit list --since 7d',
      'astroctl audit verify',
      'astroctl audit head > acme.checkpoint',
      'astroctl audit replay --until 2026-11-24T12:00:00Z',
    ],
  },
  {
    path: ['admin', 'audit-keys'],
    summary: 'Keys of the platform that sign heads of audit logs',
    examples: ['astroctl admin audit-keys rotate'],
  },
  {
    path: ['access'],
    summary: 'Who can do what, now and at any earlier time',
    examples: [
      'astroctl access can-i application.deploy application/web',
      'astroctl access who-can application.deploy application/web --as-of 2026-11-24T12:00:00Z',
      'astroctl access explain application.deploy profile/production',
    ],
  },
];

export const auditCommands: readonly CliCommand[] = [
  ...implement(logCommands, () => import('./log.cli.ts')),
  ...implement(accessCommands, () => import('./access.cli.ts')),
  ...implement(replayCommands, () => import('./replay.cli.ts')),
  ...implement(headCommands, () => import('./heads.cli.ts')),
];
