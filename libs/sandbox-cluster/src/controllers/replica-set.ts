import type { JsonObject } from '#kernel';
import type { Change, KubeObject, ObjectKey, StoreReader } from '../store.ts';
import type { Cluster, Controller, Requeue } from '../controller.ts';
import { conditionIn, conditionsOf, withoutCondition } from './conditions.ts';
import {
  controllerOf,
  isDeleting,
  keyOf,
  namespaceOf,
  numberAt,
  objectAt,
  ownedBy,
  textAt,
  textsAt,
  timeOf,
} from './fields.ts';
import { selectorIndex } from './follow.ts';
import { CONTROLLERS } from './managers.ts';
import { byExpendability, isActive, podFrom, untilAvailable } from './pod-state.ts';
import { hasLabels, selected, selects } from './selectors.ts';

const COMPONENT = 'replicaset-controller';

/**
 * Keeps the desired number of pods of a ReplicaSet, adopts pods that match its selector, and counts them in the status.
 */
export function replicaSetController(): Controller {
  const index = selectorIndex('replicasets.apps', (set) => textsAt(set, 'spec', 'selector', 'matchLabels'));
  return {
    name: 'replicaset',
    watches: [{ resource: 'replicasets.apps' }, { resource: 'pods', keys: (change, store) => setsOf(change, store) }],
    reconcile(key, cluster) {
      const set = cluster.store.get(key);
      return set && reconcile(set, cluster);
    },
  };

  /** Returns the pod's ReplicaSet; for an orphan, those that may adopt it. */
  function setsOf({ object }: Change, store: StoreReader): readonly ObjectKey[] {
    const owner = controllerOf(object);
    if (owner)
      return owner.kind === 'ReplicaSet'
        ? [{ resource: 'replicasets.apps', namespace: namespaceOf(object), name: owner.name }]
        : [];
    const labels = object.metadata.labels ?? {};
    return index
      .candidates(store, namespaceOf(object), labels)
      .filter((set) => selects(objectAt(set, 'spec', 'selector'), labels))
      .map((set) => keyOf('replicasets.apps', set));
  }
}

function reconcile(set: KubeObject, cluster: Cluster): Requeue | undefined {
  const mine = claim(set, cluster);
  const active = mine.filter(isActive);
  const failure = isDeleting(set) ? undefined : scale(set, active, cluster);
  return report(cluster.store.get(keyOf('replicasets.apps', set)) ?? set, cluster, failure);
}

/**
 * Returns the pods of the ReplicaSet. Adopts orphans that match its selector, and releases pods that no longer match.
 */
function claim(set: KubeObject, cluster: Cluster): readonly KubeObject[] {
  const selector = objectAt(set, 'spec', 'selector');
  const owned = cluster.store
    .list('pods', { namespace: namespaceOf(set), ownerUid: set.metadata.uid })
    .filter((pod) => controllerOf(pod)?.uid === set.metadata.uid);
  if (isDeleting(set)) return owned;
  for (const pod of owned.filter(({ metadata }) => !selects(selector, metadata.labels ?? {}))) {
    const references = (pod.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== set.metadata.uid);
    cluster.update({ ...pod, metadata: { ...pod.metadata, ownerReferences: references } }, CONTROLLERS);
  }
  const kept = owned.filter(({ metadata }) => selects(selector, metadata.labels ?? {}));
  if (
    kept.length >= (numberAt(set, 'spec', 'replicas') ?? 1) &&
    kept.length > 0 &&
    !mayHaveOrphans(set, cluster, kept.length)
  )
    return kept;
  const orphans = selected(cluster.store, 'pods', namespaceOf(set), selector).filter(
    (pod) => !controllerOf(pod) && isActive(pod),
  );
  const adopted = orphans.flatMap((pod) => {
    const done = cluster.update(
      {
        ...pod,
        metadata: { ...pod.metadata, ownerReferences: [...(pod.metadata.ownerReferences ?? []), ownedBy(set)] },
      },
      CONTROLLERS,
    );
    return done.ok ? [done.value] : [];
  });
  return [...kept, ...adopted];
}

/** Returns whether the namespace has pods that the ReplicaSet does not own, which may be orphans. */
const mayHaveOrphans = (set: KubeObject, { store }: Cluster, owned: number): boolean =>
  store.count('pods', namespaceOf(set)) > owned;

