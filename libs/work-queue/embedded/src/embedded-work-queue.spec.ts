import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { silentLogger } from '#kernel';
import { systemClock } from '#runtime/system';
import { eventually, manualClock, sequenceIds, temporaryFolder } from '#testing';
import { workQueue } from '#work-queue/contract';
import { workQueueContract } from '#work-queue/contract-suite';
import { z } from 'zod';
import { openDatabase } from './database.ts';
import { openEmbeddedWorkQueue, workQueueOver } from './embedded-work-queue.ts';

const root = temporaryFolder();
const open = (folder: string, clock = systemClock) =>
  openEmbeddedWorkQueue({ folder: join(root, folder), clock, ids: sequenceIds(), log: silentLogger });

workQueueContract(
  'embedded',
  () => open('contract'),
  async (subject) => {
    const database = new DatabaseSync(join(root, 'contract', 'work-queue.sqlite'), { timeout: 5000 });
    database.prepare('DELETE FROM items WHERE queue = ?').run(subject);
    database.close();
  },
);

describe("the work queue's file", () => {
  const queue = workQueue({
    subject: 'test.v1.work.job',
    item: z.object({ n: z.number() }),
    ackWaitMs: 30_000,
    maxDeliveries: 5,
  });

  it('delivers a new item to an idle worker of the same instance immediately', async () => {
    const jobs = await open('at-once', manualClock()); // its timers never fire by themselves
    const { promise, resolve } = Promise.withResolvers<number>();
    await jobs.work(queue, async ({ item }) => resolve(item.n), { concurrency: 1 });
    await jobs.enqueue(queue, { n: 7 }, { deduplicationKey: 'a' });
    expect(await promise).toBe(7);
    await jobs.close();
  });

  it('delivers items of another instance within 100 ms', async () => {
    const clock = manualClock();
    const [here, there] = [await open('shared', clock), await open('shared', clock)];
    const seen: number[] = [];
    await here.work(queue, async ({ item }) => void seen.push(item.n), { concurrency: 1 });
    await there.enqueue(queue, { n: 1 }, { deduplicationKey: 'a' });
    clock.advance(100);
    await eventually(() => expect(seen).toEqual([1]));
    await Promise.all([here.close(), there.close()]);
  });

  it('doubles the back-off from 1 s to 60 s', async () => {
    const clock = manualClock();
    const jobs = await open('back-off', clock);
    const atMs: number[] = [];
    const withMoreDeliveries = { ...queue, maxDeliveries: 9 };
    const stop = await jobs.work(
      withMoreDeliveries,
      async () => {
        atMs.push(clock.now());
        throw new Error('again');
      },
      { concurrency: 1 },
    );
    await jobs.enqueue(withMoreDeliveries, { n: 1 }, { deduplicationKey: 'a' });
    for (const wait of [0, 1, 2, 4, 8, 16, 32, 60, 60]) {
      clock.advance(wait * 1000 + 50);
      await new Promise((resolve) => setImmediate(resolve)); // for the handler's promises
    }
    expect(atMs.slice(1).map((ms, index) => Math.floor((ms - Number(atMs[index])) / 1000))).toEqual([
      1, 2, 4, 8, 16, 32, 60, 60,
    ]);
    expect(await jobs.deadLetters(withMoreDeliveries)).toMatchObject([{ reason: 'Error: again', attempts: 9 }]);
    await stop();
    await jobs.close();
  });

  it('accepts pending items again after it was deleted (F23)', async () => {
    const before = await open('deleted');
    await before.enqueue(queue, { n: 1 }, { deduplicationKey: 'owed' });
    await before.close();
    rmSync(join(root, 'deleted'), { recursive: true });
    const after = await open('deleted');
    expect(await after.depth(queue)).toBe(0);
    await Promise.all([1, 1].map((n) => after.enqueue(queue, { n }, { deduplicationKey: 'owed' })));
    expect(await after.depth(queue)).toBe(1);
    await after.close();
  });

  it('delivers items of a killed process immediately, if this is the only process of the folder', async () => {
    const killed = await open('killed');
    let taken = 0;
    const hang = () => (taken++, new Promise<void>(() => {}));
    await killed.work(queue, hang, { concurrency: 1 });
    await killed.enqueue(queue, { n: 1 }, { deduplicationKey: 'in-hand' });
    await eventually(() => expect(taken).toBe(1));

    const neighbour = await open('killed');
    const attempts: number[] = [];
    await neighbour.work(queue, async ({ attempt }) => void attempts.push(attempt), { concurrency: 1 });
    expect(attempts).toEqual([]);
    const only = await openEmbeddedWorkQueue({
      folder: join(root, 'killed'),
      clock: systemClock,
      ids: sequenceIds(),
      log: silentLogger,
      alone: true,
    });
    await eventually(() => expect(attempts).toEqual([2]));
    await neighbour.close();
    await only.close();
  });

  it('is refused in one sentence when it is damaged', async () => {
    mkdirSync(join(root, 'damaged'));
    writeFileSync(
      join(root, 'damaged', 'work-queue.sqlite'),
      'this is not a database, and longer than a header '.repeat(100),
    );
    await expect(open('damaged')).rejects.toMatchObject({
      code: 'work-queue/damaged',
      message: expect.stringMatching(/^The work queue \S+ is damaged; .*\.$/),
    });
  });

  it('use-L4: refuses new items while the disk is full, and keeps the existing ones', async () => {
    const file = openDatabase(join(root, 'full'), silentLogger);
    const jobs = workQueueOver(file, { clock: systemClock, log: silentLogger });
    const texts = workQueue({ ...queue, item: z.object({ text: z.string() }) });
    await jobs.enqueue(texts, { text: 'x' }, { deduplicationKey: 'small' });
    const pages = Number(file.database.prepare('PRAGMA page_count').get()?.['page_count']);
    file.database.exec(`PRAGMA max_page_count = ${pages}`);
    await expect(
      jobs.enqueue(texts, { text: 'x'.repeat(50_000) }, { deduplicationKey: 'large' }),
    ).rejects.toMatchObject({ code: 'work-queue/unavailable', error: { code: 'platform/disk-full' } });
    expect(await jobs.depth(texts)).toBe(1);
    await jobs.close();
  });

  it('keeps the latest 200 dead letters', async () => {
    const jobs = await open('letters');
    await Promise.all(Array.from({ length: 205 }, (_, n) => jobs.enqueue(queue, { n }, { deduplicationKey: `k${n}` })));
    await jobs.work(queue, ({ bury }) => bury('no'), { concurrency: 1 });
    await eventually(async () => expect(await jobs.depth(queue)).toBe(0));
    expect((await jobs.deadLetters(queue)).map(({ item }) => item)).toEqual(
      Array.from({ length: 200 }, (_, n) => ({ n: n + 5 })),
    );
    await jobs.close();
  });

  it('rejects calls after it was closed', async () => {
    const jobs = await open('closed');
    await jobs.close();
    await expect(jobs.enqueue(queue, { n: 1 }, { deduplicationKey: 'a' })).rejects.toMatchObject({
      code: 'work-queue/unavailable',
    });
    await expect(jobs.work(queue, async () => {}, { concurrency: 1 })).rejects.toMatchObject({
      code: 'work-queue/unavailable',
    });
  });
});
