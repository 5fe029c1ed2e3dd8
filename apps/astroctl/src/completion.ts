import { ExitCode, type CliCommand, type CommandModule, type ProgramParts } from '#cli';
import type { completionCommands } from './commands.ts';

const GLOBAL_FLAGS = [
  '--output',
  '--org',
  '--api-url',
  '--request-timeout',
  '--as-admin',
  '--no-color',
  '--quiet',
  '--yes',
  '--debug',
  '--help',
];

/** `completion SHELL`: a script made from the commands themselves; it completes words and flags, and asks no server. */
export function completionOf({ commands }: ProgramParts): CommandModule<typeof completionCommands> {
  return {
    completion({ shell }, session) {
      session.print.line(
        shell === 'fish'
          ? fish(commands)
          : shell === 'zsh'
            ? `autoload -U +X bashcompinit && bashcompinit\n${bash(commands)}`
            : bash(commands),
      );
      return Promise.resolve(ExitCode.Success);
    },
  };
}

/** Words that can follow each path: sub-commands of a group, flags of a command. */
export function followers(commands: readonly CliCommand[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, Set<string>>();
  const add = (path: readonly string[], word: string) => {
    const key = path.join(' ');
    found.set(key, (found.get(key) ?? new Set()).add(word));
  };
  for (const { path, options = {} } of commands) {
    path.forEach((word, index) => add(path.slice(0, index), word));
    for (const [name, spec] of Object.entries(options)) if (spec.positional === undefined) add(path, `--${name}`);
    for (const flag of GLOBAL_FLAGS) add(path, flag);
  }
  return new Map([...found].map(([path, words]) => [path, [...words].toSorted()]));
}

function bash(commands: readonly CliCommand[]): string {
  const cases = [...followers(commands)].map(([path, words]) => `    '${path}') words='${words.join(' ')}' ;;`);
  return `_astroctl() {
  local path='' words='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do case $word in -*) ;; *) path="\${path:+$path }$word" ;; esac; done
  while :; do
    case $path in
${cases.join('\n')}
    esac
    [ -n "$words" ] || [ -z "$path" ] && break
    case $path in *' '*) path=\${path% *} ;; *) path='' ;; esac
  done
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _astroctl astroctl`;
}

function fish(commands: readonly CliCommand[]): string {
  const lines = [
    'function __astroctl_path',
    '  string join " " -- (string match -v -- "-*" (commandline -opc)[2..])',
    'end',
    'complete -c astroctl -f',
  ];
  for (const [path, words] of followers(commands)) {
    for (const word of words)
      lines.push(
        `complete -c astroctl -n 'test (__astroctl_path) = "${path}"' ${word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`}`,
      );
  }
  return lines.join('\n');
}
