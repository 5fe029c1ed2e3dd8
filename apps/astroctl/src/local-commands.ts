import { implement, type CliCommand, type ProgramParts } from '#cli';
import { candidateCommands, completionCommands, configCommands, installCommands, versionCommands } from './commands.ts';

/** Commands about astroctl itself. @param parts returns all commands, for completion */
export const localCommands = (parts: () => ProgramParts): readonly CliCommand[] => [
  ...implement(versionCommands, () => import('./version-command.ts')),
  ...implement(completionCommands, () => import('./completion.ts')),
  ...implement(candidateCommands, async () => (await import('./candidates.ts')).candidatesOf(parts())),
  ...implement(configCommands, () => import('./config-view.ts')),
  ...implement(installCommands, () => import('./install.ts')),
];
