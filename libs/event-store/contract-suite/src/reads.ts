import { randomUUID } from 'node:crypto';
import type { EventStore, StoredEvent } from '#event-store';
import { position, sequenceOf, storeOf } from '#kernel';
import { appendEvents, collect, numberIn } from './drafts.ts';

/** Tests that reads are ordered, start at any place, and return exactly what was appended. */
export function describeReads(open: () => Promise<EventStore>): void {
  describe('reading', () => {
    let store: EventStore;
    let stream: string;
    beforeEach(async () => {
      store = await open();
      stream = `contract-${randomUUID()}`;
    });
    afterEach(() => store.close());

    const numbers = (count: number) => Array.from({ length: count }, (_, n) => ({ data: { n } }));
    const read = async (options?: Parameters<EventStore['read']>[1]) =>
      (await collect(store.read(stream, options))).map(numberIn);

    it('returns nothing for a stream that does not exist, in either direction', async () => {
      expect(await read()).toEqual([]);
      expect(await read({ direction: 'backwards' })).toEqual([]);
    });

    it('reads in both directions, from a revision, up to a limit', async () => {
      await appendEvents(store, stream, numbers(6));
      expect(await read()).toEqual([0, 1, 2, 3, 4, 5]);
      expect(await read({ from: 4 })).toEqual([4, 5]);
      expect(await read({ from: 1, limit: 2 })).toEqual([1, 2]);
      expect(await read({ from: 6 })).toEqual([]);
      expect(await read({ limit: 0 })).toEqual([]);
      expect(await read({ direction: 'backwards' })).toEqual([5, 4, 3, 2, 1, 0]);
      expect(await read({ direction: 'backwards', limit: 1 })).toEqual([5]);
      expect(await read({ direction: 'backwards', from: 2 })).toEqual([2, 1, 0]);
      expect(await read({ direction: 'backwards', from: 3, limit: 2 })).toEqual([3, 2]);
    });

    it('reads a long stream completely, and lets a reader stop early', async () => {
      for (let part = 0; part < 5; part += 1) await appendEvents(store, stream, numbers(500));
      expect(await read()).toHaveLength(2500);
      expect(await read({ direction: 'backwards' })).toHaveLength(2500);
      for await (const event of store.read(stream)) if (event.revision === 3) break;
      expect(await read({ from: 2499 })).toEqual([499]);
    });

    it('distinguishes streams with similar names', async () => {
      await appendEvents(store, stream, numbers(1));
      await appendEvents(store, `${stream}-1`, numbers(3));
      expect(await read()).toEqual([0]);
    });

    it('reads all streams in the order of appending, after a position, up to a limit', async () => {
      const before = await store.head();
      const other = `contract-${randomUUID()}`;
      const first = await appendEvents(store, stream, numbers(2));
      await appendEvents(store, other, numbers(1));
      await appendEvents(store, stream, numbers(1));
      const mine = (events: StoredEvent[]) => events.filter((event) => [stream, other].includes(event.stream));
      const all = mine(await collect(store.readAll({ after: before })));
      expect(all.map((event) => event.stream)).toEqual([stream, stream, other, stream]);
      expect(all.map((event) => event.position)).toEqual(all.map((event) => event.position).sort());
      expect(mine(await collect(store.readAll({ after: first.position }))).map((event) => event.stream)).toEqual([
        other,
        stream,
      ]);
      expect(await collect(store.readAll({ after: before, limit: 2 }))).toHaveLength(2);
      expect(await collect(store.readAll({ after: await store.head() }))).toEqual([]);
    });

    it('reads the log from its first event by default', async () => {
      await appendEvents(store, stream, numbers(1));
      const [first] = await collect(store.readAll({ limit: 1 }));
      const [again] = await collect(store.readAll({ after: position(store.storeId, 0), limit: 1 }));
      expect(first).toBeDefined();
      expect(again).toEqual(first);
    });

    it('has the last appended position as its head', async () => {
      const before = await store.head();
      expect(storeOf(before)).toBe(store.storeId);
      const { position: written } = await appendEvents(store, stream, numbers(3));
      expect((await store.head()) >= written).toBe(true);
      expect(sequenceOf(written)).toBeGreaterThan(sequenceOf(before));
    });

    it('rejects the position of another store', async () => {
      const foreign = position('otherstore', 1);
      await expect(collect(store.readAll({ after: foreign }))).rejects.toMatchObject({ code: 'position/other-store' });
      const signal = new AbortController().signal;
      await expect(collect(store.subscribe({ after: foreign, signal }))).rejects.toMatchObject({
        code: 'position/other-store',
      });
    });

    it('has the same store ID on each connection', async () => {
      const other = await open();
      expect(other.storeId).toBe(store.storeId);
      await other.close();
    });
  });
}
