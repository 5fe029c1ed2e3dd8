import type { ApplicationStatusView } from '#deployments/contract';
import type { KubernetesObject } from '#kubernetes';
import { at, count, list, record, text } from './json.ts';

export type PodRow = ApplicationStatusView['pods'][number];

/** Kinds whose objects make pods that their own selector finds. */
export const WORKLOADS: Readonly<Record<string, true>> = {
  Deployment: true,
  StatefulSet: true,
  DaemonSet: true,
  ReplicaSet: true,
  Job: true,
  ReplicationController: true,
};

/** A label selector as the API's query wants it; undefined when the workload selects nothing (which would select all). */
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

/** Wanted and ready pods of one workload; undefined for kinds that are not counted (jobs end). */
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

/** `3/3` over all workloads; null when there is none that is counted. */
export function replicasText(workloads: readonly KubernetesObject[]): string | null {
  const counted = workloads.flatMap((workload) => replicasOf(workload) ?? []);
  if (counted.length === 0) return null;
  return `${counted.reduce((sum, { ready }) => sum + ready, 0)}/${counted.reduce((sum, { wanted }) => sum + wanted, 0)}`;
}

/** One row of the pods table, in the words of `kubectl get pods`. */
export function podRow(pod: KubernetesObject): PodRow {
  const statuses = list(at(pod, 'status', 'containerStatuses')).map(record);
  return {
    name: pod.metadata.name,
    ready: `${statuses.filter(({ ready }) => ready === true).length}/${list(at(pod, 'spec', 'containers')).length}`,
    state: podState(pod),
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

/** Why a container neither runs nor ended well. */
function stuckReason(status: unknown): string | undefined {
  const waiting = text(at(status, 'state', 'waiting', 'reason'));
  if (waiting !== undefined && waiting !== 'PodInitializing' && waiting !== 'ContainerCreating') return waiting;
  const ended = record(at(status, 'state', 'terminated'));
  if (ended['exitCode'] === undefined || ended['exitCode'] === 0) return undefined;
  return text(ended['reason']) ?? `ExitCode:${String(ended['exitCode'])}`;
}

/** Containers whose logs may be asked for, init containers first (they ran first). */
export function containersOf(pod: KubernetesObject): readonly string[] {
  return ['initContainers', 'containers', 'ephemeralContainers'].flatMap((member) =>
    list(at(pod, 'spec', member)).flatMap((container) => text(at(container, 'name')) ?? []),
  );
}
