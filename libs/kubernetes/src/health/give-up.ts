import type { FailureCode } from './health.types.ts';

/** When an attempt gives up on a failure: at once, when its own count is reached, or after milliseconds of seeing it. */
export type GiveUp =
  | { readonly when: 'at-once' }
  | { readonly when: 'counted' }
  | { readonly when: 'deadline' }
  | { readonly when: 'after'; readonly ms: number };

const after = (seconds: number): GiveUp => ({ when: 'after', ms: seconds * 1_000 });

/** Tries to pull an image before an attempt gives up on it, where the node shows its tries. */
const PULL_TRIES = 3;
/** Ends of one container that count as a crash loop: what it needs may not have been up at first. */
export const CRASHES = 3;

/** The one table of what is waited for, and for how long; docs/user-guide.md shows it to people. */
export const GIVE_UP: Readonly<Record<FailureCode, GiveUp>> = {
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

/** How long a failure that is seen now is still waited for: `for up to 60 s`; '' where it is not. */
export function waitText(code: FailureCode): string {
  const rule = GIVE_UP[code];
  if (rule.when === 'after') return `for up to ${rule.ms / 1_000} s`;
  return rule.when === 'counted' ? `up to ${CRASHES} restarts` : '';
}

/** Follows one application's failures over time and says when an attempt gives up on them. Times are monotonic milliseconds. */
export class Patience {
  private failed: { readonly code: FailureCode; readonly sinceMs: number; seenMs: number } | undefined;
  private readonly pulls = new Map<string, { reason: string; tries: number }>();

  /**
   * @param options.failFast no failure is waited for
   * @param options.scale the times of the table are multiplied by it; tests shorten them
   */
  constructor(private readonly options: { readonly failFast: boolean; readonly scale: number }) {}

  /** What the containers of the present revision wait for now, by pod and container: for counting tries of pulls. */
  seePulls(waiting: ReadonlyMap<string, string>): void {
    for (const [container, reason] of waiting) {
      const known = this.pulls.get(container);
      if (known?.reason === reason) continue;
      const tries = (known?.tries ?? 0) + (reason === 'ErrImagePull' || known === undefined ? 1 : 0);
      this.pulls.set(container, { reason, tries });
    }
  }

  /** Whether to give up now, and what was waited: `3 tries, 60 s`. */
  givesUp(code: FailureCode | undefined, nowMs: number): { readonly waited: string } | undefined {
    if (code === undefined) {
      if (this.failed && nowMs - this.failed.seenMs > FORGOTTEN_MS) this.failed = undefined;
      return undefined;
    }
    if (this.failed?.code !== code) this.failed = { code, sinceMs: nowMs, seenMs: nowMs };
    this.failed.seenMs = nowMs;
    if (this.options.failFast) return { waited: '' };
    const rule = GIVE_UP[code];
    if (rule.when === 'at-once') return { waited: '' };
    if (rule.when !== 'after') return undefined;
    const forMs = nowMs - this.failed.sinceMs;
    if (forMs < rule.ms * this.options.scale) return undefined;
    const seconds = `${Math.round(forMs / 1_000)} s`;
    const isPull = code === 'deployments/image-not-found' || code === 'deployments/image-pull-denied';
    const tries = Math.max(0, ...[...this.pulls.values()].map((pull) => pull.tries));
    if (!isPull || tries < 2) return { waited: seconds };
    // The node shows its tries: a slow registry gets all of them, within three times the time.
    if (tries < PULL_TRIES && forMs < rule.ms * this.options.scale * PULL_TRIES) return undefined;
    return { waited: `${tries} tries, ${seconds}` };
  }
}

/** A failure that is not seen for so long has passed; shorter gaps are between two tries. */
const FORGOTTEN_MS = 10_000;
