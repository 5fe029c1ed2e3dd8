import { canonicalJson } from '#kernel';
import {
  at,
  keyOf,
  keyText,
  list,
  nameOf,
  number,
  record,
  text,
  type KubernetesObject,
  type ObjectKey,
} from '../objects.ts';
import type { KindHealth } from './health-rules.ts';
import { HEALTH_STATES, type ApplicationHealth, type Health, type ObjectHealth } from './health.types.ts';
import { conditionOf } from './conditions.ts';
import { healthOf } from './object-health.ts';
import { podFailure, type PodFailure } from './pod-failure.ts';

export interface LiveState {
  /** Objects that the application should have on its cluster. */
  readonly entries: readonly ObjectKey[];
  /** Returns the live object of an entry; undefined if it does not exist. */
  readonly find: (key: ObjectKey) => KubernetesObject | undefined;
  /** Returns whether objects of the kind are cached. Others count as existing and healthy once they are applied. */
  readonly isWatched: (key: ObjectKey) => boolean;
  /** Returns whether a Job was observed to complete, so that it counts as done after its deletion. By default, none. */
  readonly isDone?: (key: ObjectKey) => boolean;
  readonly pods: readonly KubernetesObject[];
  readonly replicaSets: readonly KubernetesObject[];
  /** Whether pods must complete, as hooks do. By default, a pod that is ready is healthy. */
  readonly toCompletion?: boolean;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** Rules of the cluster for kinds of its own. */
  readonly kinds?: readonly KindHealth[] | undefined;
}

const WORKLOADS = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController']);

/**
 * Returns the worst health of all objects. Only pods of the current revision can worsen the health of their workload.
 */
export function applicationHealth(state: LiveState): ApplicationHealth {
  const replicas = { wanted: 0, ready: 0 };
  const objects = state.entries.map((key): ObjectHealth => {
    if (!state.isWatched(key)) return { key, state: 'Healthy', message: '' };
    const live = state.find(key);
    if (!live)
      return state.isDone?.(key) === true
        ? { key, state: 'Healthy', message: '' }
        : { key, state: 'Missing', message: 'is missing' };
    if (WORKLOADS.has(key.kind)) {
      const wanted = number(at(live, 'spec', 'replicas')) ?? number(at(live, 'status', 'desiredNumberScheduled')) ?? 1;
      replicas.wanted += wanted;
      replicas.ready += Math.min(
        wanted,
        number(at(live, 'status', 'readyReplicas')) ?? number(at(live, 'status', 'numberReady')) ?? 0,
      ); // during a rollout, more than desired may be ready
    }
    if (
      state.toCompletion === true &&
      key.kind === 'Pod' &&
      at(live, 'status', 'phase') === 'Running' &&
      !podFailure(live)
    )
      return { key, state: 'Progressing', message: 'is running' };
    return {
      key,
      ...withPods(live, ofPresentRevision(live, ownHealth(live, state), state.replicaSets), state),
    };
  });
  const worst = objects.toSorted((a, b) => rank(a) - rank(b))[0];
  if (!worst || worst.state === 'Healthy') return { state: 'Healthy', message: '', objects, replicas };
  const words = worst.isNamed ? worst.message : `${nameOf(shortKey(worst.key))} ${worst.message}`.trim();
  return {
    state: worst.state,
    message: words,
    objects,
    replicas,
    ...(worst.code !== undefined && { code: worst.code }),
    ...(worst.fix !== undefined && { fix: worst.fix }),
    ...(worst.final === true && { final: true }),
  };
}

/** Milliseconds for which a claim that no pod uses may be unbound. With WaitForFirstConsumer, it stays so. */
const CLAIM_WITHIN_MS = 60_000;

