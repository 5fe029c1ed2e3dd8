import type { Session } from './session.ts';
import type { CommandError } from './command-error.ts';

/** One argument or flag of a command. */
export interface OptionSpec {
  readonly help: string;
  /** An argument after the command, in the order of declaration; otherwise a flag `--name`. */
  readonly positional?: 'required' | 'optional' | 'many';
  /** One letter. */
  readonly short?: string;
  /** What help calls the value of the flag; a flag without it is a switch. */
  readonly value?: string;
  /** Another name of the flag, which help does not show. */
  readonly alias?: string;
  /** The flag can be repeated. */
  readonly repeat?: boolean;
  readonly default?: string;
  /** Closed list of values. */
  readonly choices?: readonly string[];
  /**
   * Words of the command whose names a shell completes the value with: `['app', 'get']` for an application. `NAME` stands for
   * the command's first argument.
   */
  readonly names?: readonly string[];
}

/** A command without its implementation. Declared `as const`, so that {@link Options} knows its options by name. */
export interface CommandDeclaration {
  readonly path: readonly string[];
  readonly summary: string;
  readonly options?: Readonly<Record<string, OptionSpec>>;
  readonly examples: readonly string[];
  /** Called by programs only: no help shows it, and no word of it is checked. */
  readonly hidden?: true;
}

/** Declarations by the name of the function that implements each. */
export type CommandDeclarations = Readonly<Record<string, CommandDeclaration>>;

type TextOf<Spec> = Spec extends { readonly choices: readonly (infer Choice extends string)[] } ? Choice : string;

type ValueOf<Spec extends OptionSpec> = Spec extends { readonly positional: 'many' } | { readonly repeat: true }
  ? readonly string[]
  : Spec extends { readonly positional: 'required' } | { readonly default: string }
    ? TextOf<Spec>
    : Spec extends { readonly positional: 'optional' } | { readonly value: string }
      ? TextOf<Spec> | undefined
      : boolean;

/** The values of a command's options: a switch is a boolean, what can be repeated a list, everything else text. */
export type Options<Declaration extends CommandDeclaration> = Declaration extends {
  readonly options: infer Specs extends Readonly<Record<string, OptionSpec>>;
}
  ? { readonly [Name in keyof Specs]: ValueOf<Specs[Name]> }
  : Readonly<Record<never, never>>;

/** An exit code, or why the command failed. */
export type Outcome = number | CommandError;

/** What a command does. */
type Implementation<Declaration extends CommandDeclaration> = (
  options: Options<Declaration>,
  session: Session,
) => Promise<Outcome>;

/** Like {@link CommandDeclarations}, without an index signature: every name has a declaration. */
type CommandsOf<Declarations> = { readonly [Name in keyof Declarations]: CommandDeclaration };

/** The module with the implementations of `Declarations`: one function per name. */
export type CommandModule<Declarations extends CommandsOf<Declarations>> = {
  readonly [Name in keyof Declarations]: Implementation<Declarations[Name]>;
};

/** A command that can run. */
export interface CliCommand extends CommandDeclaration {
  /** @param values by option name, as the parser of the command line has them */
  run(values: Readonly<Record<string, unknown>>, session: Session): Promise<Outcome>;
}

/** A group's help: its line in the level above, and worked examples. */
export interface CliGroup {
  readonly path: readonly string[];
  readonly summary: string;
  readonly examples?: readonly string[];
}

/**
 * Joins declarations with their module, which is loaded when the first of them runs: `astroctl --help` reads declarations only.
 * @param load imports the module
 */
export function implement<Declarations extends CommandsOf<Declarations>>(
  declarations: Declarations,
  load: () => Promise<CommandModule<Declarations>>,
): readonly CliCommand[] {
  const commands: CliCommand[] = [];
  for (const name in declarations) commands.push(commandOf(declarations[name], async () => (await load())[name]));
  return commands;
}

function commandOf<Declaration extends CommandDeclaration>(
  declaration: Declaration,
  load: () => Promise<Implementation<Declaration>>,
): CliCommand {
  const { path, summary, options = {}, examples, hidden } = declaration;
  return {
    path,
    summary,
    options,
    examples,
    ...(hidden && { hidden }),
    async run(values, session) {
      const implementation = await load();
      return implementation(optionsOf(declaration, values), session);
    },
  };
}

/** Brings parsed values to the types that the declaration promises. */
function optionsOf<Declaration extends CommandDeclaration>(
  { options = {} }: Declaration,
  values: Readonly<Record<string, unknown>>,
): Options<Declaration> {
  const typed = Object.entries(options).map(([name, spec]) => [name, valueOf(spec, values[name])]);
  return Object.fromEntries(typed) as Options<Declaration>; // each value has the type of its spec, by valueOf
}

function valueOf(spec: OptionSpec, value: unknown): boolean | string | readonly string[] | undefined {
  if (spec.positional === 'many' || spec.repeat) return Array.isArray(value) ? value.map(String) : [];
  if (spec.positional === undefined && spec.value === undefined) return value === true;
  if (typeof value === 'string') return value;
  return spec.default ?? (spec.positional === 'required' ? '' : undefined);
}
