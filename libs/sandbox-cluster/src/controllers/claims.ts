import { compareQuantities } from '#kubernetes/quantities';
import type { Cluster, Controller, Requeue } from '../controller.ts';
import type { KubeObject, ObjectKey, StoreReader } from '../store.ts';
import { at, isDeleting, namespaceOf, objectAt, objectsAt, textAt } from './fields.ts';
import { follow } from './follow.ts';
import { CONTROLLERS } from './managers.ts';
import { hasEnded } from './pod-state.ts';

const VOLUMES = 'persistentvolumes';
const CLAIMS = 'persistentvolumeclaims';
const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';
const RETRY_MS = 15_000;
const COMPONENT = 'persistentvolume-controller';

const PROTECTED = { [CLAIMS]: 'kubernetes.io/pvc-protection', [VOLUMES]: 'kubernetes.io/pv-protection' } as const;

const claimsOf = (pod: KubeObject): readonly ObjectKey[] =>
  objectsAt(pod, 'spec', 'volumes').flatMap((volume) => {
    const name = textAt(volume, 'persistentVolumeClaim', 'claimName');
    return name === undefined ? [] : [{ resource: CLAIMS, namespace: namespaceOf(pod), name }];
  });

/** Counts the pods that use each claim and have not ended. */
function claimUse() {
  const uses = new Map<string, number>();
  const count = (pod: KubeObject, by: 1 | -1): void => {
    if (!hasEnded(pod))
      for (const { namespace, name } of claimsOf(pod))
        uses.set(`${namespace}/${name}`, (uses.get(`${namespace}/${name}`) ?? 0) + by);
  };
  const follower = follow('pods', {
    reset: () => uses.clear(),
    move(previous, next) {
      if (previous) count(previous, -1);
      if (next) count(next, 1);
    },
  });
  return ({ namespace, name }: ObjectKey, store: StoreReader): boolean => {
    follower.catchUp(store);
    return (uses.get(`${namespace}/${name}`) ?? 0) > 0;
  };
}

/**
 * Creates a volume for each claim with an existing storage class, and deletes it with the claim. Volumes hold no data.
 */
export function claimBinder(): Controller {
  const isUsed = claimUse();
  return {
    name: 'persistent-volumes',
    watches: [
      { resource: CLAIMS, keys: ({ type, key, object }) => [type === 'DELETED' ? volumeOf(object) : key] },
      { resource: VOLUMES },
      {
        resource: 'pods',
        keys: ({ type, object }) => (type === 'DELETED' || hasEnded(object) ? claimsOf(object) : []),
      },
    ],
    reconcile(key, cluster) {
      const object = cluster.store.get(key);
      if (!object) return undefined;
      if (isDeleting(object)) {
        if (key.resource === VOLUMES || !isUsed(key, cluster.store)) letGo(key, object, cluster);
      } else if (key.resource === VOLUMES) release(key, object, cluster);
      else if (textAt(object, 'status', 'phase') !== 'Bound') return bind(object, cluster);
      else grow(object, cluster);
      return undefined;
    },
  };
}

/** Removes the protection finalizer from an object that is being deleted and is not in use. */
function letGo(key: ObjectKey, object: KubeObject, cluster: Cluster): void {
  const finalizer = key.resource === VOLUMES ? PROTECTED[VOLUMES] : PROTECTED[CLAIMS];
  const { finalizers = [], ...metadata } = object.metadata;
  const kept = finalizers.filter((name) => name !== finalizer);
  if (kept.length < finalizers.length)
    cluster.update(
      { ...object, metadata: kept.length > 0 ? { ...metadata, finalizers: kept } : metadata },
      CONTROLLERS,
    );
}

const volumeOf = ({ metadata }: KubeObject): ObjectKey => ({
  resource: VOLUMES,
  namespace: '',
  name: `pvc-${metadata.uid}`,
});

/** Deletes a volume whose claim was deleted, as its reclaim policy is Delete. */
function release(key: ObjectKey, volume: KubeObject, cluster: Cluster): void {
  const uid = textAt(volume, 'spec', 'claimRef', 'uid');
  const policy = textAt(volume, 'spec', 'persistentVolumeReclaimPolicy');
  if (uid !== undefined && policy === 'Delete' && !cluster.store.byUid(uid))
    cluster.delete(key, { uid: volume.metadata.uid });
}

function bind(claim: KubeObject, cluster: Cluster): Requeue | undefined {
  const asked = textAt(claim, 'spec', 'storageClassName');
  const classes = cluster.store.list('storageclasses.storage.k8s.io');
  const fallback = classes.find(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === 'true')?.metadata.name;
  const name = asked ?? fallback;
  const say = (reason: string, message: string): Requeue => {
    cluster.recordEvent(claim, {
      type: reason === 'FailedBinding' ? 'Normal' : 'Warning',
      reason,
      message,
      component: COMPONENT,
    });
    return { afterMs: RETRY_MS };
  };
  if (name === undefined || name === '')
    return say('FailedBinding', 'no persistent volumes available for this claim and no storage class is set');
  if (!classes.some(({ metadata }) => metadata.name === name))
    return say('ProvisioningFailed', `storageclass.storage.k8s.io "${name}" not found`);
  const { name: volumeName } = volumeOf(claim);
  const capacity = { storage: at(claim, 'spec', 'resources', 'requests', 'storage') ?? '0' };
  const spec = {
    capacity,
    accessModes: at(claim, 'spec', 'accessModes'),
    claimRef: {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      namespace: namespaceOf(claim),
      name: claim.metadata.name,
      uid: claim.metadata.uid,
    },
    hostPath: { path: `/simulated/${volumeName}` },
    persistentVolumeReclaimPolicy: 'Delete',
    storageClassName: name,
    volumeMode: at(claim, 'spec', 'volumeMode') ?? 'Filesystem',
  };
  if (!cluster.store.get({ resource: VOLUMES, namespace: '', name: volumeName })) {
    const made = cluster.create(
      { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: volumeName }, spec },
      CONTROLLERS,
    );
    if (!made.ok) return { afterMs: RETRY_MS };
    cluster.updateStatus({ ...made.value, status: { phase: 'Bound' } }, CONTROLLERS);
    cluster.recordEvent(claim, {
      type: 'Normal',
      reason: 'ProvisioningSucceeded',
      message: `Successfully provisioned volume ${volumeName} (simulated: nothing is stored)`,
      component: COMPONENT,
    });
  }
  const bound = cluster.update({ ...claim, spec: { ...claim.spec, storageClassName: name, volumeName } }, CONTROLLERS);
  if (!bound.ok) return { afterMs: RETRY_MS };
  cluster.updateStatus(
    {
      ...bound.value,
      status: {
        ...objectAt(bound.value, 'status'),
        phase: 'Bound',
        accessModes: at(claim, 'spec', 'accessModes'),
        capacity,
      },
    },
    CONTROLLERS,
  );
  return undefined;
}

/** Expands a volume to the size that its claim requests. */
function grow(claim: KubeObject, cluster: Cluster): void {
  const wanted = textAt(claim, 'spec', 'resources', 'requests', 'storage') ?? '0';
  if (compareQuantities(wanted, textAt(claim, 'status', 'capacity', 'storage') ?? '0') !== 1) return;
  const volume = cluster.store.get(volumeOf(claim));
  if (!volume) return; // not created by the sandbox, so the sandbox does not expand it
  const capacity = { storage: wanted };
  cluster.update({ ...volume, spec: { ...volume.spec, capacity } }, CONTROLLERS);
  cluster.updateStatus({ ...claim, status: { ...claim.status, capacity } }, CONTROLLERS);
}
