import type { Clock } from '#kernel';

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
  const failures = new Map<string, { count: number; readonly endsAtMs: number }>();
  const current = (key: string) => {
    const found = failures.get(key);
    if (found && clock.monotonic() >= found.endsAtMs) failures.delete(key);
    return failures.get(key);
  };
  return {
    blockedForMs(key) {
      const found = current(key);
      return found && found.count >= limit ? found.endsAtMs - clock.monotonic() : 0;
    },
    failed(key) {
      const found = current(key);
      if (found) found.count++;
      else {
        // The oldest windows give way: they end first.
        if (failures.size >= KEYS_AT_MOST)
          for (const oldest of [...failures.keys()].slice(0, KEYS_AT_MOST / 10)) failures.delete(oldest);
        failures.set(key, { count: 1, endsAtMs: clock.monotonic() + windowMs });
      }
    },
    succeeded: (key) => void failures.delete(key),
  };
}
