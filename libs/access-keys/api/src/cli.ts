import { implement, type CliCommand, type CliGroup } from '#cli';
import { keyCommands } from './commands.cli.ts';

export const accessKeysGroups: readonly CliGroup[] = [
  {
    path: ['key'],
    summary: 'Access keys',
    examples: ['astroctl key create --name ci --role editor --expires 90d', 'astroctl key list'],
  },
];

export const accessKeysCommands: readonly CliCommand[] = implement(keyCommands, () => import('./keys.cli.ts'));
