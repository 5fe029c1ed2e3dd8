/** Pseudo-random numbers, which are the same for the same seed. */
export interface Dice {
  /** Returns an integer from 0 up to, but not including, `limit`. */
  below(limit: number): number;
  /** Returns true in one of `of` cases. */
  oneIn(of: number): boolean;
  pick<T>(values: readonly T[]): T;
}

/** Seed of a test run: `ASTRO_TEST_SEED`, which a failed run prints, or a new number. */
export const seedOfRun = (): number => Number(process.env['ASTRO_TEST_SEED'] ?? Date.now() % 1_000_000);

/** Mulberry32: 32 bits of state, sufficient for test data. */
export function diceOf(seed: number): Dice {
  let state = seed >>> 0;
  const draw = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (limit: number): number => Math.floor(draw() * limit);
  return {
    below,
    oneIn: (of) => below(of) === 0,
    pick<T>(values: readonly T[]): T {
      const value = values[below(values.length)];
      if (value === undefined) throw new RangeError('nothing to pick from');
      return value;
    },
  };
}
