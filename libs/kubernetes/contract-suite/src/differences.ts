import { readFileSync } from 'node:fs';
import type { Json, JsonObject } from '#kernel';
import type { Seen } from '#sandbox-cluster/cases';

/** One place where two answers are not the same. */
export interface Difference {
  /** Position of the compared step and path in its answer: `0/body/spec/replicas`. */
  readonly place: string;
  readonly real: Json | undefined;
  readonly given: Json | undefined;
}

/** Every place where two runs of a case differ; where one has no more, the whole of the other is the difference. */
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
  const [left, right] = [real as JsonObject, given as JsonObject]; // arrays too are read by their keys
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)]))
    compare(left[key], right[key], place === '' ? key : `${place}/${key}`, found);
}

/** Differences that are meant, by the id of their case: places, each with all that is below it. */
export type Known = ReadonlyMap<string, readonly string[]>;

const BEGIN = '<!-- differences: begin -->';
const END = '<!-- differences: end -->';

/**
 * Reads the list of deliberate differences: a table between two marks, with case, place and reason.
 * @throws Error when the document has no such list, or a row gives no reason
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

/** The list in the product's documentation. */
export const documentedDifferences = (): Known =>
  knownDifferences(readFileSync(new URL('../../../../docs/sandbox.md', import.meta.url), 'utf8'));

export const isKnown = (known: Known, id: string, { place }: Difference): boolean =>
  (known.get(id) ?? []).some((allowed) => allowed === '' || place === allowed || place.startsWith(`${allowed}/`));

/** A difference in lines, for reports. */
export const told = ({ place, real, given }: Difference): string =>
  `${place}\n    recorded: ${short(real)}\n    now:      ${short(given)}`;

const short = (value: Json | undefined): string =>
  value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 400);
