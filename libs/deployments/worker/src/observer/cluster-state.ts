import type { CLUSTER_STATES } from '#deployments/contract';
import type { Verdict } from '../cluster/failure.ts';

/** Report on a cluster. */
export interface ClusterReport {
  readonly state: Extract<(typeof CLUSTER_STATES)[number], 'READY' | 'LIMITED' | 'UNREACHABLE' | 'UNAUTHORIZED'>;
  readonly reason: string | null;
  readonly version: string | null;
  readonly nodes: number | null;
}

/** Returns the report on a cluster that responded. */
export function reachedState(
  facts: { readonly version: string; readonly nodes: number | null },
  missing: readonly string[],
): ClusterReport {
  if (missing.length === 0) return { state: 'READY', reason: null, ...facts };
  const more = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
  return { state: 'LIMITED', reason: `cannot ${missing.slice(0, 3).join(', ')}${more}`, ...facts };
}

/** Returns the report on a cluster that did not respond. */
export function failedState(verdict: Verdict): ClusterReport {
  if (verdict.retry) return { state: 'UNREACHABLE', reason: verdict.cause, version: null, nodes: null };
  const state =
    verdict.failure.code === 'deployments/cluster-unauthorized'
      ? 'UNAUTHORIZED'
      : verdict.failure.code === 'deployments/forbidden-on-cluster'
        ? 'LIMITED'
        : 'UNREACHABLE';
  return { state, reason: verdict.failure.message, version: null, nodes: null };
}
