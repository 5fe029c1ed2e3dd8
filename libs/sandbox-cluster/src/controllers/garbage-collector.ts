import { EVERY_RESOURCE, type Cluster, type Controller } from '../controller.ts';
import { type Change, type KubeObject, type ObjectKey, type StoreReader } from '../store.ts';
import { isDeleting } from './fields.ts';
import { CONTROLLERS } from './managers.ts';

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';
/** Resources that have no owners and too many objects to check. */
const IGNORED = new Set(['events', 'events.events.k8s.io']);

/** Deletes objects whose owners were all deleted. Deletes or orphans the dependents of an owner that waits for it. */
export function garbageCollector(): Controller {
  return {
    name: 'garbage-collector',
    watches: [
      {
        resource: EVERY_RESOURCE,
        keys: (change, store) => (IGNORED.has(change.key.resource) ? [] : affected(change, store)),
      },
    ],
    reconcile(key, cluster) {
      const object = cluster.store.get(key);
      if (!object) return undefined;
      const held = object.metadata.finalizers ?? [];
      if (isDeleting(object) && held.includes(ORPHAN)) orphan(object, cluster);
      else if (isDeleting(object) && held.includes(FOREGROUND)) deleteDependents(object, cluster);
      else if (!isDeleting(object)) collect(key, object, cluster);
      return undefined;
    },
  };
}

/** Returns the objects that a change may affect; for most changes there are none. */
function affected({ type, key, object }: Change, store: StoreReader): readonly ObjectKey[] {
  const owners = object.metadata.ownerReferences ?? [];
  if (type !== 'DELETED') {
    const waits =
      isDeleting(object) && (object.metadata.finalizers ?? []).some((name) => name === FOREGROUND || name === ORPHAN);
    return [...(waits || owners.length > 0 ? [key] : []), ...(owners.length > 0 ? waiting(owners, store) : [])];
  }
  return [...store.dependents(object.metadata.uid).map((dependent) => dependent.key), ...waiting(owners, store)];
}

/** Returns the owners in deletion that wait for this object. */
function waiting(owners: readonly { readonly uid: string }[], store: StoreReader): readonly ObjectKey[] {
  return owners.flatMap(({ uid }) => {
    const owner = store.byUid(uid);
    return owner && isDeleting(owner.object) ? [owner.key] : [];
  });
}

function collect(key: ObjectKey, object: KubeObject, cluster: Cluster): void {
  const owners = object.metadata.ownerReferences ?? [];
  if (owners.length === 0) return;
  const found = owners.map((reference) => ({ reference, owner: cluster.store.byUid(reference.uid)?.object }));
  const mayOwn = ({ owner }: { readonly owner: KubeObject | undefined }): boolean =>
    owner !== undefined &&
    (owner.metadata.namespace === undefined || owner.metadata.namespace === object.metadata.namespace);
  const solid = found.filter((entry) => mayOwn(entry) && !isForeground(entry.owner));
  if (solid.length === owners.length) return;
  if (solid.length > 0) {
    const kept = solid.map(({ reference }) => reference);
    cluster.update({ ...object, metadata: { ...object.metadata, ownerReferences: kept } }, CONTROLLERS);
    return;
  }
  const foreground = found.some((entry) => mayOwn(entry)) && cluster.store.dependents(object.metadata.uid).length > 0;
  cluster.delete(key, {
    propagation: foreground
      ? 'Foreground'
      : (object.metadata.finalizers ?? []).includes(ORPHAN)
        ? 'Orphan'
        : 'Background',
    uid: object.metadata.uid,
  });
}

const isForeground = (owner: KubeObject | undefined): boolean =>
  owner !== undefined && isDeleting(owner) && (owner.metadata.finalizers ?? []).includes(FOREGROUND);

/** Removes the dependents' references to the owner, so that they are kept. */
function orphan(owner: KubeObject, cluster: Cluster): void {
  for (const { object } of cluster.store.dependents(owner.metadata.uid)) {
    const references = (object.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== owner.metadata.uid);
    const { ownerReferences: _dropped, ...metadata } = object.metadata;
    cluster.update(
      { ...object, metadata: references.length > 0 ? { ...metadata, ownerReferences: references } : metadata },
      CONTROLLERS,
    );
  }
  release(owner, ORPHAN, cluster);
}

function deleteDependents(owner: KubeObject, cluster: Cluster): void {
  const dependents = cluster.store.dependents(owner.metadata.uid);
  for (const { key, object } of dependents.filter((dependent) => !isDeleting(dependent.object)))
    collect(key, object, cluster);
  const blocking = cluster.store
    .dependents(owner.metadata.uid)
    .some(({ object }) =>
      (object.metadata.ownerReferences ?? []).some(
        ({ uid, blockOwnerDeletion }) => uid === owner.metadata.uid && blockOwnerDeletion === true,
      ),
    );
  if (!blocking) release(owner, FOREGROUND, cluster);
}

function release(object: KubeObject, finalizer: string, cluster: Cluster): void {
  const current = cluster.store.byUid(object.metadata.uid)?.object;
  if (!current) return;
  const { finalizers = [], ...metadata } = current.metadata;
  const kept = finalizers.filter((name) => name !== finalizer);
  cluster.update({ ...current, metadata: kept.length > 0 ? { ...metadata, finalizers: kept } : metadata }, CONTROLLERS);
}
