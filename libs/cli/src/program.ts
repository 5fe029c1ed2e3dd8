import { PassThrough } from 'node:stream';
import { Argument, Command, CommanderError, Option } from 'commander';
import type { CliCommand, CliGroup, OptionSpec } from './command.ts';
import { openConfig, type ConfigFile } from './config-file.ts';
import { ExitCode } from './exit-codes.ts';
import {
  CommandFailedError,
  commandErrorText,
  isCommandError,
  localError,
  usage,
  type CommandError,
} from './command-error.ts';
import { globalOptions } from './global-options.ts';
import type { Io } from './io.ts';
import { createPrinter, type Format } from './print.ts';
import { createSession, type GlobalFlags, type SessionParts } from './session.ts';
import { nearest } from './suggestions.ts';
import { withPresentNames } from './older-commands.ts';

export interface ProgramParts extends SessionParts {
  readonly version: string;
  readonly commands: readonly CliCommand[];
  readonly groups: readonly CliGroup[];
}

const DEFAULT_API_URL = 'http://127.0.0.1:8080';

/** Parses `words` (without node and script), runs the command, and resolves with the exit code. Never rejects. */
export async function runProgram(words: readonly string[], io: Io, parts: ProgramParts): Promise<number> {
  let exit: number = ExitCode.Success;
  const program = buildProgram(io, parts, async (command, values, raw) => {
    exit = await runCommand(command, values, raw, io, parts);
  });
  try {
    await program.parseAsync(asCommander(withPresentNames(words)), { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.Success : ExitCode.Usage;
    throw error;
  }
}

/**
 * Returns how astroctl would reject `words` before running a command, as code and sentence of commander; undefined if
 * it would accept them.
 */
export function parseProblem(
  words: readonly string[],
  parts: Pick<ProgramParts, 'version' | 'commands' | 'groups'>,
): { readonly code: string; readonly message: string } | undefined {
  const silent = new PassThrough().resume();
  const program = buildProgram({ stdout: silent, stderr: silent }, parts, () => Promise.resolve());
  try {
    program.parse(asCommander(withPresentNames(words)), { from: 'user' });
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError) return { code: error.code, message: error.message };
    throw error;
  }
}

/** Converts `help app get` to `app get --help`, and `-o=json` to `-ojson`. Words after `--` are unchanged. */
function asCommander(words: readonly string[]): string[] {
  const end = words.indexOf('--');
  const own = (end < 0 ? words : words.slice(0, end)).map((word) => word.replace(/^(-[A-Za-z])=/, '$1'));
  const rest = end < 0 ? [] : words.slice(end);
  return own[0] === 'help' ? [...own.slice(1), '--help', ...rest] : [...own, ...rest];
}

/** Values by name, as commander returns them. */
type ParsedValues = Readonly<Record<string, unknown>>;
type Run = (command: CliCommand, values: ParsedValues, flags: ParsedValues) => Promise<void>;

type Streams = Pick<Io, 'stdout' | 'stderr'>;

/** Builds the command tree for parsing, help, and completion. */
export function buildProgram(
  io: Streams,
  parts: Pick<ProgramParts, 'version' | 'commands' | 'groups'>,
  run: Run,
): Command {
  const program = configure(new Command('astroctl'), io)
    .description('Run applications on Kubernetes with Astro Platform.')
    .version(parts.version, '--version', 'print the version')
    .addHelpText(
      'after',
      `\nExamples:\n  astroctl auth login\n  astroctl app apply -f examples/hello-world.yaml --wait\n  astroctl app get\n`,
    );
  for (const group of parts.groups) {
    const added = groupAt(program, group.path, io).description(group.summary);
    if (group.examples) added.addHelpText('after', examplesText(group.examples));
  }
  for (const command of parts.commands) addCommand(program, command, io, run);
  addFlagsToGroups(program);
  return program;
}

function configure(command: Command, io: Streams): Command {
  return command
    .exitOverride()
    .enablePositionalOptions() // options after a command's last word belong to that command
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .showSuggestionAfterError(true)
    .configureHelp({ helpWidth: Math.min(io.stdout.columns ?? 100, 120) })
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: (text, write) =>
        write(`Error: ${usageSentence(text, command)}\nFix:   ${usageFix(text, command)}\n`),
    });
}

/** Returns the parser's message without its suggestion; that of {@link usageFix} is better. */
function usageSentence(text: string, command: Command): string {
  const unknown = unknownWord(text);
  return unknown === undefined
    ? text.replace(/^error: /, '').trimEnd()
    : `unknown command: ${[...pathOf(command), unknown].join(' ')}`;
}

function usageFix(text: string, command: Command): string {
  const unknown = unknownWord(text);
  const [first, ...more] =
    unknown === undefined ? [] : nearest(unknown, pathOf(command).slice(1), commandPaths(command));
  return first === undefined
    ? `see: ${[...pathOf(command), '-h'].join(' ')}`
    : [first, ...more].map((path) => `astroctl ${path}`).join(', or: ');
}

