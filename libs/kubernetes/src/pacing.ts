import { backOffMs, chance, pause, type Clock, type Ids } from '#kernel';
import { KubernetesApiError, KubernetesUnreachableError } from './client.ts';
import { isTransient } from './status.ts';
import { TransportError } from './transport.ts';

/**
 * Rate limiter that admits `ratePerSecond` calls on average, with bursts of `burst`. Waiting callers are served in
 * order.
 */
export function tokenBucket(clock: Clock, ratePerSecond: number, burst: number) {
  let tokens = burst;
  let filledAt = clock.monotonic();
  let queue: Promise<void> = Promise.resolve();
  const refill = () => {
    const now = clock.monotonic();
    tokens = Math.min(burst, tokens + ((now - filledAt) / 1000) * ratePerSecond);
    filledAt = now;
  };
  return {
    /** Resolves when the caller may proceed, or when `signal` aborts. */
    take(signal?: AbortSignal): Promise<void> {
      refill();
      const turn = queue.then(async () => {
        for (refill(); tokens < 1 && !signal?.aborted; refill())
          await pause(clock, Math.ceil(((1 - tokens) / ratePerSecond) * 1000), signal);
        if (!signal?.aborted) tokens -= 1;
      });
      queue = turn;
      return turn;
    },
  };
}

export interface RetryRules {
  readonly clock: Clock;
  readonly ids: Ids;
  /** Monotonic time after which no attempt starts. */
  readonly deadlineAt: number;
  /** Whether a repetition is safe. */
  readonly idempotent: boolean;
  readonly signal?: AbortSignal;
}

const BACK_OFF = { firstMs: 100, mostMs: 10_000, spread: 0.5 };
const MAX_ATTEMPTS = 6;

/** Retries transient failures with exponential back-off and jitter, or after the time that the server specifies. */
export async function withRetries<T>(rules: RetryRules, attempt: (remainingMs: number) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    const remainingMs = rules.deadlineAt - rules.clock.monotonic();
    if (remainingMs <= 0)
      throw new KubernetesUnreachableError('timeout', 'The deadline passed before the call was made.', false);
    try {
      return await attempt(remainingMs);
    } catch (error) {
      const waitMs = waitAfter(error, tries, rules);
      if (waitMs === undefined || tries >= MAX_ATTEMPTS || rules.clock.monotonic() + waitMs >= rules.deadlineAt)
        throw error;
      if (waitMs > 0) await pause(rules.clock, waitMs, rules.signal);
      if (rules.signal?.aborted) throw error;
    }
  }
}

/** Returns the milliseconds before the next attempt; undefined if there is none. */
function waitAfter(error: unknown, tries: number, { idempotent, ids }: RetryRules): number | undefined {
  const waitMs = backOffMs(BACK_OFF, tries, chance(ids));
  if (error instanceof TransportError) {
    if (error.why !== 'connection' && error.why !== 'refused' && error.why !== 'name') return undefined;
    if (error.why !== 'connection') return waitMs; // nothing was sent
    if (!idempotent && error.uncertain) return undefined;
    return error.stale && tries === 1 ? 0 : waitMs;
  }
  if (error instanceof KubernetesApiError && isTransient(error) && (idempotent || error.status === 429)) {
    return error.retryAfterSeconds === undefined ? waitMs : Math.max(waitMs, error.retryAfterSeconds * 1000);
  }
  return undefined;
}
