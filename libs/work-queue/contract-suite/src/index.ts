import { randomUUID } from 'node:crypto';
import { ITEM_BYTES, type Delivery, type WorkQueue } from '#work-queue';
import { workQueue } from '#work-queue/contract';
import { eventually } from '#testing';
import { gate, item, type Fixture, type TestQueue } from './fixture.ts';
import { lostWorkContract } from './lost-work.ts';

/**
 * Tests that every engine must pass. Behavior of a single engine is not part of the port. The suite uses the system
 * clock, because engines use their own clocks.
 * @param open opens the same queues each time
 * @param empty removes the items of one queue, like an operator or a lost disk
 */
export function workQueueContract(
  engine: string,
  open: () => Promise<WorkQueue>,
  empty: (subject: string) => Promise<void>,
): void {
  describe(`work queue on ${engine}`, () => {
    let jobs: WorkQueue;
    let queue: TestQueue;
    const queueOf: Fixture['queueOf'] = (limits = {}) =>
      workQueue({ subject: `contract.v1.work.${randomUUID()}`, item, ackWaitMs: 10_000, maxDeliveries: 3, ...limits });
    beforeEach(async () => {
      jobs = await open();
      queue = queueOf();
    });
    afterEach(() => jobs.close());
    const add = (n: number, more: { key?: string; delayMs?: number } = {}) =>
      jobs.enqueue(
        queue,
        { n },
        { deduplicationKey: more.key ?? `key-${n}`, ...(more.delayMs === undefined ? {} : { delayMs: more.delayMs }) },
      );

    it('delivers every item once, whether it was enqueued before or after the worker started', async () => {
      const seen: number[] = [];
      await add(1);
      await jobs.work(queue, async ({ item: { n } }) => void seen.push(n), { concurrency: 2 });
      await add(2);
      await eventually(() => expect(seen.toSorted()).toEqual([1, 2]));
      await eventually(async () => expect(await jobs.depth(queue)).toBe(0));
    });

    it('distributes the items of a queue over workers of several instances, each once', async () => {
      const other = await open();
      const seen: number[] = [];
      const record = async ({ item: { n } }: Delivery<{ n: number }>) => void seen.push(n);
      await Promise.all([jobs, other].map((each) => each.work(queue, record, { concurrency: 3 })));
      await Promise.all(Array.from({ length: 40 }, (_, n) => add(n)));
      await eventually(async () => expect(await jobs.depth(queue)).toBe(0));
      expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, n) => n));
      await other.close();
    });

    it('answers a ping while it is open', async () => {
      const other = await open();
      await other.ping();
      await other.close();
      await expect(other.ping()).rejects.toMatchObject({ code: 'work-queue/unavailable' });
      await jobs.ping();
    });

    it('separates queues', async () => {
      const another = queueOf();
      await add(1);
      const seen: number[] = [];
      await jobs.work(another, async ({ item: { n } }) => void seen.push(n), { concurrency: 1 });
      await jobs.enqueue(another, { n: 2 }, { deduplicationKey: 'key-1' });
      await eventually(() => expect(seen).toEqual([2]));
      expect(await jobs.depth(queue)).toBe(1);
    });

    it('stores one of several items with the same key, with or without a delay', async () => {
      await Promise.all([add(1, { key: 'same' }), add(2, { key: 'same' }), add(3, { key: 'same', delayMs: 60_000 })]);
      await add(4, { key: 'other', delayMs: 60_000 });
      await add(5, { key: 'other' });
      expect(await jobs.depth(queue)).toBe(2);
    });

    it('stores an item again under the same key after it was completed', async () => {
      const seen: number[] = [];
      await jobs.work(queue, async ({ item: { n } }) => void seen.push(n), { concurrency: 1 });
      for (const n of [1, 2, 3]) {
        await add(n, { key: 'same' });
        await eventually(async () => expect(await jobs.depth(queue)).toBe(0));
      }
      expect(seen).toEqual([1, 2, 3]);
    });

    it('is restored after data loss by enqueuing the pending work under the same keys (F23)', async () => {
      await Promise.all([add(1), add(2)]);
      await empty(queue.subject);
      expect(await jobs.depth(queue)).toBe(0);
      await Promise.all([add(1), add(2)]);
      await Promise.all([add(1), add(2)]);
      expect(await jobs.depth(queue)).toBe(2);
      const seen: number[] = [];
      await jobs.work(queue, async ({ item: { n } }) => void seen.push(n), { concurrency: 1 });
      await eventually(async () => expect(await jobs.depth(queue)).toBe(0));
      expect(seen.toSorted()).toEqual([1, 2]);
    });

    it('delivers a delayed item not before its time, as its first attempt', async () => {
      const seen: { readonly attempt: number; readonly afterMs: number }[] = [];
      const start = performance.now();
      await jobs.work(queue, async ({ attempt }) => void seen.push({ attempt, afterMs: performance.now() - start }), {
        concurrency: 1,
      });
      await add(1, { delayMs: 300 });
      await eventually(() => expect(seen).toEqual([{ attempt: 1, afterMs: expect.any(Number) }]));
      expect(seen[0]?.afterMs).toBeGreaterThanOrEqual(299);
    });

    it('handles no more items at a time than its concurrency', async () => {
      let atOnce = 0;
      let most = 0;
      let done = 0;
      await Promise.all(Array.from({ length: 9 }, (_, n) => add(n)));
      const release = gate();
      await jobs.work(
        queue,
        async () => {
          most = Math.max(most, ++atOnce);
          await release.opened;
          atOnce--;
          done++;
        },
        { concurrency: 3 },
      );
      await eventually(() => expect(atOnce).toBe(3));
      release.open();
      await eventually(() => expect(done).toBe(9));
      expect(most).toBe(3);
    });

    it('stops taking items, and settles when the items in progress are completed', async () => {
      const release = gate();
      const seen: number[] = [];
      await add(1);
      const stop = await jobs.work(
        queue,
        async ({ item: { n } }) => {
          seen.push(n);
          await release.opened;
        },
        { concurrency: 1 },
      );
      await eventually(() => expect(seen).toEqual([1]));
      const stopped = stop().then(() => 'stopped');
      await add(2);
      expect(await Promise.race([stopped, Promise.resolve('still in hand')])).toBe('still in hand');
      release.open();
      expect(await stopped).toBe('stopped');
      expect(seen).toEqual([1]);
      expect(await jobs.depth(queue)).toBe(1);
    });

    it('delivers immediately after a worker has stopped, without waiting for ackWaitMs', async () => {
      const stop = await jobs.work(queue, async () => {}, { concurrency: 4 });
      await stop();
      const seen: number[] = [];
      await add(1);
      await jobs.work(queue, async ({ item: { n }, attempt }) => void seen.push(n, attempt), { concurrency: 1 });
      await eventually(() => expect(seen).toEqual([1, 1]), 3000);
    });

    it(`accepts an item of ${ITEM_BYTES} bytes, and refuses a larger one without storing it (F28)`, async () => {
      const frame = JSON.stringify({ n: 1, text: '' }).length;
      const sized = (bytes: number) => ({ n: 1, text: 'x'.repeat(bytes - frame) });
      await expect(jobs.enqueue(queue, sized(ITEM_BYTES + 1), { deduplicationKey: 'large' })).rejects.toMatchObject({
        code: 'work-queue/item-too-large',
      });
      await expect(
        jobs.enqueue(queue, { n: 1, text: 'ü'.repeat(ITEM_BYTES / 2) }, { deduplicationKey: 'large' }),
      ).rejects.toMatchObject({ code: 'work-queue/item-too-large' });
      expect(await jobs.depth(queue)).toBe(0);
      await jobs.enqueue(queue, sized(ITEM_BYTES), { deduplicationKey: 'large' });
      await jobs.work(queue, ({ bury }) => bury('too much for me'), { concurrency: 1 });
      await eventually(async () =>
        expect(await jobs.deadLetters(queue)).toEqual([
          { item: sized(ITEM_BYTES), reason: 'too much for me', attempts: 1 },
        ]),
      );
    });

    it('refuses keys and subjects that an engine does not support', async () => {
      for (const key of ['', 'with space', 'line\r\nbreak', 'x'.repeat(201)])
        await expect(add(1, { key })).rejects.toThrow('deduplication key');
      await expect(jobs.enqueue({ ...queue, subject: 'all.*' }, { n: 1 }, { deduplicationKey: 'a' })).rejects.toThrow(
        'not a subject',
      );
    });

    it('keeps items after it was opened again', async () => {
      await add(1);
      await jobs.close();
      jobs = await open();
      expect(await jobs.depth(queue)).toBe(1);
    });

    lostWorkContract({ jobs: () => jobs, open, empty, queueOf });
  });
}