const unknownWord = (text: string): string | undefined => /^error: unknown command '(.*?)'/.exec(text)?.[1];

/** Returns the paths of all commands that are not hidden. */
function commandPaths(of: Command): string[] {
  let root = of;
  while (root.parent) root = root.parent;
  const below = (command: Command): string[] =>
    command
      .createHelp()
      .visibleCommands(command)
      .flatMap((child) => [pathOf(child).slice(1).join(' '), ...below(child)]);
  return below(root);
}

function pathOf(command: Command): string[] {
  return command.parent ? [...pathOf(command.parent), command.name()] : [command.name()];
}

function groupAt(program: Command, path: readonly string[], io: Streams): Command {
  return path.reduce(
    (parent, word) => parent.commands.find((child) => child.name() === word) ?? addGroup(parent, word, io),
    program,
  );
}

function addGroup(parent: Command, word: string, io: Streams, isHidden = false): Command {
  const group = configure(new Command(word), io);
  parent.addCommand(group, { hidden: isHidden });
  return group;
}

const examplesText = (examples: readonly string[]): string =>
  `\nExamples:\n${examples.map((example) => `  ${example}\n`).join('')}`;

function addCommand(program: Command, command: CliCommand, io: Streams, run: Run): void {
  const parent = groupAt(program, command.path.slice(0, -1), io);
  const word = command.path.at(-1) ?? '';
  const existing = parent.commands.find((child) => child.name() === word);
  const leaf = (existing ?? addGroup(parent, word, io, command.hidden))
    .description(command.summary)
    .addHelpText('after', examplesText(command.examples));
  const positionals: string[] = [];
  for (const [name, spec] of Object.entries(command.options ?? {})) {
    if (spec.positional === undefined) {
      const { after } = spec;
      const flag = flagOf(name, spec);
      if (after)
        flag.argParser((value: string, previous: string | typeof PASSED_ON | undefined) => {
          if (leaf.getOptionValue(camel(after.switch)) !== true) return value;
          leaf.setOptionValueWithSource(camel(after.flag), value, 'cli');
          return previous ?? PASSED_ON;
        });
      leaf.addOption(flag);
      if (spec.alias !== undefined) leaf.addOption(flagOf(spec.alias, spec).hideHelp());
    } else {
      positionals.push(name);
      const word = name.toUpperCase();
      const argument = new Argument(
        spec.positional === 'required' ? `<${word}>` : spec.positional === 'many' ? `<${word}...>` : `[${word}]`,
        spec.help,
      );
      leaf.addArgument(spec.choices ? argument.choices(spec.choices) : argument);
    }
  }
  addGlobalFlags(leaf, Object.keys(command.options ?? {}));
  leaf.action(async (...received: unknown[]) => {
    const flags = flagsOf(leaf);
    const values: Record<string, unknown> = {};
    positionals.forEach((name, index) => (values[name] = received[index]));
    for (const [name, spec] of Object.entries(command.options ?? {}))
      if (spec.positional === undefined)
        values[name] = flagIn(flags, name) ?? (spec.alias && flagIn(flags, spec.alias));
    await run(command, values, flags);
  });
}

/** The value of a flag that another one has taken. Commander would replace `undefined` by an empty text. */
const PASSED_ON = Symbol('passed on');

/** Returns the flags of a command, including those between its words: `org plan --org acme set enterprise`. */
function flagsOf(command: Command): Readonly<Record<string, unknown>> {
  const flags: Record<string, unknown> = {};
  for (let level = command.parent; level; level = level.parent)
    for (const [name, value] of Object.entries(level.opts<Record<string, unknown>>()))
      if (level.getOptionValueSource(name) === 'cli') flags[name] ??= value;
  const own = Object.entries(command.opts<Record<string, unknown>>());
  return {
    ...Object.fromEntries(own),
    ...flags,
    ...Object.fromEntries(own.filter(([name]) => command.getOptionValueSource(name) === 'cli')),
  };
}

/** Returns a flag's value. The parser stores `--no-browser` as `browser: false`. */
const flagIn = (flags: Readonly<Record<string, unknown>>, name: string): unknown =>
  name.startsWith('no-') ? flags[camel(name.slice('no-'.length))] === false : flags[camel(name)];

const camel = (name: string): string => name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

function flagOf(name: string, spec: OptionSpec): Option {
  const long = `--${name}${spec.value ? ` <${spec.value}>` : ''}`;
  const option = new Option(spec.short ? `-${spec.short}, ${long}` : long, spec.help);
  if (spec.choices) option.choices(spec.choices);
  if (spec.default !== undefined) option.default(spec.default);
  if (spec.repeat) option.argParser((value: string, previous: string[] | undefined) => [...(previous ?? []), value]);
  return option;
}

