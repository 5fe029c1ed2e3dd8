import type { CommandDeclarations } from '#cli';

/** Commands about astroctl itself, grouped by the file that implements them. */
export const versionCommands = {
  version: {
    path: ['version'],
    summary: 'Print the versions of astroctl and the platform',
    examples: ['astroctl version'],
  },
} as const satisfies CommandDeclarations;

export const completionCommands = {
  completion: {
    path: ['completion'],
    summary: 'Print the completion script for a shell',
    options: { shell: { positional: 'required', help: 'bash, zsh, or fish', choices: ['bash', 'zsh', 'fish'] } },
    examples: [
      'source <(astroctl completion bash)',
      'astroctl completion fish > ~/.config/fish/completions/astroctl.fish',
    ],
  },
} as const satisfies CommandDeclarations;

/** Called by the completion scripts for each completion. */
export const candidateCommands = {
  candidates: {
    path: ['__complete'],
    summary: 'Print the words that can follow (run by the shell)',
    options: { word: { positional: 'many', help: 'words so far; the last one is being typed' } },
    examples: ['astroctl __complete -- app status ""'],
    hidden: true,
  },
} as const satisfies CommandDeclarations;

export const configCommands = {
  configView: {
    path: ['config', 'view'],
    summary: 'Show the configuration of this machine with masked keys',
    examples: ['astroctl config view'],
  },
} as const satisfies CommandDeclarations;

export const installCommands = {
  install: {
    path: ['install'],
    summary: 'Install a launcher for astroctl on your PATH',
    options: {
      prefix: { help: 'the launcher is installed in bin/ below this folder', value: 'folder', default: '~/.local' },
    },
    examples: ['npx astroctl install', 'npx astroctl install --prefix /usr/local'],
  },
} as const satisfies CommandDeclarations;
