import { randomUUID } from 'node:crypto';
import { sealEvents, type EventStore, type SealedEvent, type StoredEvent } from '#event-store';

/** An event to record. Absent properties have defaults. */
export interface Draft {
  readonly type?: string;
  readonly data?: unknown;
  readonly id?: string;
  readonly recordedAt?: string;
}

/** Returns sealed events after `expectedRevision`, chained to `previousHash` ('' for a new stream). */
export function sealedEvents(
  stream: string,
  drafts: readonly Draft[],
  expectedRevision = -1,
  previousHash = '',
): readonly SealedEvent[] {
  const unsealed = drafts.map(
    ({ type = 'contract.noted.v1', data = {}, id = randomUUID(), recordedAt = '2026-01-01T00:00:00.000Z' }, index) => ({
      id,
      type,
      stream,
      revision: expectedRevision + 1 + index,
      recordedAt,
      actor: 'system:contract-suite',
      commandId: `${'0'.repeat(32)}.${'0'.repeat(32)}`,
      correlationId: 'contract',
      causationId: 'contract',
      data,
    }),
  );
  return sealEvents(unsealed, previousHash);
}

/** Appends events at the end of a stream. Throws after a conflict. */
export async function appendEvents(store: EventStore, stream: string, drafts: readonly Draft[]) {
  const last = (await collect(store.read(stream, { direction: 'backwards', limit: 1 })))[0];
  const events = sealedEvents(stream, drafts, last?.revision ?? -1, last?.hash ?? '');
  const outcome = await store.append(stream, events, last?.revision ?? -1);
  if (!outcome.ok) throw new Error(`not appended: ${outcome.error.code}`);
  return { events, ...outcome.value };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Returns the number that a test put into an event's data. */
export const numberIn = (event: StoredEvent): unknown =>
  event.data instanceof Object && 'n' in event.data ? event.data.n : undefined;
