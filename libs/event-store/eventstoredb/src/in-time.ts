import type { Clock, Timer } from '#kernel';
import { Failure } from './failures.ts';

/**
 * Returns the result of `work` if it completes within `ms` milliseconds. The client's own deadlines do not apply to the
 * functions that are used here.
 *
 * @throws Failure `late`; later results of `work` are ignored
 */
export async function inTime<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T> {
  let timer: Timer | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = clock.timer(ms, () => reject(new Failure('late', `no answer within ${ms} ms`)));
  });
  work.catch(() => {}); // it may fail after the timeout
  try {
    return await Promise.race([work, late]);
  } finally {
    timer?.cancel();
  }
}
