import type { Cluster, Controller, Requeue } from '../controller.ts';
import type { KubeObject } from '../store.ts';
import { conditionIn, conditionsOf, withCondition } from './conditions.ts';
import { at, isDeleting, listAt, namespaceOf, objectAt, objectsAt, textAt } from './fields.ts';
import { SCHEDULER } from './managers.ts';
import type { NodeLoads } from './node-load.ts';
import { isOwnNode, isUnschedulable, makeNode, mayRunOn, nextNode, nodesOf } from './nodes.ts';
import { claimProblem } from './pod-inputs.ts';

const PROFILE = 'default-scheduler';
const WOKEN = 16; // pods checked when a pod ends; those that fit leave the queue, so the next check reaches others
const RETRY_MS = 60_000;

/**
 * Assigns pods to the first node with enough resources, and adds a node if there is none.
 * @param mostNodes maximum number of the sandbox's nodes; further pods stay pending
 */
export function scheduler(loads: NodeLoads, mostNodes: number): Controller {
  return {
    name: 'scheduler',
    watches: [
      {
        resource: 'pods',
        keys: ({ type, key, object }, store) =>
          type === 'DELETED' || ['Succeeded', 'Failed'].includes(textAt(object, 'status', 'phase') ?? '')
            ? loads.waiting(store, WOKEN)
            : textAt(object, 'spec', 'nodeName') === undefined
              ? [key]
              : [],
      },
      {
        resource: 'nodes',
        keys: ({ previous, object }, store) => (differs(previous, object) ? loads.waiting(store, 1_000) : []),
      },
    ],
    reconcile(key, cluster) {
      const pod = cluster.store.get(key);
      if (!pod || isDeleting(pod) || textAt(pod, 'spec', 'nodeName') !== undefined) return undefined;
      return schedule(pod, { loads, mostNodes }, cluster);
    },
  };
}

/** Returns whether a node changed in a way that matters for scheduling; heartbeats do not. */
const differs = (previous: KubeObject | undefined, next: KubeObject): boolean =>
  !previous ||
  previous.metadata.generation !== next.metadata.generation ||
  JSON.stringify(at(previous, 'status', 'allocatable')) !== JSON.stringify(at(next, 'status', 'allocatable'));

interface Scheduling {
  readonly loads: NodeLoads;
  readonly mostNodes: number;
}

function schedule(pod: KubeObject, { loads, mostNodes }: Scheduling, cluster: Cluster): Requeue | undefined {
  if ((textAt(pod, 'spec', 'schedulerName') ?? PROFILE) !== PROFILE) return undefined;
  const gates = listAt(pod, 'spec', 'schedulingGates').length;
  if (gates > 0)
    return refuse(pod, 'SchedulingGated', 'Scheduling is blocked due to non-empty scheduling gates', cluster);
  const nodes = nodesOf(cluster);
  if (nodes.length === 0) return refuse(pod, 'Unschedulable', 'no nodes available to schedule pods', cluster);
  const none = `0/${nodes.length} nodes are available`;
  const claim = claimProblem(pod, cluster.store);
  if (claim !== undefined) {
    refuse(pod, 'Unschedulable', `${none}: ${claim}. not found`.replace('Claims. not found', 'Claims.'), cluster);
    return { afterMs: 1_000 };
  }
  const looks = nodes.map((node) => ({
    node,
    misplaced: placementProblems(pod, node),
    short: loads.shortages(node, pod, cluster.store),
    tooLarge: loads.isTooLarge(node, pod),
  }));
  const chosen = looks.find(({ misplaced, short }) => misplaced.length === 0 && short.length === 0);
  if (chosen) return bind(pod, chosen.node, cluster);
  const isFull = looks.some(
    ({ node, misplaced, tooLarge }) => isOwnNode(node.metadata.name) && misplaced.length === 0 && !tooLarge,
  );
  const number = isFull && !isBoundToName(pod) ? nextNode(nodes, mostNodes) : undefined;
  const added = number === undefined ? undefined : makeNode(cluster, number);
  if (added && placementProblems(pod, added).length === 0) return bind(pod, added, cluster);
  const helpless = looks.filter(({ misplaced, tooLarge }) => misplaced.length > 0 || tooLarge).length;
  const preemption = [
    [helpless, 'Preemption is not helpful for scheduling'],
    [looks.length - helpless, 'No preemption victims found for incoming pod'],
  ] as const;
  const reasons = counted(looks.flatMap(({ misplaced, short }) => [...misplaced, ...short]));
  return refuse(
    pod,
    'Unschedulable',
    `${none}: ${reasons.join(', ')}. no new claims to deallocate, preemption: ${none}: ${preemption
      .filter(([count]) => count > 0)
      .map(([count, text]) => `${count} ${text}`)
      .join(', ')}.`,
    cluster,
  );
}

