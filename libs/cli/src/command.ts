import type { Session } from './session.ts';
import type { CommandError } from './command-error.ts';

/** An argument or flag of a command. */
export interface OptionSpec {
  readonly help: string;
  /** Makes this an argument, in the order of declaration. Default: a flag `--name`. */
  readonly positional?: 'required' | 'optional' | 'many';
  /** One letter. */
  readonly short?: string;
  /** Name of the flag's value in the help. A flag without it is a switch. */
  readonly value?: string;
  /** Alternative name of the flag, not shown in the help. */
  readonly alias?: string;
  /** Whether the flag can be repeated. */
  readonly repeat?: boolean;
  /** Behind this switch on the command line, the flag stands for another one: `--audit --until DATE`. */
  readonly after?: { readonly switch: string; readonly flag: string };
  readonly default?: string;
  /** The allowed values. */
  readonly choices?: readonly string[];
  /**
   * Command that lists the values for shell completion: `['app', 'get']` lists applications. `NAME` in it stands for
   * the first argument of this command.
   */
  readonly names?: readonly string[];
}

/**
 * A command without its implementation. Declare it `as const`, so that {@link Options} has the names of its options.
 */
export interface CommandDeclaration {
  readonly path: readonly string[];
  readonly summary: string;
  readonly options?: Readonly<Record<string, OptionSpec>>;
  readonly examples: readonly string[];
  /** For use by programs only: not shown in the help, and its words are not checked. */
  readonly hidden?: true;
}

/** Declarations by the name of the implementing function. */
export type CommandDeclarations = Readonly<Record<string, CommandDeclaration>>;

type TextOf<Spec> = Spec extends { readonly choices: readonly (infer Choice extends string)[] } ? Choice : string;

type ValueOf<Spec extends OptionSpec> = Spec extends { readonly positional: 'many' } | { readonly repeat: true }
  ? readonly string[]
  : Spec extends { readonly positional: 'required' } | { readonly default: string }
    ? TextOf<Spec>
    : Spec extends { readonly positional: 'optional' } | { readonly value: string }
      ? TextOf<Spec> | undefined
      : boolean;

/** Values of a command's options: boolean for a switch, a list for what can be repeated, otherwise text. */
export type Options<Declaration extends CommandDeclaration> = Declaration extends {
  readonly options: infer Specs extends Readonly<Record<string, OptionSpec>>;
}
  ? { readonly [Name in keyof Specs]: ValueOf<Specs[Name]> }
  : Readonly<Record<never, never>>;

/** An exit code, or why the command failed. */
export type Outcome = number | CommandError;

/** Implements a command. */
type Implementation<Declaration extends CommandDeclaration> = (
  options: Options<Declaration>,
  session: Session,
) => Promise<Outcome>;

/** Like {@link CommandDeclarations}, without an index signature, so that every name has a declaration. */
type CommandsOf<Declarations> = { readonly [Name in keyof Declarations]: CommandDeclaration };

/** A module that implements `Declarations`: one function per name. */
export type CommandModule<Declarations extends CommandsOf<Declarations>> = {
  readonly [Name in keyof Declarations]: Implementation<Declarations[Name]>;
};

/** A command that can run. */
export interface CliCommand extends CommandDeclaration {
  /**
   * Runs the command.
   *
   * @param values by option name, as parsed from the command line
   */
  run(values: Readonly<Record<string, unknown>>, session: Session): Promise<Outcome>;
}

/** Help of a command group: its line in the parent group, and examples. */
export interface CliGroup {
  readonly path: readonly string[];
  readonly summary: string;
  readonly examples?: readonly string[];
}

/**
 * Combines declarations with the module that implements them. The module is loaded when one of the commands runs;
 * `astroctl --help` only needs the declarations.
 *
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

/** Converts parsed values to the types of the declaration. */
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
