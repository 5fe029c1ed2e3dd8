import type { JsonObject } from '#kernel';
import { sameJson } from '#kubernetes/schemas';
import type { Cluster } from '../controller.ts';
import type { KubeObject } from '../store.ts';
import { conditionIn, conditionsOf, withNewestCondition } from './conditions.ts';
import {
  annotation,
  DESIRED,
  HASH_LABEL,
  HISTORY,
  limits,
  MAXIMUM,
  REVISION,
  revisionOf,
  roomForNew,
  wanted,
} from './deployment-math.ts';
import {
  byAge,
  controllerOf,
  keyOf,
  namespaceOf,
  numberAt,
  objectAt,
  ownedBy,
  textAt,
  textsAt,
  without,
} from './fields.ts';
import { templateHash } from './hash.ts';
import { CONTROLLERS } from './managers.ts';
import { selected, selects } from './selectors.ts';

const COMPONENT = 'deployment-controller';
const SETS = 'replicasets.apps';
/** Annotations that are not copied from the Deployment because they belong to the ReplicaSet, or to kubectl. */
const NOT_COPIED = [
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  HISTORY,
  DESIRED,
  MAXIMUM,
  'deprecated.deployment.rollback.to',
];

/** Returns the Deployment's ReplicaSets, oldest first. Adopts orphaned ReplicaSets that match its selector. */
export function claimSets(deployment: KubeObject, cluster: Cluster): readonly KubeObject[] {
  const selector = objectAt(deployment, 'spec', 'selector');
  const namespace = namespaceOf(deployment);
  const owned = cluster.store
    .list(SETS, { namespace, ownerUid: deployment.metadata.uid })
    .filter((set) => controllerOf(set)?.uid === deployment.metadata.uid);
  if (deployment.metadata.deletionTimestamp !== undefined) return [...owned].sort(byAge);
  const orphans =
    cluster.store.count(SETS, namespace) > owned.length
      ? selected(cluster.store, SETS, namespace, selector).filter(
          (set) => !controllerOf(set) && set.metadata.deletionTimestamp === undefined,
        )
      : [];
  const adopted = orphans.flatMap((set) => {
    const done = cluster.update(
      {
        ...set,
        metadata: { ...set.metadata, ownerReferences: [...(set.metadata.ownerReferences ?? []), ownedBy(deployment)] },
      },
      CONTROLLERS,
    );
    return done.ok ? [done.value] : [];
  });
  return [...owned.filter(({ metadata }) => selects(selector, metadata.labels ?? {})), ...adopted].sort(byAge);
}

/** Returns a pod template without the controller's own label. Equal templates share a ReplicaSet. */
function templateOf(object: KubeObject): JsonObject {
  const template = objectAt(object, 'spec', 'template');
  const metadata = objectAt(template, 'metadata');
  return { ...template, metadata: { ...metadata, labels: without(textsAt(metadata, 'labels'), HASH_LABEL) } };
}

export function findNewSet(deployment: KubeObject, sets: readonly KubeObject[]): KubeObject | undefined {
  const template = templateOf(deployment);
  return sets.find((set) => sameJson(templateOf(set), template));
}

const copied = (deployment: KubeObject): { readonly [key: string]: string } =>
  Object.fromEntries(
    Object.entries(deployment.metadata.annotations ?? {}).filter(([name]) => !NOT_COPIED.includes(name)),
  );

const sizes = (deployment: KubeObject): { readonly [key: string]: string } => ({
  [DESIRED]: String(wanted(deployment)),
  [MAXIMUM]: String(wanted(deployment) + limits(deployment).surge),
});

/** Scales a ReplicaSet and records an event on its Deployment. */
export function setSize(set: KubeObject, deployment: KubeObject, replicas: number, cluster: Cluster): KubeObject {
  const current = cluster.store.get(keyOf(SETS, set)) ?? set;
  const from = wanted(current);
  const done = cluster.update(
    {
      ...current,
      metadata: { ...current.metadata, annotations: { ...current.metadata.annotations, ...sizes(deployment) } },
      spec: { ...current.spec, replicas },
    },
    CONTROLLERS,
  );
  if (!done.ok) return current;
  if (from !== replicas)
    announce(
      deployment,
      `Scaled ${from < replicas ? 'up' : 'down'} replica set ${set.metadata.name} from ${from} to ${replicas}`,
      cluster,
    );
  return done.value;
}

const announce = (deployment: KubeObject, message: string, cluster: Cluster): void =>
  cluster.recordEvent(deployment, { type: 'Normal', reason: 'ScalingReplicaSet', message, component: COMPONENT });

/** Returns the highest revision of the old ReplicaSets, plus one. */
const nextRevision = (old: readonly KubeObject[]): number => Math.max(0, ...old.map(revisionOf)) + 1;

/**
 * Updates the revision and copied annotations of an existing new ReplicaSet. After a rollback, it has the highest
 * revision.
 */
export function refreshNewSet(
  deployment: KubeObject,
  newSet: KubeObject,
  old: readonly KubeObject[],
  cluster: Cluster,
): { readonly deployment: KubeObject; readonly newSet: KubeObject } {
  const revision = Math.max(nextRevision(old), revisionOf(newSet));
  const before = annotation(newSet, REVISION);
  const history = annotation(newSet, HISTORY);
  const moved = before !== undefined && revision > revisionOf(newSet);
  const annotations = {
    ...newSet.metadata.annotations,
    ...copied(deployment),
    [REVISION]: String(revision),
    ...(moved && { [HISTORY]: history === undefined ? before : `${history},${before}` }),
  };
  const minReadySeconds = numberAt(deployment, 'spec', 'minReadySeconds');
  const done = cluster.update(
    {
      ...newSet,
      metadata: { ...newSet.metadata, annotations },
      spec: { ...newSet.spec, ...(minReadySeconds !== undefined && { minReadySeconds }) },
    },
    CONTROLLERS,
  );
  const isNew =
    numberAt(deployment, 'spec', 'progressDeadlineSeconds') !== undefined && progressReason(deployment) === undefined;
  const condition = isNew
    ? { reason: 'FoundNewReplicaSet', message: `Found new replica set "${newSet.metadata.name}"` }
    : undefined;
  return { deployment: note(deployment, revision, condition, cluster), newSet: done.ok ? done.value : newSet };
}

