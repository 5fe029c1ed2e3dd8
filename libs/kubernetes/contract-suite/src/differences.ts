import { readFileSync } from 'node:fs';
import type { Json, JsonObject } from '#kernel';
import type { Seen } from '#sandbox-cluster/cases';

/** A location where two responses differ. */
export interface Difference {
  /** Index of the compared step and path in its response: `0/body/spec/replicas`. */
  readonly place: string;
  readonly expected: Json | undefined;
  readonly actual: Json | undefined;
}

/**
 * Returns all differences between two runs of a case. If one run has fewer values, each missing value is one
 * difference.
 */
export function differences(expected: readonly Seen[], actual: readonly Seen[]): readonly Difference[] {
  const found: Difference[] = [];
  compare(expected as unknown as Json, actual as unknown as Json, '', found); // Seen is JSON
  return found;
}

function compare(expected: Json | undefined, actual: Json | undefined, place: string, found: Difference[]): void {
  if (JSON.stringify(expected) === JSON.stringify(actual)) return;
  if (
    typeof expected !== 'object' ||
    typeof actual !== 'object' ||
    expected === null ||
    actual === null ||
    Array.isArray(expected) !== Array.isArray(actual)
  ) {
    found.push({ place, expected, actual });
    return;
  }
  const [left, right] = [expected as JsonObject, actual as JsonObject]; // arrays are also compared by key
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)]))
    compare(left[key], right[key], place === '' ? key : `${place}/${key}`, found);
}

/** Deliberate differences by the ID of their case. Each path includes its descendants. */
export type KnownDifferences = ReadonlyMap<string, readonly string[]>;

const START = '<!-- differences: begin -->';
const END = '<!-- differences: end -->';

/**
 * Parses the list of deliberate differences: a table between two markers, with case, path, and reason.
 * @throws Error if the document has no list, or a row has no reason
 */
export function knownDifferences(document: string): KnownDifferences {
  const [from, to] = [document.indexOf(START), document.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`the document has no list between ${START} and ${END}`);
  const known = new Map<string, string[]>();
  for (const row of document
    .slice(from + START.length, to)
    .split('\n')
    .filter((line) => line.startsWith('| `'))) {
    const [, id, place, reason] = /^\| `([^`]+)` \| `([^`]*)` \| (.+) \|$/.exec(row) ?? [];
    if (id === undefined || place === undefined || reason === undefined)
      throw new Error(`no case, place and reason: ${row}`);
    known.set(id, [...(known.get(id) ?? []), place]);
  }
  return known;
}

/** Reads the list in the product's documentation. */
export const documentedDifferences = (): KnownDifferences =>
  knownDifferences(readFileSync(new URL('../../../../docs/sandbox.md', import.meta.url), 'utf8'));

export const isKnown = (known: KnownDifferences, id: string, { place }: Difference): boolean =>
  (known.get(id) ?? []).some((allowed) => allowed === '' || place === allowed || place.startsWith(`${allowed}/`));

/** Formats a difference as lines of a report. */
export const formatDifference = ({ place, expected, actual }: Difference): string =>
  `${place}\n    recorded: ${short(expected)}\n    now:      ${short(actual)}`;

const short = (value: Json | undefined): string =>
  value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 400);