/** Accepts global flags before and between the words of a command too. Help shows them once, with the command. */
function addFlagsToGroups(command: Command): void {
  if (command.commands.length === 0) return;
  const taken = command.options.map((option) => option.attributeName());
  if (!taken.includes('output')) addGlobalFlags(command, taken, command.parent !== null);
  for (const child of command.commands) addFlagsToGroups(child);
}

function addGlobalFlags(command: Command, taken: readonly string[], isHidden = false): void {
  for (const flag of globalOptions())
    if (!taken.includes(flag.name())) command.addOption(isHidden ? flag.hideHelp() : flag);
}

async function runCommand(
  command: CliCommand,
  values: ParsedValues,
  raw: ParsedValues,
  io: Io,
  parts: ProgramParts,
): Promise<number> {
  const format = (typeof raw['output'] === 'string' ? raw['output'] : 'table') as Format; // commander has checked the choice
  const fail = (failure: CommandError): number => {
    io.stderr.write(commandErrorText(failure, format === 'json'));
    return failure.exit;
  };
  const empty = command.hidden ? undefined : emptyValue(command, { ...raw, ...values });
  if (empty) return fail(empty);
  const config = await openConfig(io);
  if (isCommandError(config)) return fail(config);
  const flags = globalFlags(raw, io, config);
  if (isCommandError(flags)) return fail(flags);
  const session = createSession(io, flags, config, createPrinter(io, format, flags.quiet), parts);
  try {
    const outcome = await command.run(values, session);
    return isCommandError(outcome) ? fail(outcome) : outcome;
  } catch (error) {
    if (error instanceof CommandFailedError) return fail(error.failure);
    if (io.interrupted.aborted) return ExitCode.Interrupted;
    if (flags.debug) io.stderr.write(`debug: ${error instanceof Error ? error.stack : String(error)}\n`);
    return fail(
      localError(
        ExitCode.Failed,
        `Unexpected error: ${error instanceof Error ? error.message : String(error)}.`,
        'run it again with --debug, and report what it prints',
      ),
    );
  }
}

/** Rejects an empty value, which usually comes from an unset variable in a script and must not count as absent. */
function emptyValue({ path, options = {} }: CliCommand, values: ParsedValues): CommandError | undefined {
  const [name] =
    Object.entries(values).find(([, value]) => value === '' || (Array.isArray(value) && value.includes(''))) ?? [];
  if (name === undefined) return undefined;
  const flag = name === 'orgId' ? '--org' : `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const called = options[name]?.positional ? name.toUpperCase() : flag;
  return usage(`${called} must not be empty.`, `see: astroctl ${path.join(' ')} -h`);
}

/** Resolves global flags: a flag takes precedence over the environment, the file's current address, and the default. */
function globalFlags(
  raw: Readonly<Record<string, unknown>>,
  io: Io,
  { currentApi }: ConfigFile,
): GlobalFlags | CommandError {
  const word = (name: string) => (typeof raw[name] === 'string' ? raw[name] : undefined);
  const org = word('orgId');
  const fromFlag = word('apiUrl');
  const fromEnvironment = io.environment['ASTROPULSE_API_URL'] || undefined;
  const apiUrl = (fromFlag ?? fromEnvironment ?? currentApi ?? DEFAULT_API_URL).replace(/\/+$/, '');
  const apiUrlFrom =
    fromFlag !== undefined
      ? 'flag'
      : fromEnvironment !== undefined
        ? 'environment'
        : currentApi !== undefined
          ? 'file'
          : 'default';
  const bad = (detail: string, fix: string): CommandError => ({ failure: true, exit: ExitCode.Usage, detail, fix });
  const url = URL.parse(apiUrl);
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return bad(
      `${apiUrl} is not a valid platform address.`,
      'set --api-url or ASTROPULSE_API_URL to an address that begins with http:// or https://',
    );
  const timeout = parseSpan(word('requestTimeout') ?? '30s');
  if (timeout === undefined) return bad('--request-timeout is not a duration.', 'write it as 500ms, 30s, or 5m');
  return {
    ...(org !== undefined && { org }),
    apiUrl,
    apiUrlFrom,
    requestTimeoutMs: timeout,
    asAdmin: raw['asAdmin'] === true,
    color: raw['color'] !== false && !io.environment['NO_COLOR'] && io.stdout.isTTY === true,
    quiet: raw['quiet'] === true,
    yes: raw['yes'] === true,
    debug: raw['debug'] === true,
  };
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Parses a duration: `500ms`, `30s`, `5m`, `2h`, `7d`; a number without unit is in seconds.
 *
 * @returns milliseconds; undefined if the text is not a duration
 */
export function parseSpan(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,9})(ms|s|m|h|d)?$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * (UNITS[unit ?? 's'] ?? 1_000);
}
