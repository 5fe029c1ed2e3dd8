import type { Change, KubeObject, ObjectKey, StoreReader } from '../store.ts';
import type { Cluster, Controller, Requeue } from '../controller.ts';
import { conditionsOf, withNewestCondition } from './conditions.ts';
import {
  annotation,
  counted,
  DESIRED,
  isRecreate,
  limits,
  proportion,
  roomForNew,
  total,
  wanted,
} from './deployment-math.ts';
import {
  claimSets,
  createNewSet,
  findNewSet,
  progressReason,
  refreshNewSet,
  setSize,
  trimHistory,
} from './deployment-sets.ts';
import { isComplete, writeCounts, writeProgress } from './deployment-status.ts';
import { at, byAge, controllerOf, isDeleting, keyOf, namespaceOf, numberAt, objectAt, textsAt } from './fields.ts';
import { selectorIndex } from './follow.ts';
import { CONTROLLERS } from './managers.ts';
import { hasEnded } from './pod-state.ts';
import { selects } from './selectors.ts';

const DEPLOYMENTS = 'deployments.apps';
const SETS = 'replicasets.apps';

/** Rolls a Deployment out as Kubernetes' own controller does, with the same messages. */
export function deploymentController(): Controller {
  const index = selectorIndex(DEPLOYMENTS, (deployment) => textsAt(deployment, 'spec', 'selector', 'matchLabels'));
  return {
    name: 'deployment',
    watches: [
      { resource: DEPLOYMENTS },
      { resource: SETS, keys: (change, store) => deploymentsOf(change, store) },
      { resource: 'pods', keys: recreatedBy },
    ],
    reconcile(key, cluster) {
      const deployment = cluster.store.get(key);
      return deployment && reconcile(deployment, cluster);
    },
  };

  function deploymentsOf({ object }: Change, store: StoreReader): readonly ObjectKey[] {
    const owner = controllerOf(object);
    if (owner)
      return owner.kind === 'Deployment'
        ? [{ resource: DEPLOYMENTS, namespace: namespaceOf(object), name: owner.name }]
        : [];
    const labels = object.metadata.labels ?? {};
    return index
      .candidates(store, namespaceOf(object), labels)
      .filter((deployment) => selects(objectAt(deployment, 'spec', 'selector'), labels))
      .map((deployment) => keyOf(DEPLOYMENTS, deployment));
  }
}

/** Returns the Deployment of a deleted pod: Recreate waits until the last old pod is deleted. */
function recreatedBy({ type, object }: Change, store: StoreReader): readonly ObjectKey[] {
  if (type !== 'DELETED') return [];
  const set = controllerOf(object);
  const owner =
    set?.kind === 'ReplicaSet'
      ? store.get({ resource: SETS, namespace: namespaceOf(object), name: set.name })
      : undefined;
  const deployment = owner && controllerOf(owner);
  return deployment?.kind === 'Deployment'
    ? [{ resource: DEPLOYMENTS, namespace: namespaceOf(object), name: deployment.name }]
    : [];
}

function reconcile(stored: KubeObject, cluster: Cluster): Requeue | undefined {
  const sets = claimSets(stored, cluster);
  const found = findNewSet(stored, sets);
  if (isDeleting(stored)) {
    writeCounts(stored, sets, found, cluster);
    return undefined;
  }
  const deployment = notePause(stored, cluster);
  const old = sets.filter((set) => set !== found);
  if (at(deployment, 'spec', 'paused') === true || wasScaled(deployment, sets))
    return synchronize(deployment, found, old, cluster);
  return isRecreate(deployment) ? recreate(deployment, found, old, cluster) : roll(deployment, found, old, cluster);
}

/** Sets the Progressing condition when a Deployment is paused or resumed, because a paused rollout has no deadline. */
function notePause(deployment: KubeObject, cluster: Cluster): KubeObject {
  if (numberAt(deployment, 'spec', 'progressDeadlineSeconds') === undefined) return deployment;
  const reason = progressReason(deployment);
  const paused = at(deployment, 'spec', 'paused') === true;
  if (reason === 'ProgressDeadlineExceeded' || paused === (reason === 'DeploymentPaused')) return deployment;
  const now = cluster.timestamp();
  const conditions = withNewestCondition(
    conditionsOf(deployment.status),
    {
      type: 'Progressing',
      status: 'Unknown',
      ...(paused
        ? { reason: 'DeploymentPaused', message: 'Deployment is paused' }
        : { reason: 'DeploymentResumed', message: 'Deployment is resumed' }),
    },
    now,
  );
  const done = cluster.updateStatus({ ...deployment, status: { ...deployment.status, conditions } }, CONTROLLERS);
  return done.ok ? done.value : deployment;
}

const active = (sets: readonly KubeObject[]): readonly KubeObject[] => sets.filter((set) => wanted(set) > 0);

const wasScaled = (deployment: KubeObject, sets: readonly KubeObject[]): boolean =>
  active(sets).some(
    (set) => annotation(set, DESIRED) !== undefined && annotation(set, DESIRED) !== String(wanted(deployment)),
  );

/** Handles a Deployment that was scaled or is paused: sizes change, templates do not. */
function synchronize(
  stored: KubeObject,
  found: KubeObject | undefined,
  old: readonly KubeObject[],
  cluster: Cluster,
): Requeue | undefined {
  const { deployment, newSet } = found
    ? refreshNewSet(stored, found, old, cluster)
    : { deployment: stored, newSet: undefined };
  spread(deployment, newSet, old, cluster);
  if (at(deployment, 'spec', 'paused') === true) trimHistory(deployment, old, cluster);
  const again = fresh([...old, ...(newSet ? [newSet] : [])], cluster);
  writeCounts(deployment, again, newSet && again.find(({ metadata }) => metadata.uid === newSet.metadata.uid), cluster);
  return undefined;
}

