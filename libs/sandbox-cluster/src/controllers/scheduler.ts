import type { Cluster, Controller, Requeue } from '../controller.ts';
import type { KubeObject } from '../store.ts';
import { conditionIn, conditionsOf, withCondition } from './conditions.ts';
import { at, isDeleting, listAt, namespaceOf, objectsAt, textAt, textsAt } from './fields.ts';
import { NODE, SCHEDULER } from './managers.ts';
import type { NodeLoads } from './node-load.ts';
import { claimProblem } from './pod-inputs.ts';
import { hasLabels, selects } from './selectors.ts';

const PROFILE = 'default-scheduler';
const WOKEN = 16; // pods that are looked at when a place gets free; each that finds one leaves the queue to the next
const RETRY_MS = 60_000;

/** Puts pods on the sandbox's one node, as far as its capacity goes. */
export function scheduler(loads: NodeLoads): Controller {
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
      return schedule(pod, loads, cluster);
    },
  };
}

/** A heartbeat wakes nobody. */
const differs = (previous: KubeObject | undefined, next: KubeObject): boolean =>
  !previous ||
  previous.metadata.generation !== next.metadata.generation ||
  JSON.stringify(at(previous, 'status', 'allocatable')) !== JSON.stringify(at(next, 'status', 'allocatable'));

function schedule(pod: KubeObject, loads: NodeLoads, cluster: Cluster): Requeue | undefined {
  if ((textAt(pod, 'spec', 'schedulerName') ?? PROFILE) !== PROFILE) return undefined;
  const gates = listAt(pod, 'spec', 'schedulingGates').length;
  if (gates > 0)
    return refuse(pod, 'SchedulingGated', 'Scheduling is blocked due to non-empty scheduling gates', cluster);
  const node = cluster.store.get({ resource: 'nodes', namespace: '', name: NODE });
  if (!node) return refuse(pod, 'Unschedulable', 'no nodes available to schedule pods', cluster);
  const claim = claimProblem(pod, cluster.store);
  if (claim !== undefined) {
    refuse(
      pod,
      'Unschedulable',
      `0/1 nodes are available: ${claim}. not found`.replace('Claims. not found', 'Claims.'),
      cluster,
    );
    return { afterMs: 1_000 };
  }
  const reasons = [...placementProblems(pod, node), ...loads.shortages(node, pod, cluster.store)];
  if (reasons.length > 0) {
    const helpless = reasons.some((reason) => reason.startsWith('node(s)')) || loads.isTooLarge(node, pod);
    const preemption = helpless
      ? 'Preemption is not helpful for scheduling'
      : 'No preemption victims found for incoming pod';
    return refuse(
      pod,
      'Unschedulable',
      `0/1 nodes are available: ${reasons.map((reason) => `1 ${reason}`).join(', ')}. no new claims to deallocate, preemption: 0/1 nodes are available: 1 ${preemption}.`,
      cluster,
    );
  }
  const labels = { ...pod.metadata.labels, ...placeOf(node) };
  const done = cluster.update(
    {
      ...pod,
      metadata: { ...pod.metadata, ...(Object.keys(labels).length > 0 && { labels }) },
      spec: { ...pod.spec, nodeName: NODE },
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
    message: `Successfully assigned ${namespaceOf(pod)}/${pod.metadata.name} to ${NODE}`,
    component: PROFILE,
    action: 'Binding',
  });
  return undefined;
}

/** The node's place in the world, which pods carry from their binding on. */
const placeOf = ({ metadata }: KubeObject): { readonly [key: string]: string } =>
  Object.fromEntries(
    ['topology.kubernetes.io/region', 'topology.kubernetes.io/zone'].flatMap((key) =>
      metadata.labels?.[key] === undefined ? [] : [[key, metadata.labels[key]]],
    ),
  );

function placementProblems(pod: KubeObject, node: KubeObject): readonly string[] {
  const labels = node.metadata.labels ?? {};
  const terms = objectsAt(
    pod,
    'spec',
    'affinity',
    'nodeAffinity',
    'requiredDuringSchedulingIgnoredDuringExecution',
    'nodeSelectorTerms',
  );
  const fits =
    hasLabels(labels, textsAt(pod, 'spec', 'nodeSelector')) &&
    (terms.length === 0 || terms.some((term) => selects(term, labels)));
  return [
    ...(at(node, 'spec', 'unschedulable') === true ? ['node(s) were unschedulable'] : []),
    ...(fits ? [] : ["node(s) didn't match Pod's node affinity/selector"]),
  ];
}

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
