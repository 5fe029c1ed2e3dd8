import { EventStoreDBClient, jsonEvent, NO_STREAM } from '@eventstore/db-client';
import type { SealedEvent } from '#event-store';

/** What the client of EventStoreDB does by itself: the same events, one append for each, at exact revisions. */
export function openRaw(url: string) {
  const client = EventStoreDBClient.connectionString(url);
  return {
    async append(events: readonly SealedEvent[]): Promise<void> {
      for (const { id, type, stream, revision, data, ...metadata } of events) {
        const event = jsonEvent({ id, type, data: data as Record<string, unknown>, metadata });
        const expectedRevision = revision === 0 ? NO_STREAM : BigInt(revision - 1);
        await client.appendToStream(stream, event, { expectedRevision });
      }
    },
    close: () => client.dispose(),
  };
}
