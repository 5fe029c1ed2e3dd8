import { type EventStore, sealEvents, type SealedEvent, type UnsealedEvent } from '#event-store';
import { surroundings } from './surroundings.ts';

/** Returns an event of about 450 bytes. */
export const benchEvent = (type: string, stream: string, revision: number, n: number): UnsealedEvent => ({
  id: surroundings.ids.uuid(),
  type,
  stream,
  revision,
  recordedAt: '2026-01-01T00:00:00.000Z',
  actor: 'system:bench',
  commandId: `${'a'.repeat(32)}.${'b'.repeat(32)}`,
  correlationId: 'bench',
  causationId: 'bench',
  data: { n, text: 'x'.repeat(60) },
});

/** Returns one chain of events for a stream. They are sealed before the measurement. */
export const chain = (stream: string, length: number): readonly SealedEvent[] =>
  sealEvents(
    Array.from({ length }, (_, revision) => benchEvent('bench.happened.v1', stream, revision, revision)),
    '',
  );

/** Appends one event after the other, each at its exact revision. */
export async function appendAll(store: EventStore, events: readonly SealedEvent[]): Promise<void> {
  for (const event of events) {
    const outcome = await store.append(event.stream, [event], event.revision - 1);
    if (!outcome.ok) throw new Error(outcome.error.code);
  }
}

/** Measures ours between two raw runs. The better raw run counts. */
export async function beside(ours: () => Promise<number>, raw: () => Promise<number>) {
  const before = await raw();
  const own = await ours();
  const best = Math.max(before, await raw());
  return { ours: Math.round(own), raw: Math.round(best), ratio: Math.round((own / best) * 100) / 100 };
}
