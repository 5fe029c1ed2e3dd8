import { implement, type CliCommand, type CliGroup } from '#cli';
import { keyCommands } from './commands.cli.ts';

export const accessKeysGroups: readonly CliGroup[] = [{ path: ['key'], summary: 'Access keys' }];

export const accessKeysCommands: readonly CliCommand[] = implement(keyCommands, () => import('./keys.cli.ts'));
