import { randomBytes, randomUUID } from 'node:crypto';
import type { Clock, Ids } from '#kernel';

/** The machine's time, for tests in which engines poll and wait by themselves. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer(ms, fire) {
    const timeout = setTimeout(fire, ms);
    return { cancel: () => clearTimeout(timeout) };
  },
};

export const realIds: Ids = { uuid: () => randomUUID(), random: (bytes) => new Uint8Array(randomBytes(bytes)) };
