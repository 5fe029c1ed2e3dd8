import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolloutQueue } from '#deployments/contract';
import { categoryOf } from '#kernel';
import { everyContract } from '#testing/contracts';
import { CONTEXTS } from './contexts.ts';

/** Words that are in what is stored, or that other processes and people's scripts hold. None is ever taken back. */
export interface StoredWords {
  /** By category of streams. */
  readonly eventTypes: Readonly<Record<string, readonly string[]>>;
  /** Of the bus and of the work queues. */
  readonly subjects: readonly string[];
  readonly errorCodes: readonly string[];
}

const CONTRACTS = (await everyContract()).map(({ contract }) => contract);
const ERRORS = join(import.meta.dirname, '..', '..', '..', 'docs', 'reference', 'errors.md');

/** The stored words of this release. Error codes are those of the generated reference. */
export function storedWords(): StoredWords {
  const written = CONTEXTS.flatMap(({ deciders }) => deciders).flatMap(({ events: { categories, types } }) =>
    categories.flatMap((category) =>
      Object.keys(types).map((type) => ({ category: categoryOf(`${category}-`), type })),
    ),
  );
  const byCategory = Map.groupBy(written, ({ category }) => category); // of a part of one: the whole category
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
