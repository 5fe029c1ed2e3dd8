import { randomUUID } from 'node:crypto';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { silentLogger } from '#kernel';
import { queueNames } from '#nats';
import { systemClock as clock } from '#runtime/system';
import { eventually } from '#testing';
import { workQueue } from '#work-queue/contract';
import { workQueueContract } from '#work-queue/contract-suite';
import { z } from 'zod';
import { openJetStreamWorkQueue } from './jetstream-work-queue.ts';

const url = process.env['ASTRO_TEST_NATS_URL'];
if (url) {
  const withManager = async (action: (manager: Awaited<ReturnType<typeof jetstreamManager>>) => Promise<unknown>) => {
    const nats = await connect({ servers: url });
    await action(await jetstreamManager(nats));
    await nats.close();
  };
  const open = () => openJetStreamWorkQueue({ url, log: silentLogger, clock });

  workQueueContract('jetstream', open, (subject) =>
    withManager((manager) => manager.streams.purge(queueNames({ subject }).stream)),
  );

  describe("jetstream's streams", () => {
    const queueOf = () =>
      workQueue({
        subject: `contract.v1.work.${randomUUID()}`,
        item: z.object({ n: z.number() }),
        ackWaitMs: 10_000,
        maxDeliveries: 3,
      });

    it('are created at start, with the current settings of the queue', async () => {
      const queue = queueOf();
      for (const ackWaitMs of [10_000, 20_000])
        await (
          await openJetStreamWorkQueue({ url, log: silentLogger, clock, queues: [{ ...queue, ackWaitMs }] })
        ).close();
      await withManager(async (manager) => {
        const { stream, worker } = queueNames(queue);
        expect((await manager.consumers.info(stream, worker)).config.ack_wait).toBe(20_000_000_000);
      });
    });

    it('are recreated for waiting workers if removed; pending work is enqueued again (F23)', async () => {
      const queue = queueOf();
      const jobs = await open();
      const seen: number[] = [];
      await jobs.work(queue, async ({ item }) => void seen.push(item.n), { concurrency: 1 });
      await withManager((manager) => manager.streams.delete(queueNames(queue).stream));
      await jobs.enqueue(queue, { n: 1 }, { deduplicationKey: 'owed' });
      await eventually(() => expect(seen).toEqual([1]));
      await jobs.close();
    });
  });
} else describe.skip('work queue on jetstream: ASTRO_TEST_NATS_URL is not set', () => it('was not tested', () => {}));
