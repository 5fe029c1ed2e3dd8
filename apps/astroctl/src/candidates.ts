import { PassThrough } from 'node:stream';
import {
  ExitCode,
  runProgram,
  type CliCommand,
  type CommandModule,
  type Io,
  type OptionSpec,
  type ProgramParts,
} from '#cli';
import type { candidateCommands } from './commands.ts';
import { FILES } from './completion.ts';

/** Flags of all commands. Those without a value are `undefined`. */
const GLOBAL_FLAGS: Readonly<Record<string, OptionSpec>> = {
  output: { help: '', short: 'o', value: 'format', choices: ['table', 'wide', 'json', 'yaml', 'name'] },
  org: { help: '', value: 'org', names: ['org', 'list'] },
  'org-id': { help: '', value: 'org', names: ['org', 'list'] },
  'api-url': { help: '', value: 'url' },
  'request-timeout': { help: '', value: 'time' },
  'as-admin': { help: '' },
  'no-color': { help: '' },
  quiet: { help: '', short: 'q' },
  yes: { help: '', short: 'y' },
  debug: { help: '' },
  help: { help: '', short: 'h' },
};
/** Arguments and flags whose values are paths. */
const PATHS = new Set(['path', 'file', 'folder']);
/** Timeout for requests, since a shell waits for the candidates. */
const WAIT = '3s';

/**
 * Runs `__complete WORD…`: prints one candidate per line, or `:files`. Prints nothing, not even an error, if the
 * platform is unavailable.
 */
export function candidatesOf(parts: ProgramParts): CommandModule<typeof candidateCommands> {
  return {
    async candidates({ word }, session) {
      const wanted = candidates(word, parts);
      const found = 'names' in wanted ? await namesOf(wanted.names, session.io, parts) : wanted.words;
      for (const candidate of found) session.print.line(candidate);
      return ExitCode.Success;
    },
  };
}

/** Returns the words that can follow, or the command that prints them. @param words the last one is being typed */
export function candidates(
  words: readonly string[],
  { commands }: Pick<ProgramParts, 'commands'>,
): { readonly words: readonly string[] } | { readonly names: readonly string[] } {
  const before = words.slice(0, -1).filter((word) => word !== '=');
  const current = words.at(-1) ?? '';
  const visible = commands.filter(({ hidden }) => !hidden);
  const { path, positionals, open } = read(before, visible);
  const command = visible.find((one) => one.path.join(' ') === path.join(' '));
  if (open) return valuesOf(open, positionals);
  if (current.startsWith('-')) return { words: flagsOf(command) };
  const below = visible
    .filter((one) => one.path.length > path.length && path.every((word, index) => one.path[index] === word))
    .map((one) => one.path[path.length] ?? '');
  if (below.length > 0 && positionals.length === 0) return { words: [...new Set(below)].toSorted() };
  const specs = Object.values(command?.options ?? {}).filter(({ positional }) => positional !== undefined);
  const spec = specs[positionals.length] ?? specs.findLast(({ positional }) => positional === 'many');
  return spec ? valuesOf(spec, positionals) : { words: [] };
}

/** Returns the command's words, its arguments so far, and the flag whose value is next. */
function read(words: readonly string[], commands: readonly CliCommand[]) {
  const path: string[] = [];
  const positionals: string[] = [];
  let open: OptionSpec | undefined;
  for (const word of words) {
    if (open) open = undefined;
    else if (word.startsWith('-')) open = flagNamed(word, path, commands);
    else if (
      positionals.length === 0 &&
      commands.some((one) => [...path, word].every((step, index) => one.path[index] === step))
    )
      path.push(word);
    else positionals.push(word);
  }
  return { path, positionals, open };
}

/** Returns the flag if it has a value that is not in the same word. */
function flagNamed(word: string, path: readonly string[], commands: readonly CliCommand[]): OptionSpec | undefined {
  if (word.includes('=')) return undefined;
  const own = commands.find((one) => one.path.join(' ') === path.join(' '))?.options ?? {};
  const specs = Object.entries({ ...GLOBAL_FLAGS, ...own });
  const [, spec] =
    specs.find(([name, { positional, alias, short }]) =>
      positional !== undefined
        ? false
        : word === `--${name}` || (alias !== undefined && word === `--${alias}`) || word === `-${short ?? ''}`,
    ) ?? [];
  return spec?.value === undefined ? undefined : spec;
}

function valuesOf(spec: OptionSpec, positionals: readonly string[]) {
  if (spec.choices) return { words: spec.choices };
  if (spec.names) return { names: spec.names.map((word) => (word === 'NAME' ? (positionals[0] ?? '') : word)) };
  return { words: spec.value !== undefined && PATHS.has(spec.value) ? [FILES] : [] };
}

const flagsOf = (command: CliCommand | undefined): string[] =>
  [
    ...Object.entries(command?.options ?? {}).flatMap(([name, { positional }]) => (positional ? [] : [`--${name}`])),
    ...Object.keys(GLOBAL_FLAGS).map((name) => `--${name}`),
  ].toSorted();

/** Returns the names that a command prints, without their kind. */
async function namesOf(command: readonly string[], io: Io, parts: ProgramParts): Promise<readonly string[]> {
  const stdout = new PassThrough();
  const silent = new PassThrough().resume();
  const quiet: Io = { ...io, stdout, stderr: silent, stdin: Object.assign(new PassThrough(), { isTTY: false }) };
  const exit = await runProgram([...command, '-o', 'name', '-q', '--request-timeout', WAIT], quiet, parts);
  const text = String(stdout.read() ?? '');
  return exit === ExitCode.Success ? text.split('\n').flatMap((line) => line.split('/').slice(1).join('/') || []) : [];
}
