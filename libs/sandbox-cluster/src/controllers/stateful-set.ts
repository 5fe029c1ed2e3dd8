import type { JsonObject } from '#kernel';
import type { Cluster, Controller, Requeue } from '../controller.ts';
import type { KubeObject } from '../store.ts';
import { isDeleting, keyOf, namespaceOf, numberAt, objectAt, objectsAt, ownedBy, textAt, textsAt } from './fields.ts';
import { templateHash } from './hash.ts';
import { ownerKey } from './job.ts';
import { CONTROLLERS } from './managers.ts';
import { hasEnded, isReady, podFrom, untilAvailable } from './pod-state.ts';

const SETS = 'statefulsets.apps';
const COMPONENT = 'statefulset-controller';
const HASH = 'controller-revision-hash';

/** Keeps pods with stable names and claims, created in order unless the StatefulSet is Parallel. */
export function statefulSetController(): Controller {
  return {
    name: 'statefulset',
    watches: [{ resource: SETS }, { resource: 'pods', keys: ownerKey('StatefulSet', SETS) }],
    reconcile(key, cluster) {
      const set = cluster.store.get(key);
      if (!set) return undefined;
      const update = revision(set, cluster);
      if (!isDeleting(set)) step(set, update, cluster);
      return report(cluster.store.get(key) ?? set, update, cluster);
    },
  };
}

const ordinalOf = ({ metadata }: KubeObject): number => Number(/-(\d+)$/.exec(metadata.name)?.[1] ?? -1);
const podsOf = (set: KubeObject, { store }: Cluster): readonly KubeObject[] =>
  [...store.list('pods', { namespace: namespaceOf(set), ownerUid: set.metadata.uid })].sort(
    (left, right) => ordinalOf(left) - ordinalOf(right),
  );
const revisionOf = ({ metadata }: KubeObject): string | undefined => metadata.labels?.[HASH];

/** Returns the revision name of the template, which is stored as a ControllerRevision. */
function revision(set: KubeObject, cluster: Cluster): string {
  const name = `${set.metadata.name}-${templateHash(objectAt(set, 'spec', 'template'))}`;
  const known = cluster.store.list('controllerrevisions.apps', {
    namespace: namespaceOf(set),
    ownerUid: set.metadata.uid,
  });
  if (!known.some(({ metadata }) => metadata.name === name) && !isDeleting(set)) {
    const number = Math.max(0, ...known.map((each) => numberAt(each, 'revision') ?? 0)) + 1;
    cluster.create(
      {
        apiVersion: 'apps/v1',
        kind: 'ControllerRevision',
        metadata: {
          name,
          namespace: namespaceOf(set),
          labels: textsAt(set, 'spec', 'template', 'metadata', 'labels'),
          ownerReferences: [ownedBy(set)],
        },
        data: { spec: { template: objectAt(set, 'spec', 'template') } },
        revision: number,
      },
      CONTROLLERS,
    );
  }
  return name;
}

function step(set: KubeObject, update: string, cluster: Cluster): void {
  const first = numberAt(set, 'spec', 'ordinals', 'start') ?? 0;
  const replicas = numberAt(set, 'spec', 'replicas') ?? 1;
  const parallel = textAt(set, 'spec', 'podManagementPolicy') === 'Parallel';
  const pods = podsOf(set, cluster);
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(pod), pod]));
  for (let ordinal = first; ordinal < first + replicas; ordinal += 1) {
    const pod = byOrdinal.get(ordinal);
    if (!pod) start(set, ordinal, update, cluster);
    else if (hasEnded(pod) && !isDeleting(pod)) cluster.delete(keyOf('pods', pod), { uid: pod.metadata.uid });
    if (!parallel && !(pod && isReady(pod) && !isDeleting(pod))) return;
  }
  const surplus = pods.filter((pod) => ordinalOf(pod) < first || ordinalOf(pod) >= first + replicas).reverse();
  for (const pod of parallel ? surplus : surplus.slice(0, 1)) if (!isDeleting(pod)) remove(set, pod, cluster);
  if (surplus.length > 0 || textAt(set, 'spec', 'updateStrategy', 'type') === 'OnDelete') return;
  const partition = numberAt(set, 'spec', 'updateStrategy', 'rollingUpdate', 'partition') ?? 0;
  const old = pods.filter((pod) => ordinalOf(pod) - first >= partition && revisionOf(pod) !== update).at(-1);
  if (old && !isDeleting(old) && pods.every((pod) => isReady(pod) && !isDeleting(pod))) remove(set, old, cluster);
  else if (old && !isDeleting(old) && !isReady(old)) remove(set, old, cluster);
}

