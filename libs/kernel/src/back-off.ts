import type { Ids } from './ids.ts';

/** How long to wait before something that failed is tried again. */
export interface BackOff {
  /** Milliseconds after the first failure; doubled after each further one. */
  readonly firstMs: number;
  readonly mostMs: number;
  /**
   * Part of a wait that chance decides, so that those who failed together do not come back together: 0.5 gives three
   * quarters of the wait to five quarters. 0 when left out.
   */
  readonly spread?: number;
}

/**
 * Milliseconds to wait before the next try. The waiting is the caller's.
 * @param failures how many there were in a row, this one included: 1 or more
 * @param chance from 0 to 1, of {@link chance}; 0.5, the middle, when left out
 */
export function backOffMs({ firstMs, mostMs, spread = 0 }: BackOff, failures: number, chance = 0.5): number {
  return Math.min(mostMs, firstMs * 2 ** (failures - 1)) * (1 + spread * (chance - 0.5));
}

/** A number from 0 to 1, both included. */
export function chance(ids: Ids): number {
  const [high = 0, low = 0] = ids.random(2);
  return (high * 256 + low) / 0xffff;
}
