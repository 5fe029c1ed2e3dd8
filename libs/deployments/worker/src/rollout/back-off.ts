const FIRST_MS = 1_000;
/** With its jitter below 30 s: a cluster that comes back is used again within that time. */
const LONGEST_MS = 20_000;

/**
 * Milliseconds before try `attempt` + 1: 1, 2, 4, 8, 16, then 20 s, less or more by a fifth.
 * @param attempt 1 after the first failure
 * @param chance from 0 to 1
 */
export const backOffMs = (attempt: number, chance: number): number =>
  Math.round(Math.min(LONGEST_MS, FIRST_MS * 2 ** (Math.min(attempt, 10) - 1)) * (0.8 + 0.4 * chance));