/**
 * Creates or deletes pods.
 * @returns the reason if a pod could not be created
 */
function scale(set: KubeObject, active: readonly KubeObject[], cluster: Cluster): string | undefined {
  const missing = (numberAt(set, 'spec', 'replicas') ?? 1) - active.length;
  for (let made = 0; made < missing; made += 1) {
    const created = cluster.create(
      podFrom(objectAt(set, 'spec', 'template'), set, { metadata: { ownerReferences: [ownedBy(set)] } }),
      CONTROLLERS,
    );
    if (!created.ok) {
      const message = created.error.message ?? 'unknown error';
      cluster.recordEvent(set, {
        type: 'Warning',
        reason: 'FailedCreate',
        message: `Error creating: ${message}`,
        component: COMPONENT,
      });
      return message;
    }
    cluster.recordEvent(set, {
      type: 'Normal',
      reason: 'SuccessfulCreate',
      message: `Created pod: ${created.value.metadata.name}`,
      component: COMPONENT,
    });
  }
  for (const pod of missing < 0 ? [...active].sort(byExpendability).slice(0, -missing) : []) {
    cluster.delete(keyOf('pods', pod), { propagation: 'Background', uid: pod.metadata.uid });
    cluster.recordEvent(set, {
      type: 'Normal',
      reason: 'SuccessfulDelete',
      message: `Deleted pod: ${pod.metadata.name}`,
      component: COMPONENT,
    });
  }
  return undefined;
}

const RETRY_MS = { least: 1_000, most: 960_000 } as const;

/**
 * Returns the delay before a refused pod is retried. It equals the time since the first refusal, which doubles the
 * back-off each time.
 */
function retryMs(conditions: readonly JsonObject[], nowMs: number): number {
  const since = timeOf(textAt(conditionIn(conditions, 'ReplicaFailure'), 'lastTransitionTime'));
  return Math.min(RETRY_MS.most, Math.max(RETRY_MS.least, nowMs - since));
}

/** Keeps the first message: each refusal names another pod, and a changed status would trigger the next attempt. */
function withFailure(stored: readonly JsonObject[], message: string, now: string): readonly JsonObject[] {
  return conditionIn(stored, 'ReplicaFailure')
    ? stored
    : [...stored, { type: 'ReplicaFailure', status: 'True', lastTransitionTime: now, reason: 'FailedCreate', message }];
}

function report(set: KubeObject, cluster: Cluster, failure: string | undefined): Requeue | undefined {
  const pods = cluster.store
    .list('pods', { namespace: namespaceOf(set), ownerUid: set.metadata.uid })
    .filter((pod) => controllerOf(pod)?.uid === set.metadata.uid);
  const active = pods.filter(isActive);
  const minReadySeconds = numberAt(set, 'spec', 'minReadySeconds') ?? 0;
  const waits = active.map((pod) => untilAvailable(pod, minReadySeconds, cluster.clock.now()));
  const labels = textsAt(set, 'spec', 'template', 'metadata', 'labels');
  const ready = waits.filter((wait) => wait !== undefined).length;
  const available = waits.filter((wait) => wait === 0).length;
  const stored = conditionsOf(set.status);
  const conditions =
    failure === undefined
      ? withoutCondition(stored, 'ReplicaFailure')
      : withFailure(stored, failure, cluster.timestamp());
  const fullyLabeled = active.filter(({ metadata }) => hasLabels(metadata.labels ?? {}, labels)).length;
  const status: JsonObject = {
    replicas: active.length,
    ...(fullyLabeled > 0 && { fullyLabeledReplicas: fullyLabeled }),
    ...(ready > 0 && { readyReplicas: ready }),
    ...(available > 0 && { availableReplicas: available }),
    terminatingReplicas: pods.filter((pod) => isDeleting(pod)).length,
    ...(set.metadata.generation !== undefined && { observedGeneration: set.metadata.generation }),
    ...(conditions.length > 0 && { conditions }),
  };
  cluster.updateStatus({ ...set, status }, CONTROLLERS);
  const next = Math.min(
    ...waits.map((wait) => (wait !== undefined && wait > 0 ? wait : Infinity)),
    failure === undefined ? Infinity : retryMs(conditions, cluster.clock.now()),
  );
  return Number.isFinite(next) ? { afterMs: Math.max(1, next) } : undefined;
}
