import type { CLUSTER_STATES } from '#deployments/contract';
import type { Verdict } from '../cluster/failure.ts';

/** What is told about a cluster. */
export interface ClusterReport {
  readonly state: Extract<(typeof CLUSTER_STATES)[number], 'READY' | 'LIMITED' | 'UNREACHABLE' | 'UNAUTHORIZED'>;
  readonly reason: string | null;
  readonly version: string | null;
  readonly nodes: number | null;
}

/** Of a cluster that answered. */
export function reachedState(
  facts: { readonly version: string; readonly nodes: number | null },
  missing: readonly string[],
): ClusterReport {
  if (missing.length === 0) return { state: 'READY', reason: null, ...facts };
  const more = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
  return { state: 'LIMITED', reason: `cannot ${missing.slice(0, 3).join(', ')}${more}`, ...facts };
}

/** Of a cluster that did not. */
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
