import type { Json, JsonObject } from '#kernel';

/** Metadata of a stored object. Times are RFC 3339 with whole seconds, as in Kubernetes. */
export interface ObjectMeta extends JsonObject {
  readonly name: string;
  /** Missing for cluster-scoped objects. */
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: { readonly [key: string]: string };
  readonly annotations?: { readonly [key: string]: string };
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly JsonObject[];
}

export interface OwnerReference extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** A stored object. It is immutable: a write stores a new object, so references to it stay valid. */
export interface KubeObject extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec?: JsonObject;
  readonly status?: JsonObject;
}

/** Key of an object. `resource` is the plural name and group as in kubectl: `pods`, `deployments.apps`. */
export interface ObjectKey {
  readonly resource: string;
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
}

/** An entry of the watch log. */
export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly key: ObjectKey;
  /** The object after the change; for DELETED its last state, with the resourceVersion of the deletion. */
  readonly object: KubeObject;
  /** The object before the change, which a watch with a selector needs. */
  readonly previous?: KubeObject;
  readonly revision: number;
}

export interface ListFilter {
  /** Limits the list to one namespace; all namespaces by default. */
  readonly namespace?: string;
  /** Limits the list to objects with all of these labels. */
  readonly labels?: { readonly [key: string]: string };
  /** Limits the list to objects with an owner reference to this UID. */
  readonly ownerUid?: string;
}

/** Reads of a store. Each result is a consistent snapshot, since nothing changes until the caller awaits. */
export interface StoreReader {
  /** The resourceVersion of the latest change. It never decreases, even after a restart. */
  readonly revision: number;
  get(key: ObjectKey): KubeObject | undefined;
  byUid(uid: string): { readonly key: ObjectKey; readonly object: KubeObject } | undefined;
  /** Returns objects sorted by namespace and name. The cost depends on the size of the result, not of the store. */
  list(resource: string, filter?: ListFilter): readonly KubeObject[];
  /** Returns the objects of all resources with an owner reference to this UID. */
  dependents(ownerUid: string): readonly { readonly key: ObjectKey; readonly object: KubeObject }[];
  count(resource: string, namespace?: string): number;
  /** Size of all objects in bytes of JSON. */
  readonly bytes: number;
  /** Returns the resources with at least one object. */
  resources(): readonly string[];
  /** Returns the resources with at least one object in the namespace. */
  resourcesIn(namespace: string): readonly string[];
  /**
   * Returns the changes of one resource after `revision`, oldest first; `expired` if the log no longer contains them
   * (HTTP 410: the caller must list again).
   */
  changesSince(resource: string, revision: number): readonly Change[] | 'expired';
  /**
   * Calls the listener within each later write, for one resource or for all.
   * @returns a function that ends the subscription
   */
  subscribe(listener: (change: Change) => void, resource?: string): () => void;
}

/** Size limits in bytes of JSON. An object that replaces a larger one is always accepted. */
export interface Room {
  readonly object: number;
  /** Limit for all objects together. */
  readonly store: number;
}

/** Thrown when a write would exceed a size limit. */
export class NoRoom extends Error {
  /** @param where the limit that would be exceeded: of the object, or of the store */
  constructor(readonly where: 'object' | 'store') {
    super(`no room: the ${where} would be too large`);
  }
}

/** Objects, their indexes, the watch log, and the journal on disk. It does not implement rules of Kubernetes. */
export interface Store extends StoreReader {
  /**
   * Stores an object with a new resourceVersion. The change is in the journal file when the call returns: it survives
   * if the process is killed, but a power failure may lose data that the operating system has not written yet. If the
   * journal cannot be written, the call throws and nothing changes.
   * @throws NoRoom if a limit would be exceeded; nothing changes then
   */
  put(key: ObjectKey, object: KubeObject, most?: Room): KubeObject;
  /**
   * Removes an object.
   * @returns its last state with the resourceVersion of the deletion; `undefined` if it does not exist
   */
  remove(key: ObjectKey): KubeObject | undefined;
  /** Drops the watch log. Watches from older resourceVersions get 410. For tests and fault injection. */
  compact(): void;
  /** Flushes and closes the files. */
  close(): Promise<void>;
}

/** Returns the resource name of keys from a plural name and a group, which may be empty. */
export const resourceName = (plural: string, group: string): string => (group === '' ? plural : `${plural}.${group}`);

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
