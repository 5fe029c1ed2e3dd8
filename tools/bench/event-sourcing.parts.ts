// Events and projections of the event-sourcing benchmark.
import { sealEvents, type EventStore, type UnsealedEvent } from '#event-store';
import type { Fact, Projection } from '#kernel';
import { benchEvent } from './event-store.parts.ts';

export type Counted = Fact<'bench.counted.v1', { readonly n: number; readonly text: string }>;
export const family = { categories: ['bench'], types: { 'bench.counted.v1': true } } as const;

export const sums = sumsOf('bench-sums.v1');

/** Returns a projection of all events with this name. */
export function sumsOf(name: string): Projection<Counted, { readonly sum: number; readonly count: number }> {
  return {
    name,
    events: family,
    indexes: ['sum'],
    documentId: ({ metadata }) => metadata.stream,
    apply: (document, { event }) => ({ sum: (document?.sum ?? 0) + event.data.n, count: (document?.count ?? 0) + 1 }),
  };
}

const counted = (stream: string, revision: number): UnsealedEvent =>
  benchEvent('bench.counted.v1', stream, revision, 1);

/** Appends a stream of `length` events in batches. */
export async function fill(store: EventStore, stream: string, length: number): Promise<void> {
  let hash = '';
  for (let from = 0; from < length; from += 500) {
    const sealed = sealEvents(
      Array.from({ length: Math.min(500, length - from) }, (_, n) => counted(stream, from + n)),
      hash,
    );
    const outcome = await store.append(stream, sealed, from - 1);
    if (!outcome.ok) throw new Error(outcome.error.code);
    hash = sealed.at(-1)?.hash ?? '';
  }
}
