/** Source of time. Injected, so that tests control it. */
export interface Clock {
  /** Returns the wall-clock time, milliseconds since 1970-01-01T00:00:00Z. May jump; for display and expiries. */
  now(): number;
  /** Returns milliseconds since an arbitrary start. Never decreases; for durations, deadlines, and leases in memory. */
  monotonic(): number;
  /** Calls `fire` once, at least `ms` milliseconds from now. Does not keep the process alive. */
  timer(ms: number, fire: () => void): Timer;
}

/** A scheduled call. */
export interface Timer {
  /** Cancels the call, unless it has happened already. */
  cancel(): void;
}

/** Resolves after `ms` milliseconds of `clock`, or immediately when `signal` aborts. */
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

/**
 * Returns a signal that aborts after `ms` milliseconds of `clock` with a `TimeoutError`, like `AbortSignal.timeout`.
 */
export function abortAfter(clock: Clock, ms: number): AbortSignal {
  const controller = new AbortController();
  clock.timer(ms, () => controller.abort(new DOMException(`nothing within ${ms} ms`, 'TimeoutError')));
  return controller.signal;
}

/**
 * Returns the result of `work`, or of `onTimeout` if `work` takes longer than `ms` milliseconds of `clock`. A later result
 * or error of `work` is ignored.
 *
 * @throws the error of `work`, or of `onTimeout`
 */
export async function withTimeout<T, L>(
  clock: Pick<Clock, 'timer'>,
  ms: number,
  work: Promise<T>,
  onTimeout: () => L,
): Promise<T | L> {
  let timer: Timer | undefined;
  const late = new Promise<void>((resolve) => {
    timer = clock.timer(ms, resolve);
  }).then(onTimeout);
  try {
    return await Promise.race([work, late]);
  } finally {
    timer?.cancel();
  }
}
