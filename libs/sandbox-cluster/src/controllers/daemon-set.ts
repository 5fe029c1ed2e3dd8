import type { Cluster, Controller, Requeue } from '../controller.ts';
import type { KubeObject } from '../store.ts';
import {
  isDeleting,
  keyOf,
  listAt,
  namespaceOf,
  numberAt,
  objectAt,
  objectsAt,
  ownedBy,
  textAt,
  textsAt,
} from './fields.ts';
import { templateHash } from './hash.ts';
import { ownerKey } from './job.ts';
import { CONTROLLERS } from './managers.ts';
import { mayRunOn, nodesOf } from './nodes.ts';
import { hasEnded, isReady, podFrom, untilAvailable } from './pod-state.ts';

const SETS = 'daemonsets.apps';
const COMPONENT = 'daemonset-controller';
const HASH = 'controller-revision-hash';

/** Keeps one pod of each DaemonSet on every node that its node selector matches. */
export function daemonSetController(): Controller {
  return {
    name: 'daemonset',
    watches: [
      { resource: SETS },
      { resource: 'pods', keys: ownerKey('DaemonSet', SETS) },
      {
        resource: 'nodes',
        keys: ({ type }, store) => (type === 'MODIFIED' ? [] : store.list(SETS).map((set) => keyOf(SETS, set))),
      },
    ],
    reconcile(key, cluster) {
      const set = cluster.store.get(key);
      if (!set) return undefined;
      const spec = objectAt(set, 'spec', 'template', 'spec');
      const nodes = nodesOf(cluster)
        .filter((node) => mayRunOn(node, spec))
        .map(({ metadata }) => metadata.name);
      const revision = templateHash(objectAt(set, 'spec', 'template'));
      if (!isDeleting(set)) step(set, { nodes, revision }, cluster);
      return report(cluster.store.get(key) ?? set, { nodes, revision }, cluster);
    },
  };
}

interface Wanted {
  /** Names of the nodes that get a pod each. */
  readonly nodes: readonly string[];
  readonly revision: string;
}

const podsOf = (set: KubeObject, { store }: Cluster): readonly KubeObject[] =>
  store.list('pods', { namespace: namespaceOf(set), ownerUid: set.metadata.uid });

function step(set: KubeObject, { nodes, revision }: Wanted, cluster: Cluster): void {
  const pods = podsOf(set, cluster).filter((pod) => !isDeleting(pod));
  const rolls = textAt(set, 'spec', 'updateStrategy', 'type') !== 'OnDelete';
  const surplus = pods.filter(
    (pod, position) =>
      !nodes.includes(targetOf(pod)) ||
      pods.findIndex((other) => targetOf(other) === targetOf(pod)) < position ||
      hasEnded(pod) ||
      (rolls && pod.metadata.labels?.[HASH] !== revision),
  );
  for (const pod of surplus) {
    cluster.delete(keyOf('pods', pod), { uid: pod.metadata.uid });
    cluster.recordEvent(set, {
      type: 'Normal',
      reason: 'SuccessfulDelete',
      message: `Deleted pod: ${pod.metadata.name}`,
      component: COMPONENT,
    });
  }
  const served = new Set(podsOf(set, cluster).map(targetOf));
  for (const node of nodes.filter((name) => !served.has(name))) addPod(set, node, revision, cluster);
}

/** Returns the node that a pod is assigned to, or that its affinity requires. */
const targetOf = (pod: KubeObject): string =>
  textAt(pod, 'spec', 'nodeName') ??
  listAt(
    objectsAt(
      objectsAt(
        pod,
        'spec',
        'affinity',
        'nodeAffinity',
        'requiredDuringSchedulingIgnoredDuringExecution',
        'nodeSelectorTerms',
      )[0] ?? {},
      'matchFields',
    )[0] ?? {},
    'values',
  ).map(String)[0] ??
  '';

function addPod(set: KubeObject, node: string, revision: string, cluster: Cluster): void {
  const template = objectAt(set, 'spec', 'template');
  const metadata = {
    labels: {
      ...textsAt(template, 'metadata', 'labels'),
      [HASH]: revision,
      'pod-template-generation': String(set.metadata.generation ?? 1),
    },
    ownerReferences: [ownedBy(set)],
  };
  const nodeAffinity = {
    ...objectAt(template, 'spec', 'affinity', 'nodeAffinity'),
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }],
    },
  };
  const spec = { affinity: { ...objectAt(template, 'spec', 'affinity'), nodeAffinity } };
  const made = cluster.create(podFrom(template, set, { metadata, spec }), CONTROLLERS);
  if (made.ok)
    cluster.recordEvent(set, {
      type: 'Normal',
      reason: 'SuccessfulCreate',
      message: `Created pod: ${made.value.metadata.name}`,
      component: COMPONENT,
    });
  else
    cluster.recordEvent(set, {
      type: 'Warning',
      reason: 'FailedCreate',
      message: `Error creating: ${made.error.message ?? ''}`,
      component: COMPONENT,
    });
}

function report(set: KubeObject, { nodes, revision }: Wanted, cluster: Cluster): Requeue | undefined {
  const pods = podsOf(set, cluster).filter((pod) => !isDeleting(pod));
  const desired = nodes.length;
  const waits = pods.map((pod) =>
    untilAvailable(pod, numberAt(set, 'spec', 'minReadySeconds') ?? 0, cluster.clock.now()),
  );
  const available = waits.filter((wait) => wait === 0).length;
  const updated = pods.filter((pod) => pod.metadata.labels?.[HASH] === revision).length;
  const status = {
    currentNumberScheduled: pods.length,
    desiredNumberScheduled: desired,
    numberMisscheduled: 0,
    numberReady: pods.filter(isReady).length,
    ...(set.metadata.generation !== undefined && { observedGeneration: set.metadata.generation }),
    ...(updated > 0 && { updatedNumberScheduled: updated }),
    ...(available > 0 && { numberAvailable: available }),
    ...(available < desired && { numberUnavailable: desired - available }),
  };
  cluster.updateStatus({ ...set, status }, CONTROLLERS);
  const next = Math.min(...waits.map((wait) => (wait !== undefined && wait > 0 ? wait : Infinity)));
  return Number.isFinite(next) ? { afterMs: next } : undefined;
}
