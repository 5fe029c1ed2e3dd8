import type { BusObserver } from '#bus';
import type { EventStore } from '#event-store';
import type { ProjectionControl, ProjectionStatus } from '#event-sourcing';
import type { Clock } from '#kernel';
import type { Metrics } from '#metrics';
import type { WorkQueue } from '#work-queue';
import type { WorkQueueContract } from '#work-queue/contract';
import { Counter, Gauge, Histogram } from 'prom-client';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** How long the result of a read is used, so that one read serves all gauges of a scrape. */
const CACHE_MS = 1_000;

/** Wraps an event store to count appends by outcome, and measure their duration. */
export function meteredEventStore(store: EventStore, metrics: Metrics, clock: Clock): EventStore {
  const duration = new Histogram({
    name: 'astro_event_store_append_duration_seconds',
    help: 'Duration of appends, by outcome: appended, conflict, refused (too large), or failed',
    labelNames: ['outcome'],
    buckets: SECONDS,
    registers: [metrics],
  });
  const events = new Counter({
    name: 'astro_event_store_events_appended_total',
    help: 'Events appended',
    registers: [metrics],
  });
  return {
    storeId: store.storeId,
    hasConsecutivePositions: store.hasConsecutivePositions,
    appendsInOrder: store.appendsInOrder,
    async append(stream, sealed, expectedRevision) {
      const started = clock.monotonic();
      let outcome = 'failed';
      try {
        const result = await store.append(stream, sealed, expectedRevision);
        if (result.ok) events.inc(sealed.length);
        outcome = result.ok
          ? 'appended'
          : result.error.code === 'event-store/revision-conflict'
            ? 'conflict'
            : 'refused';
        return result;
      } finally {
        duration.observe({ outcome }, (clock.monotonic() - started) / 1_000);
      }
    },
    read: (stream, options) => store.read(stream, options),
    readAll: (options) => store.readAll(options),
    head: () => store.head(),
    subscribe: (options) => store.subscribe(options),
    close: () => store.close(),
  };
}

/** Wraps a queue to report the depth of each queue that this process uses. It is read when metrics are scraped. */
export function meteredQueue(queue: WorkQueue, metrics: Metrics): WorkQueue {
  const used = new Map<string, WorkQueueContract>();
  new Gauge({
    name: 'astro_work_queue_depth',
    help: 'Items in the queue that are not finished, including those that workers process',
    labelNames: ['queue'],
    registers: [metrics],
    async collect() {
      for (const [subject, contract] of used) {
        const depth = await queue.depth(contract).catch(() => Number.NaN); // unknown while the queue is unavailable
        this.set({ queue: subject }, depth);
      }
    },
  });
  return {
    enqueue(contract, item, options) {
      used.set(contract.subject, contract);
      return queue.enqueue(contract, item, options);
    },
    work(contract, handle, options) {
      used.set(contract.subject, contract);
      return queue.work(contract, handle, options);
    },
    deadLetters: (contract) => queue.deadLetters(contract),
    depth: (contract) => queue.depth(contract),
    ping: () => queue.ping(),
    close: () => queue.close(),
  };
}

/** Counts and measures the requests that a process sends over the bus. */
export function busMetrics(metrics: Metrics): BusObserver {
  const duration = new Histogram({
    name: 'astro_bus_request_duration_seconds',
    help: 'Duration of requests over the bus, by subject',
    labelNames: ['subject'],
    buckets: SECONDS,
    registers: [metrics],
  });
  const errors = new Counter({
    name: 'astro_bus_errors_total',
    help: 'Requests and streams over the bus that ended with an error, by code',
    labelNames: ['code'],
    registers: [metrics],
  });
  return {
    requestEnded(subject, milliseconds, code) {
      duration.observe({ subject }, milliseconds / 1_000);
      if (code !== undefined) errors.inc({ code });
    },
    streamFailed: (_subject, code) => errors.inc({ code }),
  };
}

/** Reports how far each projection of this process is behind the log. It is read when metrics are scraped. */
export function watchProjections(control: Pick<ProjectionControl, 'status'>, metrics: Metrics, clock: Clock): void {
  let looked: Promise<readonly ProjectionStatus[]> | undefined;
  let loadedAt = 0;
  const status = (): Promise<readonly ProjectionStatus[]> => {
    if (!looked || clock.monotonic() - loadedAt > CACHE_MS) {
      loadedAt = clock.monotonic();
      looked = control.status().catch(() => []); // while the stores do not respond, nothing is reported
    }
    return looked;
  };
  const gauge = (name: string, help: string, valueOf: (projection: ProjectionStatus) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['projection'],
      registers: [metrics],
      async collect() {
        const all = await status();
        this.reset();
        for (const projection of all) this.set({ projection: projection.name }, valueOf(projection));
      },
    });
  gauge('astro_projection_lag_events', 'Events that a projection has not read yet', ({ lagEvents }) => lagEvents);
  gauge(
    'astro_projection_lag_seconds',
    'Age of the oldest event that a projection has not read yet; 0 if it is up to date',
    ({ lagSeconds }) => lagSeconds,
  );
  gauge(
    'astro_projection_parked_documents',
    'Documents of a projection that are not updated because an event could not be applied',
    ({ parked }) => parked.length,
  );
}
