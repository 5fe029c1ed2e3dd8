import type { Clock, Timer } from '#kernel';
import { Failure } from './failures.ts';

/**
 * The outcome of `work`, if it comes within `ms` milliseconds. The client's own deadlines do not hold on the paths that
 * are used here.
 * @throws Failure `late`; what `work` does later is dropped
 */
export async function inTime<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T> {
  let timer: Timer | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = clock.timer(ms, () => reject(new Failure('late', `no answer within ${ms} ms`)));
  });
  work.catch(() => {}); // nobody may listen any more when it fails
  try {
    return await Promise.race([work, late]);
  } finally {
    timer?.cancel();
  }
}
