import type { ApplicationStatusView } from '#deployments/contract';
import type { KubernetesObject } from '#kubernetes';
import { at, count, list, record, text } from './json.ts';

export type PodRow = ApplicationStatusView['pods'][number];

/** Kinds that create pods which their own selector matches. */
export const WORKLOADS: Readonly<Record<string, true>> = {
  Deployment: true,
  StatefulSet: true,
  DaemonSet: true,
  ReplicaSet: true,
  Job: true,
  ReplicationController: true,
};

/** Returns a label selector as a query parameter. Undefined for an empty selector, which would select all pods. */
export function podSelector(workload: KubernetesObject): string | undefined {
  const selector = record(at(workload, 'spec', 'selector'));
  const plain = workload.kind === 'ReplicationController' ? selector : record(selector['matchLabels']);
  const equal = Object.entries(plain).map(([key, value]) => `${key}=${String(value)}`);
  const sets = list(selector['matchExpressions']).flatMap((expression) => {
    const { key, operator, values } = record(expression);
    const among = `(${list(values).map(String).join(',')})`;
    switch (operator) {
      case 'In':
        return [`${String(key)} in ${among}`];
      case 'NotIn':
        return [`${String(key)} notin ${among}`];
      case 'Exists':
        return [String(key)];
      case 'DoesNotExist':
        return [`!${String(key)}`];
      default:
        return [];
    }
  });
  const parts = [...equal, ...sets];
  return parts.length === 0 ? undefined : parts.join(',');
}

/** Returns desired and ready pods of one workload. Undefined for kinds that are not counted, such as jobs. */
function replicasOf(workload: KubernetesObject): { readonly wanted: number; readonly ready: number } | undefined {
  const ready = count(at(workload, 'status', 'readyReplicas'));
  switch (workload.kind) {
    case 'Deployment':
    case 'StatefulSet':
    case 'ReplicaSet':
    case 'ReplicationController': {
      const replicas = at(workload, 'spec', 'replicas');
      return { wanted: typeof replicas === 'number' ? replicas : 1, ready };
    }
    case 'DaemonSet':
      return {
        wanted: count(at(workload, 'status', 'desiredNumberScheduled')),
        ready: count(at(workload, 'status', 'numberReady')),
      };
    default:
      return undefined;
  }
}

/** Returns the sum over all workloads, such as `3/3`. Null if none is counted. */
export function replicasText(workloads: readonly KubernetesObject[]): string | null {
  const counted = workloads.flatMap((workload) => replicasOf(workload) ?? []);
  if (counted.length === 0) return null;
  return `${counted.reduce((sum, { ready }) => sum + ready, 0)}/${counted.reduce((sum, { wanted }) => sum + wanted, 0)}`;
}

/**
 * Returns one row of the pods table, with the status values of `kubectl get pods`.
 *
 * @param isFailing whether the pod cannot become ready without a change (`podFailure`)
 */
export function podRow(pod: KubernetesObject, isFailing: boolean): PodRow {
  const statuses = list(at(pod, 'status', 'containerStatuses')).map(record);
  return {
    name: pod.metadata.name,
    ready: `${statuses.filter(({ ready }) => ready === true).length}/${list(at(pod, 'spec', 'containers')).length}`,
    state: podState(pod),
    ...(isFailing && { failing: true }),
    restarts: statuses.reduce((sum, status) => sum + count(status['restartCount']), 0),
    node: text(at(pod, 'spec', 'nodeName')) ?? null,
    createdAt: pod.metadata.creationTimestamp ?? '',
  };
}

function podState(pod: KubernetesObject): string {
  const phase = text(at(pod, 'status', 'reason')) ?? text(at(pod, 'status', 'phase')) ?? 'Unknown';
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating';
  const init = list(at(pod, 'status', 'initContainerStatuses')).flatMap((status) => stuckReason(status) ?? []);
  if (init[0] !== undefined) return `Init:${init[0]}`;
  const main = list(at(pod, 'status', 'containerStatuses')).flatMap((status) => stuckReason(status) ?? []);
  const waiting = list(at(pod, 'status', 'containerStatuses')).flatMap(
    (status) => text(at(status, 'state', 'waiting', 'reason')) ?? [],
  );
  return main[0] ?? waiting[0] ?? phase;
}

/** Returns why a container is neither running nor completed. */
function stuckReason(status: unknown): string | undefined {
  const waiting = text(at(status, 'state', 'waiting', 'reason'));
  if (waiting !== undefined && waiting !== 'PodInitializing' && waiting !== 'ContainerCreating') return waiting;
  const ended = record(at(status, 'state', 'terminated'));
  if (ended['exitCode'] === undefined || ended['exitCode'] === 0) return undefined;
  return text(ended['reason']) ?? `ExitCode:${String(ended['exitCode'])}`;
}

/** Returns the containers that have logs, init containers first, in the order in which they run. */
export function containersOf(pod: KubernetesObject): readonly string[] {
  return ['initContainers', 'containers', 'ephemeralContainers'].flatMap((member) =>
    list(at(pod, 'spec', member)).flatMap((container) => text(at(container, 'name')) ?? []),
  );
}
