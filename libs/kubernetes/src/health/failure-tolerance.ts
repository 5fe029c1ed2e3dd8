import type { FailureCode } from './health.types.ts';

/**
 * When a failure ends an attempt: immediately, when its own count is reached, at the deadline, or after a time in
 * milliseconds.
 */
export type FailureTolerance =
  | { readonly when: 'at-once' }
  | { readonly when: 'counted' }
  | { readonly when: 'deadline' }
  | { readonly when: 'after'; readonly ms: number };

const after = (seconds: number): FailureTolerance => ({ when: 'after', ms: seconds * 1_000 });

/** Image pulls before an attempt ends, if the node reports its attempts. */
const MAX_PULL_ATTEMPTS = 3;
/** Restarts of a container that count as a crash loop. Fewer may be caused by dependencies that were not ready. */
export const MAX_RESTARTS = 3;

/** How long an attempt tolerates each failure. docs/user-guide.md contains the same table. */
export const FAILURE_TOLERANCES: Readonly<Record<FailureCode, FailureTolerance>> = {
  'deployments/image-not-found': after(60),
  'deployments/image-pull-denied': after(60),
  'deployments/config-missing': after(60),
  'deployments/scale-failed': after(60),
  'deployments/no-capacity': after(180),
  'deployments/volume-not-bound': after(180),
  'deployments/quota-limit': after(180),
  'deployments/update-blocked': after(180),
  'deployments/container-crashed': { when: 'counted' },
  'deployments/out-of-memory': { when: 'counted' },
  'deployments/health-check-failed': { when: 'deadline' },
  'deployments/image-name-invalid': { when: 'at-once' },
  'deployments/runs-as-root': { when: 'at-once' },
  'deployments/pod-security': { when: 'at-once' },
  'deployments/rollout-stuck': { when: 'at-once' },
  'deployments/job-failed': { when: 'at-once' },
};

/** Describes how long a current failure is tolerated: `for up to 60 s`; '' if it is not. */
export function waitText(code: FailureCode): string {
  const rule = FAILURE_TOLERANCES[code];
  if (rule.when === 'after') return `for up to ${rule.ms / 1_000} s`;
  return rule.when === 'counted' ? `up to ${MAX_RESTARTS} restarts` : '';
}

/**
 * Tracks an application's failures over time and decides when they end an attempt. Times are monotonic milliseconds.
 */
export class FailureTracker {
  private failed: { readonly code: FailureCode; readonly sinceMs: number; seenMs: number } | undefined;
  private readonly pulls = new Map<string, { reason: string; tries: number }>();

  /**
   * @param options.failFast ends the attempt at the first failure
   * @param options.scale factor of all times; tests reduce it
   */
  constructor(private readonly options: { readonly failFast: boolean; readonly scale: number }) {}

  /**
   * Records the waiting reason of each container of the current revision, by pod and container, to count image pulls.
   */
  recordPulls(waiting: ReadonlyMap<string, string>): void {
    for (const [container, reason] of waiting) {
      const previous = this.pulls.get(container);
      if (previous?.reason === reason) continue;
      const tries = (previous?.tries ?? 0) + (reason === 'ErrImagePull' || previous === undefined ? 1 : 0);
      this.pulls.set(container, { reason, tries });
    }
  }

  /** Returns whether to end the attempt, and the wait as text: `3 tries, 60 s`. */
  shouldFail(code: FailureCode | undefined, nowMs: number): { readonly waited: string } | undefined {
    if (code === undefined) {
      if (this.failed && nowMs - this.failed.seenMs > RESET_AFTER_MS) this.failed = undefined;
      return undefined;
    }
    if (this.failed?.code !== code) this.failed = { code, sinceMs: nowMs, seenMs: nowMs };
    this.failed.seenMs = nowMs;
    if (this.options.failFast) return { waited: '' };
    const rule = FAILURE_TOLERANCES[code];
    if (rule.when === 'at-once') return { waited: '' };
    if (rule.when !== 'after') return undefined;
    const forMs = nowMs - this.failed.sinceMs;
    if (forMs < rule.ms * this.options.scale) return undefined;
    const seconds = `${Math.round(forMs / 1_000)} s`;
    const isPull = code === 'deployments/image-not-found' || code === 'deployments/image-pull-denied';
    const tries = Math.max(0, ...[...this.pulls.values()].map((pull) => pull.tries));
    if (!isPull || tries < 2) return { waited: seconds };
    // The node reports its attempts: a slow registry gets all of them, for up to three times the usual time.
    if (tries < MAX_PULL_ATTEMPTS && forMs < rule.ms * this.options.scale * MAX_PULL_ATTEMPTS) return undefined;
    return { waited: `${tries} tries, ${seconds}` };
  }
}

/** Milliseconds without the failure after which it has passed. Shorter gaps occur between two retries. */
const RESET_AFTER_MS = 10_000;
