import type { Session } from './session.ts';
import type { CommandError } from './command-error.ts';

/** One word or flag of a command. */
export interface OptionSpec {
  readonly help: string;
  /** A word behind the command, in the order of declaration; else a flag `--name`. */
  readonly positional?: 'required' | 'optional' | 'many';
  /** One letter. */
  readonly short?: string;
  /** What the flag's value is called in help; a flag without it is a switch. */
  readonly value?: string;
  /** May be given several times. */
  readonly repeat?: boolean;
  readonly default?: string;
  /** Closed list of values. */
  readonly choices?: readonly string[];
}

/** Values by option name: text, a list for `repeat` and `many`, true for a switch that was given. */
export type OptionValues = Readonly<Record<string, string | readonly string[] | boolean | undefined>>;

/** 0 and the like, or why it ended otherwise. */
export type Outcome = number | CommandError;

/** A command as a value: its words, its options, and where its work is. Reading it costs nothing: the work is loaded when it is called. */
export interface CliCommand {
  readonly path: readonly string[];
  readonly summary: string;
  readonly options?: Readonly<Record<string, OptionSpec>>;
  readonly examples: readonly string[];
  readonly load: () => Promise<(options: OptionValues, session: Session) => Promise<Outcome>>;
}

/** A group's help: its line in the level above, and worked examples. */
export interface CliGroup {
  readonly path: readonly string[];
  readonly summary: string;
  readonly examples?: readonly string[];
}

export const text = (values: OptionValues, name: string): string | undefined => {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
};
export const given = (values: OptionValues, name: string): boolean => values[name] === true;
export const list = (values: OptionValues, name: string): readonly string[] => {
  const value = values[name];
  return Array.isArray(value) ? value : typeof value === 'string' ? [value] : [];
};
/** A required positional; commander has made sure that it is there. */
export const required = (values: OptionValues, name: string): string => text(values, name) ?? '';
