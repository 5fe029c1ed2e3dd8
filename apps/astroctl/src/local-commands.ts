import type { CliCommand, ProgramParts } from '#cli';

/** Commands that are about astroctl itself. @param parts the whole program, for completion */
export const localCommands = (parts: () => ProgramParts): readonly CliCommand[] => [
  {
    path: ['version'],
    summary: 'Versions of astroctl and of the platform',
    examples: ['astroctl version'],
    load: async () => (await import('./version-command.ts')).version,
  },
  {
    path: ['completion'],
    summary: 'Print the completion script of a shell',
    options: { shell: { positional: 'required', help: 'bash, zsh or fish', choices: ['bash', 'zsh', 'fish'] } },
    examples: [
      'source <(astroctl completion bash)',
      'astroctl completion fish > ~/.config/fish/completions/astroctl.fish',
    ],
    load: async () => (await import('./completion.ts')).completion(parts()),
  },
  {
    path: ['config', 'view'],
    summary: 'Show the configuration of this machine, keys masked',
    examples: ['astroctl config view'],
    load: async () => (await import('./config-view.ts')).configView,
  },
  {
    path: ['install'],
    summary: 'Put a launcher of astroctl on your path',
    options: { prefix: { help: 'folder; its bin/ gets the launcher', value: 'folder', default: '~/.local' } },
    examples: ['npx astroctl install', 'npx astroctl install --prefix /usr/local'],
    load: async () => (await import('./install.ts')).install,
  },
];
