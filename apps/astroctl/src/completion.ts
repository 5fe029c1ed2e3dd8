import { ExitCode, type CommandModule } from '#cli';
import type { completionCommands } from './commands.ts';

/** Runs `completion SHELL`: prints a script that gets the candidates from astroctl for each completion. */
export const { completion }: CommandModule<typeof completionCommands> = {
  completion({ shell }, session) {
    session.print.line(SCRIPTS[shell]);
    return Promise.resolve(ExitCode.Success);
  },
};

/** Printed instead of words if a path is expected. */
export const FILES = ':files';

const BASH = `_astroctl() {
  local IFS=$'\\n' current="\${COMP_WORDS[COMP_CWORD]}" found
  [ "$current" = = ] && current=''
  found=$(astroctl __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD-1}" "$current" 2>/dev/null)
  if [ "$found" = '${FILES}' ]; then COMPREPLY=($(compgen -f -- "$current")); return; fi
  COMPREPLY=($(compgen -W "$found" -- "$current"))
}
complete -F _astroctl astroctl`;

const FISH = `function __astroctl_complete
  set -l words (commandline -opc)[2..]
  set -l current (commandline -ct)
  set -l found (astroctl __complete -- $words "$current" 2>/dev/null)
  not contains -- '${FILES}' $found; and printf '%s\\n' $found; and return
  __fish_complete_path "$current"
end
complete -c astroctl -f -a '(__astroctl_complete)'`;

const SCRIPTS = { bash: BASH, zsh: `autoload -U +X bashcompinit && bashcompinit\n${BASH}`, fish: FISH } as const;