/** Returns the health of an object by itself, where it depends on pods only by whether they use it. */
function ownHealth(live: KubernetesObject, { nowMs, kinds, pods }: LiveState): Health {
  const health = healthOf(live, { nowMs, kinds });
  const isUnbound = live.kind === 'PersistentVolumeClaim' && health.state === 'Progressing';
  const ageMs = nowMs - Date.parse(live.metadata.creationTimestamp ?? '');
  return isUnbound && ageMs > CLAIM_WITHIN_MS && !pods.some((pod) => usesClaim(pod, live))
    ? { state: 'Healthy', message: 'no pod uses it yet' }
    : health;
}

const usesClaim = (pod: KubernetesObject, { metadata }: KubernetesObject): boolean =>
  pod.metadata.namespace === metadata.namespace &&
  list(at(pod, 'spec', 'volumes')).some((volume) => at(volume, 'persistentVolumeClaim', 'claimName') === metadata.name);

/** Kinds whose failure may only say that their workload is gone, such as "found no controllers for pod". */
const FOLLOWERS = new Set(['PodDisruptionBudget', 'HorizontalPodAutoscaler']);
const AFTER_MISSING = HEALTH_STATES.indexOf('Missing') * 2 + 1;

function rank({ key, state, final }: ObjectHealth): number {
  if (state === 'Degraded' && FOLLOWERS.has(key.kind)) return AFTER_MISSING;
  return HEALTH_STATES.indexOf(state) * 2 - (final ? 1 : 0);
}
const shortKey = ({ group, kind, name }: ObjectKey): ObjectKey => ({ group, kind: kind.toLowerCase(), name });

/**
 * Ignores failures of earlier revisions, which a Deployment reports for a moment after a change: only the ReplicaSet of
 * the current template counts. An exceeded quota is never final, because old pods may end.
 */
function ofPresentRevision(live: KubernetesObject, health: Health, replicaSets: readonly KubernetesObject[]): Health {
  if (live.kind !== 'Deployment' || health.state !== 'Degraded') return health;
  const owned = replicaSets.filter((set) => ownedBy(set, live));
  if (owned.length === 0) return health;
  const present = presentReplicaSet(live, owned);
  const isStuck = health.code === 'deployments/rollout-stuck';
  const named = isStuck ? /^ReplicaSet "([^"]+)"/.exec(health.message)?.[1] : undefined;
  const isOfPresent =
    present !== undefined &&
    (isStuck
      ? named === undefined || named === present.metadata.name
      : conditionOf(present, 'ReplicaFailure')?.status === 'True');
  if (!isOfPresent) return { state: 'Progressing', message: 'the new revision has not been observed yet' };
  return isStuck || health.code === 'deployments/pod-security' ? { ...health, final: true } : health;
}

/**
 * Replaces the health of a workload that is not ready with the failure of a pod of its current revision, if there is
 * one.
 */
function withPods(live: KubernetesObject, health: Health, state: LiveState): Health {
  if (
    health.state === 'Healthy' ||
    health.state === 'Suspended' ||
    health.final === true ||
    !(WORKLOADS.has(live.kind) || live.kind === 'Job')
  )
    return health;
  // A failed pod is replaced by its controller, and a Job reports itself when it has exceeded its back-off limit.
  const pods = podsOf(live, state).filter((pod) => at(pod, 'status', 'phase') !== 'Failed');
  const blocked = live.kind === 'StatefulSet' ? blockedBy(live, state.pods) : undefined;
  if (blocked) return blocked;
  const failure = worstFailure(pods, live.kind === 'Job' ? RETRIED_BY_JOBS : NONE);
  return failure
    ? {
        state: 'Degraded',
        message: failure.message,
        isNamed: true,
        code: failure.code,
        ...(failure.final && { final: true }),
      }
    : health;
}

/**
 * Finds a pod that blocks a StatefulSet. With ordered updates, a StatefulSet waits until each pod is ready, even one of
 * an earlier revision that never will be. The controller does not replace such a pod; a user must delete it
 * (kubernetes/kubernetes#67250).
 */
