import type { OutputOf } from '#bus/contract';
import type { applicationLogsRequest } from '#deployments/contract';

/** A line as it is shown. */
export interface LogEntry {
  /** Number in this view, counted from 1; it stays when older lines are dropped. */
  readonly number: number;
  readonly pod: string;
  readonly container: string;
  readonly time: string | null;
  readonly text: string;
}

type LogLine = OutputOf<typeof applicationLogsRequest>;

/** Lines that are kept; the oldest are dropped. */
const MAX_LINES = 20_000;

/** Codes that programs use for colours and the cursor, which a browser would show as text. */
const CODES =
  /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[@-Z\\-_])|[\u0000-\u0008\u000B-\u001F\u007F]/g;

/** Returns lines with more lines at their end. Lines that were dropped on the way are one line of their own. */
export function appended(before: readonly LogEntry[], lines: readonly LogLine[], max = MAX_LINES): readonly LogEntry[] {
  let number = before.at(-1)?.number ?? 0;
  const added = lines.flatMap(({ pod, container, time, line, dropped }): LogEntry[] => [
    ...(dropped === undefined || dropped === 0
      ? []
      : [
          {
            number: ++number,
            pod,
            container,
            time,
            text: `(${dropped} lines were dropped because they arrived faster than they could be sent)`,
          },
        ]),
    { number: ++number, pod, container, time, text: line.replaceAll(CODES, '') },
  ]);
  return [...before, ...added].slice(-max);
}

/** Which lines are shown. */
export interface LogFilter {
  readonly pod?: string | undefined;
  readonly container?: string | undefined;
}

export const filtered = (entries: readonly LogEntry[], { pod, container }: LogFilter): readonly LogEntry[] =>
  pod === undefined && container === undefined
    ? entries
    : entries.filter(
        (entry) =>
          (pod === undefined || entry.pod === pod) && (container === undefined || entry.container === container),
      );

/** Returns the indexes of the lines that contain the text, in upper or lower case. */
export function matchesIn(entries: readonly LogEntry[], text: string): readonly number[] {
  const wanted = text.toLowerCase();
  return wanted === ''
    ? []
    : entries.flatMap(({ text: line }, index) => (line.toLowerCase().includes(wanted) ? [index] : []));
}

/** Splits a line around the occurrences of a text; every second part is one. */
export function splitAt(line: string, text: string): readonly string[] {
  if (text === '') return [line];
  const parts: string[] = [];
  const [lower, wanted] = [line.toLowerCase(), text.toLowerCase()];
  if (lower.length !== line.length) return [line]; // a letter whose lower case is longer
  let from = 0;
  for (let at = lower.indexOf(wanted); at !== -1; at = lower.indexOf(wanted, from)) {
    parts.push(line.slice(from, at), line.slice(at, at + wanted.length));
    from = at + wanted.length;
  }
  return [...parts, line.slice(from)];
}

/** Name of a line for the address: its time and pod, which are the same in every view. Absent without a time. */
export const lineName = ({ time, pod }: LogEntry): string | undefined => (time === null ? undefined : `${time}@${pod}`);

/** Returns the index of the line with a name, or -1. */
export const indexOfLine = (entries: readonly LogEntry[], name: string | undefined): number =>
  name === undefined ? -1 : entries.findIndex((entry) => lineName(entry) === name);

/** Returns lines as a text file: time, pod, container, text. */
export const logText = (entries: readonly LogEntry[]): string =>
  entries.map(({ time, pod, container, text }) => `${time ?? '-'} ${pod}/${container} ${text}\n`).join('');
