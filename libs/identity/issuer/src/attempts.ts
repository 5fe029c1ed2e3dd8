import type { Clock } from '#kernel';
import { LRUCache } from 'lru-cache';

/**
 * Counts attempts by key within a window, in memory. Keys are removed after their window. An attempt counts from its
 * start, so that simultaneous attempts have the same limit as consecutive ones.
 */
export interface Attempts {
  /**
   * Counts an attempt.
   *
   * @returns 0, or the milliseconds until an attempt is allowed; then this one is not counted
   */
  start(key: string): number;
  /** Removes an attempt that did not fail from the count. */
  undo(key: string): void;
  /** Resets the key after a successful attempt. */
  succeeded(key: string): void;
}

/** A counter and the key of an attempt. */
export interface Counted {
  readonly attempts: Attempts;
  readonly key: string;
}

/**
 * Counts an attempt in all counters, or in none if one of them has reached its limit.
 *
 * @returns 0, or the milliseconds until an attempt is allowed
 */
export function startAll(counted: readonly Counted[]): number {
  const started: Counted[] = [];
  for (const one of counted) {
    const blockedMs = one.attempts.start(one.key);
    if (blockedMs === 0) {
      started.push(one);
      continue;
    }
    for (const { attempts, key } of started) attempts.undo(key);
    return blockedMs;
  }
  return 0;
}

const MAX_KEYS = 10_000;

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
    max: MAX_KEYS,
    ttl: windowMs,
    ttlResolution: 0,
    perf: { now: () => clock.monotonic() },
  });
  return {
    start(key) {
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
