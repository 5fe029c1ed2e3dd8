import { randomUUID } from 'node:crypto';
import { isCaughtUp, type Delivery, type EventStore, type StoredEvent } from '#event-store';
import type { Position } from '#kernel';
import { appendEvents, numberIn } from './drafts.ts';

/** Tests that subscriptions deliver every event once, in order, and without delay. */
export function describeSubscriptions(open: () => Promise<EventStore>): void {
  describe('subscribing', () => {
    let store: EventStore;
    let stream: string;
    let stop: AbortController;
    let before: Position;
    beforeEach(async () => {
      store = await open();
      stream = `contract-${randomUUID()}`;
      stop = new AbortController();
      before = await store.head();
    });
    afterEach(async () => {
      stop.abort();
      await store.close();
    });

    const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, n) => ({ data: { n: n + from } }));
    const subscribe = (after: Position, source = store) => source.subscribe({ after, signal: stop.signal });

    /** Reads until `count` events of this test's stream were delivered, followed by a caught-up mark. */
    async function until(deliveries: AsyncIterable<Delivery>, count: number) {
      const events: StoredEvent[] = [];
      for await (const delivery of deliveries) {
        if (!isCaughtUp(delivery)) {
          if (delivery.stream === stream) events.push(delivery);
        } else if (events.length >= count) return { events, mark: delivery };
      }
      throw new Error('the subscription ended');
    }

    it('delivers existing events, marks that it has caught up, and continues with new ones', async () => {
      const { position: written } = await appendEvents(store, stream, numbers(3));
      const deliveries = subscribe(before)[Symbol.asyncIterator]();
      const one = { [Symbol.asyncIterator]: () => ({ next: () => deliveries.next() }) };
      const past = await until(one, 3);
      expect(past.events.map(numberIn)).toEqual([0, 1, 2]);
      expect(past.mark.position >= written).toBe(true);
      const live = until(one, 2);
      await appendEvents(store, stream, numbers(2, 3));
      expect((await live).events.map(numberIn)).toEqual([3, 4]);
    });

    it('marks immediately when there is nothing to deliver', async () => {
      for await (const delivery of subscribe(await store.head())) {
        if (isCaughtUp(delivery)) break;
      }
    });

    it('delivers appends of another connection', async () => {
      const other = await open();
      const seen = until(subscribe(before, other), 2);
      await appendEvents(store, stream, numbers(2));
      expect((await seen).events.map(numberIn)).toEqual([0, 1]);
      await other.close();
    });

    it('F11: skips nothing while many append simultaneously, and keeps the order of positions', async () => {
      const readers = [until(subscribe(before), 300), until(subscribe(before), 300)];
      for (let n = 0; n < 300; n += 50) {
        const side = Array.from({ length: 20 }, () => appendEvents(store, `contract-${randomUUID()}`, numbers(2)));
        await Promise.all([appendEvents(store, stream, numbers(50, n)), ...side]);
      }
      for (const { events } of await Promise.all(readers)) {
        expect(events.map(numberIn)).toEqual(Array.from({ length: 300 }, (_, n) => n));
        expect(events.map((event) => event.position)).toEqual(events.map((event) => event.position).sort());
      }
    });

    it('reads from the store for a slow reader, without delaying others', async () => {
      const slow = subscribe(before)[Symbol.asyncIterator]();
      await slow.next();
      const quick = until(subscribe(before), 1000);
      for (let n = 0; n < 1000; n += 250) await appendEvents(store, stream, numbers(250, n));
      expect((await quick).events).toHaveLength(1000);
      const { events } = await until({ [Symbol.asyncIterator]: () => ({ next: () => slow.next() }) }, 1000);
      expect(events.map(numberIn)).toEqual(Array.from({ length: 1000 }, (_, n) => n));
    });

    it('ends when it is aborted, while it waits and before it starts', async () => {
      const ended = (async () => {
        for await (const delivery of subscribe(before)) if (isCaughtUp(delivery)) setImmediate(() => stop.abort());
      })();
      await ended;
      for await (const delivery of subscribe(before))
        throw new Error(`delivered after the abort: ${JSON.stringify(delivery)}`);
    });
  });
}
