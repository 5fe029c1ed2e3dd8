import type { Clock, Timer } from '#kernel';

/** Interval, in milliseconds, to poll for appends of other processes. */
const POLL_MS = 4;

/** Wakes subscriptions: immediately for appends of this process, by polling for those of others. */
export interface Changes {
  /** Reports an append of this process. */
  notify(): void;
  /** Resolves at the next change, on abort, and on close. */
  next(signal: AbortSignal): Promise<void>;
  close(): void;
}

/**
 * Watches for changes.
 *
 * @param dataVersion returns a number that changes with each commit of another connection
 */
export function watchChanges(clock: Clock, dataVersion: () => number): Changes {
  const waiting = new Set<() => void>();
  let timer: Timer | undefined;
  let seen = -1;
  let closed = false;

  const notify = () => {
    for (const wake of [...waiting]) wake();
  };
  const poll = () => {
    timer = undefined;
    if (waiting.size === 0) return; // without listeners, polling stops until the next one
    timer = clock.timer(POLL_MS, poll);
    let version: number;
    try {
      version = dataVersion();
    } catch {
      return notify(); // the woken reader meets the error where it can be reported
    }
    if (version === seen) return;
    seen = version;
    notify();
  };

  return {
    notify,
    next(signal) {
      if (closed || signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const wake = () => {
          waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        waiting.add(wake);
        signal.addEventListener('abort', wake, { once: true });
        timer ??= clock.timer(POLL_MS, poll);
      });
    },
    close() {
      closed = true;
      timer?.cancel();
      notify();
    },
  };
}
