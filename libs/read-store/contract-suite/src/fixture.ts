import type { Json, position } from '#kernel';
import type { Collection, ReadStore, Write } from '#read-store';

/** Fixture of all parts of the suite. `open` opens the same durable store again. */
export interface Fixture {
  readonly store: () => ReadStore;
  readonly open: () => Promise<ReadStore>;
  /** Returns a collection for one test, with indexes on `group`, `rank`, and `deep.value`. */
  readonly collection: () => Collection;
  /** Returns the n-th position of the fixture's log. */
  readonly at: (sequence: number) => ReturnType<typeof position>;
  readonly put: (id: string, sequence: number, document: Json) => Write;
}