/** Formats reasons with their counts: `2 Insufficient cpu`. */
function counted(reasons: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].map(([reason, count]) => `${count} ${reason}`);
}

/** Returns whether a pod is bound to one node by name, as pods of a DaemonSet are. */
const isBoundToName = (pod: KubeObject): boolean =>
  objectsAt(
    pod,
    'spec',
    'affinity',
    'nodeAffinity',
    'requiredDuringSchedulingIgnoredDuringExecution',
    'nodeSelectorTerms',
  ).some((term) => objectsAt(term, 'matchFields').length > 0);

function bind(pod: KubeObject, node: KubeObject, cluster: Cluster): Requeue | undefined {
  const labels = { ...pod.metadata.labels, ...placeOf(node) };
  const done = cluster.update(
    {
      ...pod,
      metadata: { ...pod.metadata, ...(Object.keys(labels).length > 0 && { labels }) },
      spec: { ...pod.spec, nodeName: node.metadata.name },
    },
    SCHEDULER,
  );
  if (!done.ok) return { afterMs: RETRY_MS };
  cluster.updateStatus(
    {
      ...done.value,
      status: {
        ...done.value.status,
        conditions: withCondition(
          conditionsOf(done.value.status),
          { type: 'PodScheduled', status: 'True' },
          cluster.timestamp(),
        ),
      },
    },
    SCHEDULER,
  );
  cluster.recordEvent(done.value, {
    type: 'Normal',
    reason: 'Scheduled',
    message: `Successfully assigned ${namespaceOf(pod)}/${pod.metadata.name} to ${node.metadata.name}`,
    component: PROFILE,
    action: 'Binding',
  });
  return undefined;
}

/** Returns the topology labels of a node, which a pod gets when it is bound. */
const placeOf = ({ metadata }: KubeObject): { readonly [key: string]: string } =>
  Object.fromEntries(
    ['topology.kubernetes.io/region', 'topology.kubernetes.io/zone'].flatMap((key) =>
      metadata.labels?.[key] === undefined ? [] : [[key, metadata.labels[key]]],
    ),
  );

const placementProblems = (pod: KubeObject, node: KubeObject): readonly string[] => [
  ...(isUnschedulable(node) ? ['node(s) were unschedulable'] : []),
  ...(mayRunOn(node, objectAt(pod, 'spec')) ? [] : ["node(s) didn't match Pod's node affinity/selector"]),
];

function refuse(
  pod: KubeObject,
  reason: 'Unschedulable' | 'SchedulingGated',
  message: string,
  cluster: Cluster,
): Requeue {
  const before = conditionIn(conditionsOf(pod.status), 'PodScheduled');
  if (textAt(before, 'message') !== message) {
    cluster.updateStatus(
      {
        ...pod,
        status: {
          ...pod.status,
          conditions: withCondition(
            conditionsOf(pod.status),
            { type: 'PodScheduled', status: 'False', reason, message },
            cluster.timestamp(),
            reason === 'Unschedulable' ? { observedGeneration: pod.metadata.generation } : {},
          ),
        },
      },
      SCHEDULER,
    );
    if (reason === 'Unschedulable')
      cluster.recordEvent(pod, {
        type: 'Warning',
        reason: 'FailedScheduling',
        message,
        component: PROFILE,
        action: 'Scheduling',
      });
  }
  return { afterMs: RETRY_MS };
}
