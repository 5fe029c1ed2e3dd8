import { implement, type CliCommand, type ProgramParts } from '#cli';
import { completionCommands, configCommands, installCommands, versionCommands } from './commands.ts';

/** Commands that are about astroctl itself. @param parts the whole program, for completion */
export const localCommands = (parts: () => ProgramParts): readonly CliCommand[] => [
  ...implement(versionCommands, () => import('./version-command.ts')),
  ...implement(completionCommands, async () => (await import('./completion.ts')).completionOf(parts())),
  ...implement(configCommands, () => import('./config-view.ts')),
  ...implement(installCommands, () => import('./install.ts')),
];