/** Distributes a Deployment's size over its ReplicaSets in proportion to their sizes. */
function spread(
  deployment: KubeObject,
  newSet: KubeObject | undefined,
  old: readonly KubeObject[],
  cluster: Cluster,
): void {
  const replicas = wanted(deployment);
  const all = [...old, ...(newSet ? [newSet] : [])];
  const running = active(all);
  const only =
    running.length === 1 ? running[0] : running.length === 0 ? (newSet ?? [...old].sort(byAge).at(-1)) : undefined;
  if (only) {
    if (wanted(only) !== replicas) setSize(only, deployment, replicas, cluster);
    return;
  }
  if (
    newSet &&
    wanted(newSet) === replicas &&
    annotation(newSet, DESIRED) === String(replicas) &&
    counted(newSet, 'availableReplicas') === replicas
  ) {
    for (const set of active(old)) setSize(set, deployment, 0, cluster);
    return;
  }
  if (isRecreate(deployment)) return;
  const allowed = replicas > 0 ? replicas + limits(deployment).surge : 0;
  const toAdd = allowed - total(running, wanted);
  const newestFirst = [...running].sort(
    (left, right) => wanted(right) - wanted(left) || (toAdd > 0 ? -byAge(left, right) : byAge(left, right)),
  );
  let added = 0;
  const sizes = newestFirst.map((set) => {
    const share = proportion(set, deployment, toAdd, added);
    added += share;
    return wanted(set) + share;
  });
  newestFirst.forEach((set, position) =>
    setSize(set, deployment, Math.max(0, (sizes[position] ?? 0) + (position === 0 ? toAdd - added : 0)), cluster),
  );
}

function roll(
  stored: KubeObject,
  found: KubeObject | undefined,
  old: readonly KubeObject[],
  cluster: Cluster,
): Requeue | undefined {
  const { deployment, newSet } = found
    ? refreshNewSet(stored, found, old, cluster)
    : createNewSet(stored, old, cluster);
  if (!newSet) return { afterMs: 1_000 };
  const all = [...old, newSet];
  const size = wanted(newSet) > wanted(deployment) ? wanted(deployment) : roomForNew(deployment, all, wanted(newSet));
  if (size !== wanted(newSet)) setSize(newSet, deployment, size, cluster);
  else shrinkOld(deployment, newSet, old, cluster);
  return finish(deployment, newSet, old, cluster);
}

/** Scales old ReplicaSets down: unhealthy pods first, then as many as availability allows. */
function shrinkOld(deployment: KubeObject, newSet: KubeObject, old: readonly KubeObject[], cluster: Cluster): void {
  const pods = total(old, wanted);
  if (pods === 0) return;
  const least = wanted(deployment) - limits(deployment).unavailable;
  const newUnavailable = wanted(newSet) - counted(newSet, 'availableReplicas');
  let unhealthy = pods + wanted(newSet) - least - newUnavailable;
  if (unhealthy <= 0) return;
  const current = [...old].sort(byAge).map((set) => {
    const surplus = Math.min(unhealthy, wanted(set) - counted(set, 'availableReplicas'));
    if (wanted(set) === 0 || surplus <= 0) return set;
    unhealthy -= surplus;
    return setSize(set, deployment, wanted(set) - surplus, cluster);
  });
  let healthy = total([...current, newSet], (set) => counted(set, 'availableReplicas')) - least;
  for (const set of current) {
    const surplus = Math.min(wanted(set), healthy);
    if (surplus <= 0) continue;
    healthy -= surplus;
    setSize(set, deployment, wanted(set) - surplus, cluster);
  }
}

function recreate(
  stored: KubeObject,
  found: KubeObject | undefined,
  old: readonly KubeObject[],
  cluster: Cluster,
): Requeue | undefined {
  const running = active(old);
  for (const set of running) setSize(set, stored, 0, cluster);
  const waits =
    running.length > 0 ||
    old.some((set) =>
      cluster.store
        .list('pods', { namespace: namespaceOf(set), ownerUid: set.metadata.uid })
        .some((pod) => !hasEnded(pod)),
    );
  if (waits) return finish(stored, found, old, cluster);
  const { deployment, newSet } = found
    ? refreshNewSet(stored, found, old, cluster)
    : createNewSet(stored, old, cluster);
  if (!newSet) return { afterMs: 1_000 };
  if (wanted(newSet) !== wanted(deployment)) setSize(newSet, deployment, wanted(deployment), cluster);
  return finish(deployment, newSet, old, cluster);
}

const fresh = (sets: readonly KubeObject[], { store }: Cluster): readonly KubeObject[] =>
  sets.flatMap((set) => store.get(keyOf(SETS, set)) ?? []);

function finish(
  deployment: KubeObject,
  newSet: KubeObject | undefined,
  old: readonly KubeObject[],
  cluster: Cluster,
): Requeue | undefined {
  if (isComplete(deployment, deployment.status ?? {})) trimHistory(deployment, old, cluster);
  const again = fresh([...old, ...(newSet ? [newSet] : [])], cluster);
  return writeProgress(
    deployment,
    again,
    newSet && again.find(({ metadata }) => metadata.uid === newSet.metadata.uid),
    cluster,
  );
}
