import type { Clock } from '#kernel';
import { LRUCache } from 'lru-cache';

/**
 * Counts attempts by key within a window, in memory, and forgets keys whose window has passed. An attempt counts from its
 * beginning, so that many at once get no further than many in a row.
 */
export interface Attempts {
  /** Counts an attempt that begins. @returns 0, or the milliseconds until one is allowed; then it is not counted */
  begin(key: string): number;
  /** The attempt was not a failure: it does not count. */
  undo(key: string): void;
  /** What was begun succeeded: nothing of the key counts any more. */
  succeeded(key: string): void;
}

/** One counter of an attempt. */
export interface Counted {
  readonly attempts: Attempts;
  readonly key: string;
}

/**
 * Counts an attempt in all of these, or in none when one of them allows no more.
 * @returns 0, or the milliseconds until one is allowed
 */
export function beginAll(counted: readonly Counted[]): number {
  const begun: Counted[] = [];
  for (const one of counted) {
    const blockedMs = one.attempts.begin(one.key);
    if (blockedMs === 0) {
      begun.push(one);
      continue;
    }
    for (const { attempts, key } of begun) attempts.undo(key);
    return blockedMs;
  }
  return 0;
}

const KEYS_AT_MOST = 10_000;

export function createAttempts({
  clock,
  limit,
  windowMs,
}: {
  readonly clock: Clock;
  readonly limit: number;
  readonly windowMs: number;
}): Attempts {
  const counts = new LRUCache<string, { count: number; readonly endsAtMs: number }>({
    max: KEYS_AT_MOST,
    ttl: windowMs,
    ttlResolution: 0,
    perf: { now: () => clock.monotonic() },
  });
  return {
    begin(key) {
      const found = counts.get(key);
      const leftMs = found ? found.endsAtMs - clock.monotonic() : 0;
      if (!found || leftMs <= 0) counts.set(key, { count: 1, endsAtMs: clock.monotonic() + windowMs });
      else if (found.count >= limit) return leftMs;
      else found.count++;
      return 0;
    },
    undo(key) {
      const found = counts.get(key);
      if (found && found.count > 0) found.count--;
    },
    succeeded: (key) => void counts.delete(key),
  };
}
