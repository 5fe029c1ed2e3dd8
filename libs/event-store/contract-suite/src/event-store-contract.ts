import type { EventStore } from '#event-store';
import { describeAppends } from './appends.ts';
import { describeReads } from './reads.ts';
import { describeSubscriptions } from './subscriptions.ts';

export { appendEvents, collect, sealedEvents } from './drafts.ts';

/**
 * Tests the behavior that every engine must have. The engine may be a server with data of earlier runs: each test uses
 * its own streams, and reads after the head that it found.
 *
 * @param open opens a new connection for each call; the suite closes it
 */
export function eventStoreContract(engine: string, open: () => Promise<EventStore>): void {
  describe(`event store on ${engine}`, () => {
    describeAppends(open);
    describeReads(open);
    describeSubscriptions(open);
  });
}
