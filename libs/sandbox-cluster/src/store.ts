import type { Json, JsonObject } from '#kernel';

/** Metadata as a server keeps it. Times are RFC 3339 with whole seconds, as Kubernetes writes them. */
export interface ObjectMeta extends JsonObject {
  readonly name: string;
  /** Left out by objects of the whole cluster. */
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

/** A stored object. Never changed in place: a write stores another one, so whoever holds one may keep it. */
export interface KubeObject extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec?: JsonObject;
  readonly status?: JsonObject;
}

/** Names one object. `resource` is plural and group as kubectl writes them: `pods`, `deployments.apps`. */
export interface ObjectKey {
  readonly resource: string;
  /** Empty for objects of the whole cluster. */
  readonly namespace: string;
  readonly name: string;
}

/** One entry of the watch log. */
export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly key: ObjectKey;
  /** The object after the change; for DELETED its last state, with the resourceVersion of the deletion. */
  readonly object: KubeObject;
  /** The object before it, which a watch with a selector needs. */
  readonly previous?: KubeObject;
  readonly revision: number;
}

export interface ListFilter {
  /** Only this namespace; every namespace when left out. */
  readonly namespace?: string;
  /** Only objects that carry all these labels. */
  readonly labels?: { readonly [key: string]: string };
  /** Only objects with an owner reference to this uid. */
  readonly ownerUid?: string;
}

/** What may be asked of a store. Every answer is one moment's: nothing changes while a caller does not await. */
export interface StoreReader {
  /** The resourceVersion of the newest change; never goes back, not over a restart either. */
  readonly revision: number;
  get(key: ObjectKey): KubeObject | undefined;
  byUid(uid: string): { readonly key: ObjectKey; readonly object: KubeObject } | undefined;
  /** In order of namespace, then name. Costs what it answers, not what the store holds. */
  list(resource: string, filter?: ListFilter): readonly KubeObject[];
  /** Every object, of any resource, with an owner reference to this uid. */
  dependents(ownerUid: string): readonly { readonly key: ObjectKey; readonly object: KubeObject }[];
  count(resource: string, namespace?: string): number;
  /** Bytes of all objects, as JSON. */
  readonly bytes: number;
  /** Resources of which there is at least one object. */
  resources(): readonly string[];
  /** Resources of which the namespace holds at least one object. */
  resourcesIn(namespace: string): readonly string[];
  /**
   * Changes of one resource after `revision`, oldest first; `expired` when the log no longer reaches back so far
   * (HTTP 410: the caller must list again).
   */
  changesSince(resource: string, revision: number): readonly Change[] | 'expired';
  /** Calls back for every change from now on, or for those of one resource, within the write. @returns ends the subscription */
  subscribe(listener: (change: Change) => void, resource?: string): () => void;
}

/** Bytes as JSON that there may be. An object that takes the place of a larger one always finds room. */
export interface Room {
  readonly object: number;
  /** Of all objects together. */
  readonly store: number;
}

/** A write that a store has no room for. */
export class NoRoom extends Error {
  /** @param where what is too large: the object, or all of them together */
  constructor(readonly where: 'object' | 'store') {
    super(`no room: the ${where} would be too large`);
  }
}

/** Objects, their indexes, the watch log and the journal on disk. Knows nothing of Kubernetes' rules. */
export interface Store extends StoreReader {
  /**
   * Stores an object under a new resourceVersion. It is in the journal when the call returns: a killed process keeps
   * it, a power cut may lose what the operating system had not written yet. When the journal cannot be written, it throws
   * and nothing has changed.
   * @throws NoRoom when it would be more; nothing has changed
   */
  put(key: ObjectKey, object: KubeObject, most?: Room): KubeObject;
  /** Removes it for good. @returns its last state with the deletion's resourceVersion; `undefined` when there was none */
  remove(key: ObjectKey): KubeObject | undefined;
  /** Forgets the watch log up to now: watches from older resourceVersions are answered 410. For tests and faults. */
  compact(): void;
  /** Writes what is buffered, and gives up the files. */
  close(): Promise<void>;
}

/** `pods` and '' from a manifest's words: the resource's name in keys. */
export const resourceName = (plural: string, group: string): string => (group === '' ? plural : `${plural}.${group}`);

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
