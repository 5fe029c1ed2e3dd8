import type { Json } from '#kernel';
import { isList, isTree } from './typed.ts';

/** Parts of a stored object, compared by identity. They are already decoded and defaulted, and are never modified. */
export type Known = ReadonlySet<unknown>;

export const NOTHING_KNOWN: Known = new Set();

const DEPTH = 4;

/**
 * Returns the parts of a stored object that an updating program usually returns unchanged: `spec`, `spec.template`, …
 */
export function partsOf(stored: Json | undefined): Known {
  const parts = new Set<unknown>();
  collect(stored, DEPTH, parts);
  parts.delete(stored);
  return parts;
}

function collect(value: Json | undefined, depth: number, into: Set<unknown>): void {
  if (!isTree(value) && !isList(value)) return;
  into.add(value);
  if (depth > 0) for (const member of Object.values(value)) collect(member as Json | undefined, depth - 1, into);
}
