import { readFileSync } from 'node:fs';
import type { Json, JsonObject } from '#kernel';
import type { Seen } from '#sandbox-cluster/cases';

/** A location where two responses differ. */
export interface Difference {
  /** Index of the compared step and path in its response: `0/body/spec/replicas`. */
  readonly place: string;
  readonly real: Json | undefined;
  readonly given: Json | undefined;
}

/**
 * Returns all differences between two runs of a case. If one run has fewer values, each missing value is one
 * difference.
 */
export function differences(real: readonly Seen[], given: readonly Seen[]): readonly Difference[] {
  const found: Difference[] = [];
  compare(real as unknown as Json, given as unknown as Json, '', found); // Seen is JSON
  return found;
}

function compare(real: Json | undefined, given: Json | undefined, place: string, found: Difference[]): void {
  if (JSON.stringify(real) === JSON.stringify(given)) return;
  if (
    typeof real !== 'object' ||
    typeof given !== 'object' ||
    real === null ||
    given === null ||
    Array.isArray(real) !== Array.isArray(given)
  ) {
    found.push({ place, real, given });
    return;
  }
  const [left, right] = [real as JsonObject, given as JsonObject]; // arrays are also compared by key
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)]))
    compare(left[key], right[key], place === '' ? key : `${place}/${key}`, found);
}

/** Deliberate differences by the ID of their case. Each path includes its descendants. */
export type Known = ReadonlyMap<string, readonly string[]>;

const BEGIN = '<!-- differences: begin -->';
const END = '<!-- differences: end -->';

/**
 * Parses the list of deliberate differences: a table between two markers, with case, path, and reason.
 * @throws Error if the document has no list, or a row has no reason
 */
export function knownDifferences(document: string): Known {
  const [from, to] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`the document has no list between ${BEGIN} and ${END}`);
  const known = new Map<string, string[]>();
  for (const row of document
    .slice(from + BEGIN.length, to)
    .split('\n')
    .filter((line) => line.startsWith('| `'))) {
    const [, id, place, why] = /^\| `([^`]+)` \| `([^`]*)` \| (.+) \|$/.exec(row) ?? [];
    if (id === undefined || place === undefined || why === undefined)
      throw new Error(`no case, place and reason: ${row}`);
    known.set(id, [...(known.get(id) ?? []), place]);
  }
  return known;
}

/** Reads the list in the product's documentation. */
export const documentedDifferences = (): Known =>
  knownDifferences(readFileSync(new URL('../../../../docs/sandbox.md', import.meta.url), 'utf8'));

export const isKnown = (known: Known, id: string, { place }: Difference): boolean =>
  (known.get(id) ?? []).some((allowed) => allowed === '' || place === allowed || place.startsWith(`${allowed}/`));

/** Formats a difference as lines of a report. */
export const told = ({ place, real, given }: Difference): string =>
  `${place}\n    recorded: ${short(real)}\n    now:      ${short(given)}`;

const short = (value: Json | undefined): string =>
  value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 400);
