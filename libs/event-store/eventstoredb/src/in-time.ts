import { withTimeout, type Clock } from '#kernel';
import { Failure } from './failures.ts';

/**
 * Returns the result of `work` if it completes within `ms` milliseconds. The client's own deadlines do not apply to the
 * functions that are used here.
 *
 * @throws Failure `late`; later results of `work` are ignored
 */
export const inTime = <T>(clock: Clock, ms: number, work: Promise<T>): Promise<T> =>
  withTimeout(clock, ms, work, (): never => {
    throw new Failure('late', `no answer within ${ms} ms`);
  });
