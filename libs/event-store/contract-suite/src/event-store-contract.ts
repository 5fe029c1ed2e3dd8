import type { EventStore } from '#event-store';
import { describeAppends } from './appends.ts';
import { describeReads } from './reads.ts';
import { describeSubscriptions } from './subscriptions.ts';

export { appendEvents, sealedEvents } from './drafts.ts';

/**
 * What every engine must do; behavior that only one engine has is not part of the port. The engine may be a server that
 * remembers yesterday's run: each case uses streams of its own and reads after the head that it found.
 *
 * @param open a connection of its own for each call; the suite closes it
 */
export function eventStoreContract(engine: string, open: () => Promise<EventStore>): void {
  describe(`event store on ${engine}`, () => {
    describeAppends(open);
    describeReads(open);
    describeSubscriptions(open);
  });
}