/** Writes the revision and the progress as the real controller does: both through the status endpoint. */
function note(
  deployment: KubeObject,
  revision: number,
  progress: { readonly reason: string; readonly message: string } | undefined,
  cluster: Cluster,
): KubeObject {
  const annotations = { ...deployment.metadata.annotations, [REVISION]: String(revision) };
  const stored = conditionsOf(deployment.status);
  const conditions = progress
    ? withNewestCondition(stored, { type: 'Progressing', status: 'True', ...progress }, cluster.timestamp())
    : stored;
  const status = { ...deployment.status, ...(conditions.length > 0 && { conditions }) };
  const done = cluster.updateStatus(
    { ...deployment, metadata: { ...deployment.metadata, annotations }, status },
    CONTROLLERS,
  );
  return done.ok ? done.value : deployment;
}

/**
 * Creates the ReplicaSet of the current template. `newSet` is undefined if that was refused, which is then recorded in
 * the Deployment's status.
 */
export function createNewSet(
  deployment: KubeObject,
  old: readonly KubeObject[],
  cluster: Cluster,
): { readonly deployment: KubeObject; readonly newSet: KubeObject | undefined } {
  const template = objectAt(deployment, 'spec', 'template');
  const collisions = numberAt(deployment, 'status', 'collisionCount') ?? 0;
  const hash = templateHash(template, collisions);
  const labels = { ...textsAt(template, 'metadata', 'labels'), [HASH_LABEL]: hash };
  const revision = nextRevision(old);
  const replicas = roomForNew(deployment, old, 0);
  const created = cluster.create(
    {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${deployment.metadata.name}-${hash}`,
        namespace: namespaceOf(deployment),
        labels,
        annotations: { ...copied(deployment), ...sizes(deployment), [REVISION]: String(revision) },
        ownerReferences: [ownedBy(deployment)],
      },
      spec: {
        replicas,
        ...(numberAt(deployment, 'spec', 'minReadySeconds') !== undefined && {
          minReadySeconds: numberAt(deployment, 'spec', 'minReadySeconds'),
        }),
        selector: {
          ...objectAt(deployment, 'spec', 'selector'),
          matchLabels: { ...textsAt(deployment, 'spec', 'selector', 'matchLabels'), [HASH_LABEL]: hash },
        },
        template: { ...template, metadata: { ...objectAt(template, 'metadata'), labels } },
      } satisfies JsonObject,
    },
    CONTROLLERS,
  );
  if (!created.ok)
    return {
      deployment: refused(deployment, created.error.reason, created.error.message ?? '', cluster),
      newSet: undefined,
    };
  if (replicas > 0)
    announce(deployment, `Scaled up replica set ${created.value.metadata.name} from 0 to ${replicas}`, cluster);
  const measured = numberAt(deployment, 'spec', 'progressDeadlineSeconds') !== undefined;
  const condition = measured
    ? { reason: 'NewReplicaSetCreated', message: `Created new replica set "${created.value.metadata.name}"` }
    : undefined;
  return { deployment: note(deployment, revision, condition, cluster), newSet: created.value };
}

/** Records a refusal. A name conflict increases the collision count, so that the next attempt uses another hash. */
function refused(deployment: KubeObject, reason: string | undefined, message: string, cluster: Cluster): KubeObject {
  const now = cluster.timestamp();
  const status: JsonObject =
    reason === 'AlreadyExists'
      ? { ...deployment.status, collisionCount: (numberAt(deployment, 'status', 'collisionCount') ?? 0) + 1 }
      : {
          ...deployment.status,
          conditions: withNewestCondition(
            conditionsOf(deployment.status),
            {
              type: 'Progressing',
              status: 'False',
              reason: 'ReplicaSetCreateError',
              message: `Failed to create new replica set: ${message}`,
            },
            now,
          ),
        };
  const done = cluster.updateStatus({ ...deployment, status }, CONTROLLERS);
  return done.ok ? done.value : deployment;
}

/** Deletes the oldest revisions beyond the history limit. ReplicaSets that still have pods are kept. */
export function trimHistory(deployment: KubeObject, old: readonly KubeObject[], cluster: Cluster): void {
  const surplus = old.length - (numberAt(deployment, 'spec', 'revisionHistoryLimit') ?? 10);
  if (surplus <= 0) return;
  const sorted = [...old]
    .filter((set) => set.metadata.deletionTimestamp === undefined)
    .sort((left, right) => revisionOf(left) - revisionOf(right) || byAge(left, right));
  for (const set of sorted.slice(0, surplus)) {
    const settled =
      wanted(set) === 0 &&
      (numberAt(set, 'status', 'replicas') ?? 0) === 0 &&
      (numberAt(set, 'status', 'observedGeneration') ?? 0) >= (set.metadata.generation ?? 0);
    if (settled) cluster.delete(keyOf(SETS, set), { propagation: 'Background', uid: set.metadata.uid });
  }
}

/** Returns the reason of the Progressing condition. */
export const progressReason = (deployment: KubeObject): string | undefined =>
  textAt(conditionIn(conditionsOf(deployment.status), 'Progressing'), 'reason');