function blockedBy(statefulSet: KubernetesObject, pods: readonly KubernetesObject[]): Health | undefined {
  if (at(statefulSet, 'spec', 'podManagementPolicy') === 'Parallel') return undefined;
  const revision = text(at(statefulSet, 'status', 'updateRevision'));
  const observed = number(at(statefulSet, 'status', 'observedGeneration'));
  if (revision === undefined || (observed ?? 0) < (statefulSet.metadata.generation ?? 0)) return undefined;
  for (const pod of pods) {
    if (!ownedBy(pod, statefulSet) || pod.metadata.labels?.['controller-revision-hash'] === revision) continue;
    const failure = podFailure(pod);
    if (!failure) continue;
    const namespace = pod.metadata.namespace === undefined ? '' : ` -n ${pod.metadata.namespace}`;
    return {
      state: 'Degraded',
      isNamed: true,
      code: 'deployments/update-blocked',
      message: `${failure.message}, and keeps the new revision from being rolled out until it is deleted`,
      fix: `kubectl delete pod ${pod.metadata.name}${namespace}`,
    };
  }
  return undefined;
}

const NONE: ReadonlySet<PodFailure['code']> = new Set();
const RETRIED_BY_JOBS: ReadonlySet<PodFailure['code']> = new Set([
  'deployments/container-crashed',
  'deployments/out-of-memory',
]);

function worstFailure(
  pods: readonly KubernetesObject[],
  excluded: ReadonlySet<PodFailure['code']>,
): PodFailure | undefined {
  const failures = pods.flatMap((pod) => podFailure(pod) ?? []).filter(({ code }) => !excluded.has(code));
  return failures.find(({ final }) => final) ?? failures[0];
}

const ownedBy = (object: KubernetesObject, owner: KubernetesObject): boolean =>
  list(object.metadata['ownerReferences']).some((reference) => at(reference, 'uid') === owner.metadata.uid);

/**
 * Finds the ReplicaSet of a Deployment's current template as its controller does. Revision numbers are not sufficient:
 * if replicas and template change together, the controller reports the generation as observed before it creates the
 * ReplicaSet.
 */
function presentReplicaSet(
  deployment: KubernetesObject,
  owned: readonly KubernetesObject[],
): KubernetesObject | undefined {
  const template = templateText(deployment);
  return owned.find((set) => templateText(set) === template);
}

function templateText(object: KubernetesObject): string {
  const { 'pod-template-hash': _, ...labels } = record(at(object, 'spec', 'template', 'metadata', 'labels'));
  return canonicalJson({
    labels,
    annotations: record(at(object, 'spec', 'template', 'metadata', 'annotations')),
    spec: record(at(object, 'spec', 'template', 'spec')),
  });
}

/** Returns the pods of a workload's current revision; none until the controller has observed it. */
export function podsOf(
  workload: KubernetesObject,
  { pods, replicaSets }: Pick<LiveState, 'pods' | 'replicaSets'>,
): readonly KubernetesObject[] {
  const observed = number(at(workload, 'status', 'observedGeneration'));
  if (observed !== undefined && observed < (workload.metadata.generation ?? 0)) return [];
  if (workload.kind === 'Deployment') {
    const present = presentReplicaSet(
      workload,
      replicaSets.filter((set) => ownedBy(set, workload)),
    );
    return present ? pods.filter((pod) => ownedBy(pod, present)) : [];
  }
  if (workload.kind === 'DaemonSet') {
    const generation = workload.metadata.annotations?.['deprecated.daemonset.template.generation'];
    return pods.filter(
      (pod) =>
        ownedBy(pod, workload) &&
        (generation === undefined || pod.metadata.labels?.['pod-template-generation'] === generation),
    );
  }
  const revision = text(at(workload, 'status', 'updateRevision'));
  return pods.filter(
    (pod) =>
      ownedBy(pod, workload) &&
      (revision === undefined ||
        pod.metadata.labels?.['controller-revision-hash'] === revision ||
        workload.kind === 'Job'),
  );
}

/** Returns a lookup of live objects by key. */
export const finder = (objects: readonly KubernetesObject[]): LiveState['find'] => {
  const known = new Map(objects.map((object) => [keyText(keyOf(object)), object]));
  return (key) => known.get(keyText(key));
};
