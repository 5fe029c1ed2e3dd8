import { randomBytes, randomUUID } from 'node:crypto';
import type { EventStore } from '#event-store';
import { silentLogger, type Clock, type Ids } from '#kernel';
import type { ReadStore } from '#read-store';

/** The real clock, for specs that wait for real timers. */
export const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer(ms, fire) {
    const timeout = setTimeout(fire, ms);
    return { cancel: () => clearTimeout(timeout) };
  },
};

/** A clock that runs `speed` times as fast, so that leases and time-outs do not hold a spec up. */
export function quickClock(speed: number): Clock {
  const startMs = Date.now();
  const start = performance.now();
  return {
    now: () => Math.round(startMs + (performance.now() - start) * speed),
    monotonic: () => performance.now() * speed,
    timer: (ms, fire) => clock.timer(ms / speed, fire),
  };
}
export const ids: Ids = { uuid: () => randomUUID(), random: (bytes) => new Uint8Array(randomBytes(bytes)) };
export const log = silentLogger;

/** Both stores of a spec, which several "processes" in it may share. */
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
