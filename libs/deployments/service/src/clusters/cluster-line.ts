import type { ClusterState } from '#deployments/contract';
import { stateOf, type ClusterEvent } from './cluster.events.ts';

/** One line of `clusters events`. */
export interface ClusterLine {
  /** State of the cluster after the event. */
  readonly state: ClusterState;
  readonly message: string;
}

/**
 * Returns the line of an event, or undefined for one about the access of a member, which not everybody may see who reads
 * the cluster.
 *
 * @param before state of the cluster before the event
 */
export function clusterLine(event: ClusterEvent, before: ClusterState): ClusterLine | undefined {
  switch (event.type) {
    case 'cluster.registered.v1':
    case 'cluster.changed.v1': {
      const { state, reason } = stateOf(event.data);
      const what = event.type === 'cluster.registered.v1' ? 'registered' : 'registered again';
      return { state, message: `${what}: ${reason ?? sizeOf(event.data)}` };
    }
    case 'cluster.state-changed.v1': {
      const { state, reason } = event.data;
      return { state, message: reason ?? sizeOf(event.data) };
    }
    case 'cluster.policy-set.v1':
      return { state: before, message: 'policy changed' };
    case 'cluster.ingress-set.v1':
      return { state: before, message: 'ingress settings changed' };
    case 'cluster.health-set.v1':
      return { state: before, message: 'health of custom kinds changed' };
    case 'cluster.deleted.v1':
      return { state: 'DELETING', message: 'removed' };
    case 'cluster.access-granted.v1':
    case 'cluster.kubeconfig-issued.v1':
    case 'cluster.access-ending.v1':
    case 'cluster.access-end-failed.v1':
    case 'cluster.access-ended.v1':
      return undefined;
  }
}

function sizeOf({ version, nodes }: { readonly version: string | null; readonly nodes: number | null }): string {
  const parts = [
    ...(version === null ? [] : [`Kubernetes ${version}`]),
    ...(nodes === null ? [] : [`${nodes} ${nodes === 1 ? 'node' : 'nodes'}`]),
  ];
  return parts.length === 0 ? 'reachable' : parts.join(', ');
}
