import { NO_STREAM, sealEvents } from '#event-store';
import { position, silentLogger } from '#kernel';
import { createMetrics } from '#metrics';
import { systemClock, systemIds } from '#runtime/system';
import { manualClock, temporaryFolder } from '#testing';
import { openEmbeddedWorkQueue } from '#work-queue/embedded';
import { workQueue } from '#work-queue/contract';
import { z } from 'zod';
import { busMetrics, meteredEventStore, meteredQueue, watchProjections } from './metered.ts';

const folder = temporaryFolder();
const surroundings = { folder, clock: systemClock, ids: systemIds, log: silentLogger };

const openEventStore = async (options: typeof surroundings) =>
  (await import('#event-store/embedded')).openEmbeddedEventStore(options);

/** Returns the lines of a metric without its help. */
async function linesOf(metrics: ReturnType<typeof createMetrics>, name: string): Promise<readonly string[]> {
  const text = await metrics.getSingleMetricAsString(name);
  return text
    .split('\n')
    .filter((line) => line.startsWith(name) && !line.includes('_bucket') && !line.includes('_sum'));
}

describe('use-L11: metrics', () => {
  it('of the event store count appends by outcome', async () => {
    const metrics = createMetrics();
    const store = meteredEventStore(await openEventStore(surroundings), metrics, systemClock);
    const event = (id: string) => ({
      id,
      type: 'thing.made.v1',
      stream: 'thing-1',
      revision: 0,
      recordedAt: '2026-01-01T00:00:00.000Z',
      actor: 'ada',
      commandId: 'c',
      correlationId: 'c',
      causationId: 'c',
      data: {},
    });
    const append = (id: string) => store.append('thing-1', sealEvents([event(id)], ''), NO_STREAM);
    await append('11111111-1111-4111-8111-111111111111');
    await append('22222222-2222-4222-8222-222222222222');
    await store.close();
    expect(await linesOf(metrics, 'astro_event_store_append_duration_seconds')).toEqual([
      'astro_event_store_append_duration_seconds_count{outcome="appended"} 1',
      'astro_event_store_append_duration_seconds_count{outcome="conflict"} 1',
    ]);
    expect(await linesOf(metrics, 'astro_event_store_events_appended_total')).toEqual([
      'astro_event_store_events_appended_total 1',
    ]);
  });

  it('of the work queue contain its depth', async () => {
    const metrics = createMetrics();
    const queue = meteredQueue(await openEmbeddedWorkQueue({ ...surroundings, alone: true }), metrics);
    const things = workQueue({
      subject: 'fixture.v1.work.things',
      item: z.object({ n: z.number() }),
      ackWaitMs: 30_000,
      maxDeliveries: 3,
    });
    for (const n of [1, 2]) await queue.enqueue(things, { n }, { deduplicationKey: `thing-${n}` });
    expect(await linesOf(metrics, 'astro_work_queue_depth')).toEqual([
      'astro_work_queue_depth{queue="fixture.v1.work.things"} 2',
    ]);
    await queue.close();
    expect(await linesOf(metrics, 'astro_work_queue_depth')).toEqual([
      'astro_work_queue_depth{queue="fixture.v1.work.things"} Nan',
    ]);
  });

  it('of the bus count requests by subject and errors by code', async () => {
    const metrics = createMetrics();
    const observer = busMetrics(metrics);
    observer.requestEnded('things.v1.get', 12, undefined);
    observer.requestEnded('things.v1.get', 12, 'bus/timeout');
    observer.streamFailed('things.v1.watch', 'bus/lost');
    expect(await linesOf(metrics, 'astro_bus_request_duration_seconds')).toEqual([
      'astro_bus_request_duration_seconds_count{subject="things.v1.get"} 2',
    ]);
    expect(await linesOf(metrics, 'astro_bus_errors_total')).toEqual([
      'astro_bus_errors_total{code="bus/timeout"} 1',
      'astro_bus_errors_total{code="bus/lost"} 1',
    ]);
  });

  it('of projections are read once for all gauges, and are absent while the stores do not respond', async () => {
    const metrics = createMetrics();
    const clock = manualClock();
    let looks = 0;
    let isAway = false;
    const status = () => {
      looks += 1;
      if (isAway) return Promise.reject(new Error('away'));
      return Promise.resolve([
        {
          name: 'things.v1',
          position: position('teststore', 1),
          head: position('teststore', 8),
          lagEvents: 7,
          lagSeconds: 2.5,
          parked: [
            {
              documentId: 'web',
              reason: 'r',
              since: '2026-01-01T00:00:00.000Z',
              position: position('teststore', 1),
            },
          ],
          state: 'catching-up' as const,
          halt: undefined,
          leader: undefined,
          rebuild: undefined,
        },
      ]);
    };
    watchProjections({ status }, metrics, clock);
    const text = await metrics.metrics();
    expect(looks).toBe(1);
    expect(text).toContain('astro_projection_lag_events{projection="things.v1"} 7');
    expect(text).toContain('astro_projection_lag_seconds{projection="things.v1"} 2.5');
    expect(text).toContain('astro_projection_parked_documents{projection="things.v1"} 1');
    isAway = true;
    clock.advance(1_001);
    expect(await metrics.metrics()).not.toContain('{projection=');
  });
});
