import type { Clock } from '#kernel';
import { LRUCache } from 'lru-cache';

/** Counts failures by key within a window, in memory, and forgets keys whose window has passed. */
export interface Attempts {
  /** Milliseconds until the next try is allowed; 0 when it is allowed now. */
  blockedForMs(key: string): number;
  failed(key: string): void;
  succeeded(key: string): void;
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
  const failures = new LRUCache<string, { count: number; readonly endsAtMs: number }>({
    max: KEYS_AT_MOST,
    ttl: windowMs,
    ttlResolution: 0,
    perf: { now: () => clock.monotonic() },
  });
  return {
    blockedForMs(key) {
      const found = failures.get(key);
      return found && found.count >= limit ? found.endsAtMs - clock.monotonic() : 0;
    },
    failed(key) {
      const found = failures.get(key);
      if (found) found.count++;
      else failures.set(key, { count: 1, endsAtMs: clock.monotonic() + windowMs });
    },
    succeeded: (key) => void failures.delete(key),
  };
}
