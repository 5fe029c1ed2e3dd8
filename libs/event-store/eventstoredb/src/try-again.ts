import { pause, type Clock } from '#kernel';
import { Failure } from './failures.ts';

/** Milliseconds before each retry. The caller of the port retries too. */
const PAUSES_MS = [25, 100, 400] as const;

/**
 * Retries an operation a few times after temporary failures.
 *
 * @param retryWindowMs milliseconds after which it is not retried
 * @param attempt receives the number of previous attempts
 * @throws the last Failure
 */
export async function tryAgain<T>(
  clock: Clock,
  retryWindowMs: number,
  attempt: (triesBefore: number) => Promise<T>,
): Promise<T> {
  const started = clock.monotonic();
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt(tries);
    } catch (error) {
      const pauseMs = PAUSES_MS[tries];
      const isOver = pauseMs === undefined || clock.monotonic() - started > retryWindowMs;
      if (isOver || !(error instanceof Failure) || !error.isPassing) throw error;
      await pause(clock, pauseMs);
    }
  }
}