function remove(set: KubeObject, pod: KubeObject, cluster: Cluster): void {
  cluster.delete(keyOf('pods', pod), { uid: pod.metadata.uid });
  cluster.recordEvent(set, {
    type: 'Normal',
    reason: 'SuccessfulDelete',
    message: `Delete Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} successful`,
    component: COMPONENT,
  });
}

function start(set: KubeObject, ordinal: number, update: string, cluster: Cluster): void {
  const template = objectAt(set, 'spec', 'template');
  const namespace = namespaceOf(set);
  const name = `${set.metadata.name}-${ordinal}`;
  const volumes: JsonObject[] = objectsAt(set, 'spec', 'volumeClaimTemplates').map((claim) => {
    const volume = textAt(claim, 'metadata', 'name') ?? '';
    const claimName = `${volume}-${name}`;
    const labels = { ...textsAt(claim, 'metadata', 'labels'), ...textsAt(set, 'spec', 'selector', 'matchLabels') };
    if (!cluster.store.get({ resource: 'persistentvolumeclaims', namespace, name: claimName })) {
      cluster.create(
        {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          metadata: { ...objectAt(claim, 'metadata'), name: claimName, namespace, labels },
          spec: objectAt(claim, 'spec'),
        },
        CONTROLLERS,
      );
      cluster.recordEvent(set, {
        type: 'Normal',
        reason: 'SuccessfulCreate',
        message: `Create Claim ${claimName} Pod ${name} in StatefulSet ${set.metadata.name} success`,
        component: COMPONENT,
      });
    }
    return { name: volume, persistentVolumeClaim: { claimName } };
  });
  const own = objectsAt(template, 'spec', 'volumes').filter(
    (volume) => !volumes.some((each) => each['name'] === volume['name']),
  );
  const labels = {
    ...textsAt(template, 'metadata', 'labels'),
    'apps.kubernetes.io/pod-index': String(ordinal),
    [HASH]: update,
    'statefulset.kubernetes.io/pod-name': name,
  };
  const spec = {
    hostname: name,
    ...(textAt(set, 'spec', 'serviceName') !== undefined && { subdomain: textAt(set, 'spec', 'serviceName') }),
    ...(own.length + volumes.length > 0 && { volumes: [...volumes, ...own] }),
  };
  const made = cluster.create(
    podFrom(template, set, { name, metadata: { labels, ownerReferences: [ownedBy(set)] }, spec }),
    CONTROLLERS,
  );
  if (made.ok)
    cluster.recordEvent(set, {
      type: 'Normal',
      reason: 'SuccessfulCreate',
      message: `Create Pod ${name} in StatefulSet ${set.metadata.name} successful`,
      component: COMPONENT,
    });
  else
    cluster.recordEvent(set, {
      type: 'Warning',
      reason: 'FailedCreate',
      message: `Create Pod ${name} in StatefulSet ${set.metadata.name} failed error: ${made.error.message ?? ''}`,
      component: COMPONENT,
    });
}

function report(set: KubeObject, update: string, cluster: Cluster): Requeue | undefined {
  const pods = podsOf(set, cluster).filter((pod) => !isDeleting(pod));
  const waits = pods.map((pod) =>
    untilAvailable(pod, numberAt(set, 'spec', 'minReadySeconds') ?? 0, cluster.clock.now()),
  );
  const updated = pods.filter((pod) => revisionOf(pod) === update).length;
  const replicas = numberAt(set, 'spec', 'replicas') ?? 1;
  const ready = pods.filter(isReady).length;
  const done = updated === replicas && pods.length === replicas && ready === replicas;
  const current = done ? update : (textAt(set, 'status', 'currentRevision') ?? update);
  const count = pods.filter((pod) => revisionOf(pod) === current).length;
  const available = waits.filter((wait) => wait === 0).length;
  const status: JsonObject = {
    replicas: pods.length,
    availableReplicas: available,
    collisionCount: 0,
    currentRevision: current,
    updateRevision: update,
    ...(ready > 0 && { readyReplicas: ready }),
    ...(count > 0 && { currentReplicas: count }),
    ...(updated > 0 && { updatedReplicas: updated }),
    ...(set.metadata.generation !== undefined && { observedGeneration: set.metadata.generation }),
  };
  cluster.updateStatus({ ...set, status }, CONTROLLERS);
  const next = Math.min(...waits.map((wait) => (wait !== undefined && wait > 0 ? wait : Infinity)));
  return Number.isFinite(next) ? { afterMs: next } : undefined;
}
