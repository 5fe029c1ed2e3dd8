import type { Io } from './io.ts';
import { printable } from './command-error.ts';

export const FORMATS = ['table', 'wide', 'json', 'yaml', 'name'] as const;
export type Format = (typeof FORMATS)[number];

/** A column of a table: its title, and the value of a row. Columns with `wide` are printed with `-o wide` only. */
export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string | number | boolean | null | undefined;
  readonly wide?: boolean;
}

/** View of one object: these keys in this order, one line each. */
export interface LinesView<T> {
  readonly lines: readonly (keyof T & string)[];
  readonly name?: (value: T) => string;
}

/** View of a completed change. */
export interface DoneView {
  /** Sentence such as `application/web created`; undefined prints nothing. */
  readonly text: string | undefined;
  /** Name of the object, such as `application/web`. */
  readonly name: string;
}

/** View of a list. */
export interface TableView<Row> {
  readonly columns: readonly Column<Row>[];
  /** Name that `-o name` prints, such as `application/web`. */
  readonly name: (row: Row) => string;
  /** Printed to standard error if the list is empty. */
  readonly empty?: string;
}

/** Tables show times in whole seconds; JSON is unchanged. */
const FRACTION = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d+Z$/;

/** Column where values start. */
const VALUE_COLUMN = 17;

const shown = (value: unknown): string => {
  if (value === null || value === undefined || value === '') return '-';
  if (value === true) return 'yes';
  if (value === false) return 'no';
  return printable(String(value)).replaceAll('\n', ' ').replace(FRACTION, '$1Z');
};

/** Formats `key: value` lines. A key longer than its column is followed by one space. */
function linesText<T extends object>(value: T, keys: readonly (keyof T & string)[]): string {
  return keys.map((key) => `${`${key}:`.padEnd(VALUE_COLUMN - 1)} ${shown(value[key])}\n`).join('');
}

/** Formats left-aligned columns, two spaces apart, without trailing spaces. */
function tableText<Row>(rows: readonly Row[], columns: readonly Column<Row>[], wide: boolean): string {
  const used = columns.filter((column) => wide || !column.wide);
  const cells = [used.map(({ title }) => title), ...rows.map((row) => used.map(({ value }) => shown(value(row))))];
  const widths = used.map((_, index) => Math.max(...cells.map((line) => line[index]?.length ?? 0)));
  return cells
    .map(
      (line) =>
        `${line.map((cell, index) => (index === line.length - 1 ? cell : cell.padEnd(widths[index] ?? 0))).join('  ')}\n`,
    )
    .join('');
}

export interface Printer {
  readonly format: Format;
  /** Prints an object as lines, JSON, or YAML. */
  one<T extends object>(value: T, view: LinesView<T>): Promise<void>;
  list<Row extends object>(rows: readonly Row[], view: TableView<Row>): Promise<void>;
  /** Prints the rows of a stream: the heading once, then a line per row; with `-o json`, an object per line. */
  rows<Row extends object>(columns: readonly Column<Row>[]): (row: Row) => void;
  /** Prints the result of a change: a sentence, the object's name, or the object. May be called more than once. */
  done<T extends object>(value: T, view: DoneView): Promise<void>;
  /** Prints a line of data in every format. */
  line(text: string): void;
  /** Prints a line for people to standard error. */
  note(text: string): void;
}

export function createPrinter(io: Pick<Io, 'stdout' | 'stderr'>, format: Format, quiet: boolean): Printer {
  const write = (text: string) => void io.stdout.write(text);
  const structured = async (value: unknown): Promise<string> => {
    if (format === 'json') return `${JSON.stringify(value, null, 2)}\n`;
    const { stringify } = await import('yaml');
    return stringify(value, { version: '1.1' });
  };
  const isStructured = format === 'json' || format === 'yaml';
  let documents = 0;
  return {
    format,
    async one(value, view) {
      if (isStructured) return write(await structured(value));
      if (format === 'name' && view.name) return write(`${view.name(value)}\n`);
      write(linesText(value, view.lines));
    },
    async list(rows, view) {
      if (isStructured) return write(await structured({ items: rows }));
      if (format === 'name') return write(rows.map((row) => `${view.name(row)}\n`).join(''));
      if (rows.length === 0 && view.empty !== undefined) return void io.stderr.write(`${view.empty}\n`);
      write(tableText(rows, view.columns, format === 'wide'));
    },
    rows(columns) {
      let started = false;
      return (row) => {
        if (format === 'json') return write(`${JSON.stringify(row)}\n`);
        const cells = columns.filter((column) => format === 'wide' || !column.wide);
        const widths = cells.map(({ title }) => Math.max(title.length, STREAM_WIDTHS[title] ?? title.length));
        const lineOf = (texts: readonly string[]) =>
          `${texts.map((text, index) => (index === texts.length - 1 ? text : text.padEnd(widths[index] ?? 0))).join('  ')}\n`;
        if (!started) write(lineOf(cells.map(({ title }) => title)));
        started = true;
        write(lineOf(cells.map(({ value }) => shown(value(row)))));
      };
    },
    async done(value, view) {
      if (format === 'json') return write(`${JSON.stringify(value)}\n`);
      if (format === 'yaml') return write(`${documents++ > 0 ? '---\n' : ''}${await structured(value)}`);
      if (format === 'name') return write(`${view.name}\n`);
      if (view.text !== undefined) write(`${view.text}\n`);
    },
    line: (text) => write(`${text}\n`),
    note: (text) => void (quiet || io.stderr.write(`${printable(text)}\n`)),
  };
}

/** Fixed widths for streams, which cannot wait for the widest value. */
const STREAM_WIDTHS: Readonly<Record<string, number>> = {
  TIME: 20,
  STEP: 14,
  VERSION: 7,
  BY: 20,
  LAST: 5,
  TYPE: 7,
  REASON: 18,
  OBJECT: 40,
  COUNT: 5,
  STATE: 12,
};

/**
 * Returns an age in one unit like kubectl: `22d`, `11m`, `40s`.
 *
 * @param then RFC 3339
 */
export function age(then: string | null, nowMs: number): string {
  if (then === null) return '-';
  const seconds = Math.max(0, Math.floor((nowMs - Date.parse(then)) / 1_000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 2 * 3_600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
