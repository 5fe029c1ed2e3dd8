/** Source of time. Injected, so that tests move it by hand. */
export interface Clock {
  /** Wall clock, milliseconds since 1970-01-01T00:00:00Z. May jump; for what people read and for expiries. */
  now(): number;
  /** Milliseconds since an arbitrary start; never goes back. For durations, leases in memory, deadlines. */
  monotonic(): number;
  /** Calls `fire` once, at least `ms` milliseconds from now. Does not keep the process alive. */
  timer(ms: number, fire: () => void): Timer;
}

export interface Timer {
  /** The call does not happen any more, if it has not happened yet. */
  cancel(): void;
}

/** Resolves after `ms` milliseconds of `clock`, or at once when `signal` aborts. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = () => {
      timer.cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.timer(ms, end);
    signal?.addEventListener('abort', end, { once: true });
  });
}

/** A signal that aborts after `ms` milliseconds of `clock`, with a `TimeoutError` as its reason, as `AbortSignal.timeout` does. */
export function abortAfter(clock: Clock, ms: number): AbortSignal {
  const controller = new AbortController();
  clock.timer(ms, () => controller.abort(new DOMException(`nothing within ${ms} ms`, 'TimeoutError')));
  return controller.signal;
}
