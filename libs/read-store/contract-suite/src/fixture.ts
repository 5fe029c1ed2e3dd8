import type { Json, position } from '#kernel';
import type { Collection, ReadStore, Write } from '#read-store';

/** What each part of the suite works with; `open` opens the same durable store again. */
export interface Fixture {
  readonly store: () => ReadStore;
  readonly open: () => Promise<ReadStore>;
  /** A collection of this test alone, with indexes on `group`, `rank` and `deep.value`. */
  readonly collection: () => Collection;
  /** The n-th position of the fixture's log. */
  readonly at: (sequence: number) => ReturnType<typeof position>;
  readonly put: (id: string, sequence: number, document: Json) => Write;
}
