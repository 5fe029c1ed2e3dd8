import { implement, type CliCommand, type CliGroup } from '#cli';
import { invitationCommands } from './invitation-commands.cli.ts';
import { organizationCommands } from './commands.cli.ts';

export const organizationsGroups: readonly CliGroup[] = [
  {
    path: ['org'],
    summary: 'Organizations and their members',
    examples: ['astroctl org list', 'astroctl org use acme', 'astroctl org members'],
  },
];

export const organizationsCommands: readonly CliCommand[] = [
  ...implement(organizationCommands, () => import('./organizations.cli.ts')),
  ...implement(invitationCommands, () => import('./invitations.cli.ts')),
];
