import { eventually } from '#testing';
import { gate, type Fixture, type TestQueue } from './fixture.ts';

/** Tests of items whose workers fail, return them, hang, or disappear. */
export function lostWorkContract({ jobs, open, queueOf }: Fixture): void {
  const add = (queue: TestQueue, n = 1) => jobs().enqueue(queue, { n }, { deduplicationKey: `key-${n}` });
  const SHORT_MS = 300;

  describe('items that are not completed', () => {
    it('are redelivered after the requested delay, with a higher attempt', async () => {
      const queue = queueOf();
      const seen: { readonly attempt: number; readonly atMs: number }[] = [];
      await jobs().work(
        queue,
        async ({ attempt, retry }) => {
          seen.push({ attempt, atMs: performance.now() });
          if (attempt === 1) await retry(200);
        },
        { concurrency: 1 },
      );
      await add(queue);
      await eventually(() => expect(seen.map(({ attempt }) => attempt)).toEqual([1, 2]));
      expect(Number(seen[1]?.atMs) - Number(seen[0]?.atMs)).toBeGreaterThanOrEqual(195);
    });

    it('are redelivered after one second when the worker throws', async () => {
      const queue = queueOf();
      const seen: number[] = [];
      await jobs().work(
        queue,
        async ({ attempt }) => {
          seen.push(performance.now());
          if (attempt === 1) throw new Error('broken');
        },
        { concurrency: 1 },
      );
      await add(queue);
      await eventually(() => expect(seen).toHaveLength(2));
      expect(Number(seen[1]) - Number(seen[0])).toBeGreaterThanOrEqual(990);
    });

    it('are moved to the dead letters with reason and attempts when buried or failed too often', async () => {
      const queue = queueOf({ maxDeliveries: 2 });
      await jobs().work(queue, async ({ item: { n }, bury, retry }) => (n === 1 ? bury('not\nmine') : retry(0)), {
        concurrency: 1,
      });
      await add(queue, 1);
      await eventually(async () =>
        expect(await jobs().deadLetters(queue)).toEqual([{ item: { n: 1 }, reason: 'not mine', attempts: 1 }]),
      );
      await add(queue, 2);
      await eventually(async () =>
        expect((await jobs().deadLetters(queue))[1]).toEqual({
          item: { n: 2 },
          reason: expect.stringContaining('last delivery'),
          attempts: 2,
        }),
      );
      await eventually(async () => expect(await jobs().depth(queue)).toBe(0));
    });

    it("are moved to the dead letters if they do not match the queue's schema, without blocking others", async () => {
      const queue = queueOf({ maxDeliveries: 1 });
      const seen: number[] = [];
      const wrong: { n: number } = JSON.parse('{"n":"text"}');
      await jobs().enqueue(queue, wrong, { deduplicationKey: 'wrong' });
      await add(queue, 2);
      await jobs().work(queue, async ({ item: { n } }) => void seen.push(n), { concurrency: 1 });
      await eventually(() => expect(seen).toEqual([2]));
      await eventually(async () =>
        expect(await jobs().deadLetters(queue)).toMatchObject([{ item: { n: 'text' }, attempts: 1 }]),
      );
    });

    it('are redelivered when their worker hangs, but not after it completes them late', async () => {
      const queue = queueOf({ ackWaitMs: SHORT_MS });
      const hanging = gate();
      const attempts: number[] = [];
      await jobs().work(
        queue,
        async ({ attempt }) => {
          attempts.push(attempt);
          if (attempt === 1) await hanging.opened;
        },
        { concurrency: 2 },
      );
      await add(queue);
      await eventually(() => expect(attempts).toEqual([1, 2]));
      hanging.open();
      await eventually(async () => expect(await jobs().depth(queue)).toBe(0));
      expect(attempts).toEqual([1, 2]);
    });

    it('stay with a worker that extends its lease', async () => {
      const queue = queueOf({ ackWaitMs: SHORT_MS });
      const attempts: number[] = [];
      let extended = 0;
      await jobs().work(
        queue,
        async ({ attempt, extend }) => {
          attempts.push(attempt);
          const end = performance.now() + 3 * SHORT_MS;
          while (performance.now() < end) {
            await extend();
            extended++;
            await new Promise((resolve) => setTimeout(resolve, SHORT_MS / 6)); // simulates work
          }
        },
        { concurrency: 2 },
      );
      await add(queue);
      await eventually(async () => expect(await jobs().depth(queue)).toBe(0));
      expect(attempts).toEqual([1]);
      expect(extended).toBeGreaterThan(3);
    });

    it('are buried after maxDeliveries if every worker is lost (F24)', async () => {
      const queue = queueOf({ ackWaitMs: SHORT_MS, maxDeliveries: 2 });
      const never = gate();
      let deliveries = 0;
      const other = await open();
      await Promise.all(
        [jobs(), other].map((each) =>
          each.work(
            queue,
            async () => {
              deliveries++;
              await never.opened;
            },
            { concurrency: 2 },
          ),
        ),
      );
      await add(queue);
      await eventually(async () =>
        expect(await jobs().deadLetters(queue)).toEqual([
          { item: { n: 1 }, reason: expect.stringContaining('workers were lost'), attempts: expect.any(Number) },
        ]),
      );
      expect(deliveries).toBe(2);
      expect(await jobs().depth(queue)).toBe(0);
      never.open();
      await other.close();
    });

    it('cannot be completed twice', async () => {
      const queue = queueOf();
      const { promise, resolve } = Promise.withResolvers<unknown>();
      await jobs().work(
        queue,
        async ({ acknowledge, retry }) => {
          await acknowledge();
          resolve(await retry(0).catch((error: unknown) => error));
        },
        { concurrency: 1 },
      );
      await add(queue);
      expect(String(await promise)).toContain('ended twice');
      await eventually(async () => expect(await jobs().depth(queue)).toBe(0));
    });
  });
}
