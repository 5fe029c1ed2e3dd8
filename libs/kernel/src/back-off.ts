import type { Ids } from './ids.ts';

/** Delays between retries of a failed operation. */
export interface BackOff {
  /** Milliseconds after the first failure. The delay doubles after each further failure. */
  readonly firstMs: number;
  readonly mostMs: number;
  /**
   * Random part of a delay, so that clients that failed together do not retry together: 0.5 varies the delay from 0.75
   * to 1.25 times its value. Default: 0.
   */
  readonly spread?: number;
}

/**
 * Returns the milliseconds to wait before the next attempt.
 *
 * @param failures number of failures in a row, including this one: 1 or more
 * @param chance random number from 0 to 1, as from {@link chance}. Default: 0.5, no variation.
 */
export function backOffMs({ firstMs, mostMs, spread = 0 }: BackOff, failures: number, chance = 0.5): number {
  return Math.min(mostMs, firstMs * 2 ** (failures - 1)) * (1 + spread * (chance - 0.5));
}

/** Returns a random number from 0 to 1, both included. */
export function chance(ids: Ids): number {
  const [high = 0, low = 0] = ids.random(2);
  return (high * 256 + low) / 0xffff;
}
