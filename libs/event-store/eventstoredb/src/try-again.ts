import { pause, type Clock } from '#kernel';
import { Failure } from './failures.ts';

/** Pauses in milliseconds before the next try; the caller of the port tries again too. */
const PAUSES_MS = [25, 100, 400] as const;

/**
 * Does something again that failed for a reason that passes, a few times.
 * @param patienceMs milliseconds after which it is not tried again
 * @param attempt gets the number of tries before it
 * @throws the last Failure
 */
export async function tryAgain<T>(
  clock: Clock,
  patienceMs: number,
  attempt: (triesBefore: number) => Promise<T>,
): Promise<T> {
  const began = clock.monotonic();
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt(tries);
    } catch (error) {
      const pauseMs = PAUSES_MS[tries];
      const isOver = pauseMs === undefined || clock.monotonic() - began > patienceMs;
      if (isOver || !(error instanceof Failure) || !error.isPassing) throw error;
      await pause(clock, pauseMs);
    }
  }
}
