import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolloutQueue } from '#deployments/contract';
import { categoryOf } from '#kernel';
import { everyContract } from '#testing/contracts';
import { CONTEXTS } from './contexts.ts';

/** Names that are in stored data, or that other processes and scripts depend on. They are never removed. */
export interface StoredWords {
  /** By stream category. */
  readonly eventTypes: Readonly<Record<string, readonly string[]>>;
  /** Of the bus and of the work queues. */
  readonly subjects: readonly string[];
  readonly errorCodes: readonly string[];
}

const CONTRACTS = (await everyContract()).map(({ contract }) => contract);
const ERRORS = join(import.meta.dirname, '..', '..', '..', 'docs', 'reference', 'errors.md');

/** Returns the stored names of this release. Error codes are those of the generated reference. */
export function storedWords(): StoredWords {
  const written = CONTEXTS.flatMap(({ deciders }) => deciders).flatMap(({ events: { categories, types } }) =>
    categories.flatMap((category) =>
      Object.keys(types).map((type) => ({ category: categoryOf(`${category}-`), type })),
    ),
  );
  // for a part of a category, the complete category
  const byCategory = Map.groupBy(written, ({ category }) => category);
  const codes = readFileSync(ERRORS, 'utf8').matchAll(/^\| `([^`]+\/[^`]+)` \|/gm);
  return {
    eventTypes: Object.fromEntries(
      [...byCategory.keys()]
        .toSorted()
        .map((category) => [
          category,
          [...new Set((byCategory.get(category) ?? []).map(({ type }) => type))].toSorted(),
        ]),
    ),
    subjects: [...CONTRACTS, rolloutQueue].map(({ subject }) => subject).toSorted(),
    errorCodes: [...codes].flatMap(([, code]) => code ?? []).toSorted(),
  };
}
