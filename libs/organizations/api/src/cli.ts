import { implement, type CliCommand, type CliGroup } from '#cli';
import { organizationCommands } from './commands.cli.ts';

export const organizationsGroups: readonly CliGroup[] = [{ path: ['org'], summary: 'Organizations and their members' }];

export const organizationsCommands: readonly CliCommand[] = implement(
  organizationCommands,
  () => import('./organizations.cli.ts'),
);
