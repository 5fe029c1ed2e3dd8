import type { EventStore } from '#event-store';
import { silentLogger, type Clock } from '#kernel';
import type { ReadStore } from '#read-store';
import { systemClock } from '#runtime/system';

/** Returns a clock that runs `speed` times as fast, so that specs need not wait for leases and timeouts. */
export function quickClock(speed: number): Clock {
  const startMs = Date.now();
  const start = performance.now();
  return {
    now: () => Math.round(startMs + (performance.now() - start) * speed),
    monotonic: () => performance.now() * speed,
    timer: (ms, fire) => systemClock.timer(ms / speed, fire),
  };
}
export const log = silentLogger;

/** Opens both stores of a spec, which several "processes" in it may share. */
export async function both(opening: Promise<EventStore>, alsoOpening: Promise<ReadStore>): Promise<{ readonly eventStore: EventStore; readonly readStore: ReadStore; close(): Promise<void> }> {
  const eventStore = await opening;
  const readStore = await alsoOpening;
  return {
    eventStore,
    readStore,
    async close() {
      await eventStore.close();
      await readStore.close();
    },
  };
}
