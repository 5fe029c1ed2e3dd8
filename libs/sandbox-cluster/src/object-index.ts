import type { Line } from './journal.ts';
import { insert, withdraw } from './sorted.ts';
import type { KubeObject, ListFilter, ObjectKey } from './store.ts';

interface Space {
  readonly objects: Map<string, KubeObject>;
  /** Names of the objects, sorted. */
  readonly names: string[];
}

interface Shelf {
  /** Objects by namespace. */
  readonly spaces: Map<string, Space>;
  /** Namespaces that contain an object, sorted. */
  readonly order: string[];
  /**
   * Names of objects by `namespace
   * label=value`.
   */
  readonly labels: Map<string, Set<string>>;
  count: number;
}

/** In-memory objects of one sandbox: by resource, namespace and name, by label, by UID, and by owner. */
export class ObjectIndex {
  private readonly shelves = new Map<string, Shelf>();
  private readonly uids = new Map<string, ObjectKey>();
  private readonly owners = new Map<string, Map<string, ObjectKey>>();
  private readonly sizes = new WeakMap<KubeObject, number>();
  private total = 0;

  /** Size of all objects in bytes of JSON. */
  get bytes(): number {
    return this.total;
  }

  /** Size of one object in bytes of JSON; 0 if it is not in the index. */
  sizeOf(object: KubeObject | undefined): number {
    return (object && this.sizes.get(object)) ?? 0;
  }

  get({ resource, namespace, name }: ObjectKey): KubeObject | undefined {
    return this.shelves.get(resource)?.spaces.get(namespace)?.objects.get(name);
  }

  byUid(uid: string): { readonly key: ObjectKey; readonly object: KubeObject } | undefined {
    const key = this.uids.get(uid);
    const object = key && this.get(key);
    return key && object ? { key, object } : undefined;
  }

  /** Returns objects sorted by namespace and name. */
  list(resource: string, filter: ListFilter): readonly KubeObject[] {
    const wanted = Object.entries(filter.labels ?? {});
    const found: KubeObject[] = [];
    for (const namespace of this.spacesFor(resource, filter)) {
      const objects = this.shelves.get(resource)?.spaces.get(namespace)?.objects;
      for (const name of this.candidates(resource, namespace, filter)) {
        const object = objects?.get(name);
        if (object && wanted.every(([label, value]) => object.metadata.labels?.[label] === value)) found.push(object);
      }
    }
    return found;
  }

  /** Returns the objects with an owner reference to this UID. */
  dependents(uid: string): readonly { readonly key: ObjectKey; readonly object: KubeObject }[] {
    return this.owned(uid).flatMap((key) => {
      const object = this.get(key);
      return object ? [{ key, object }] : [];
    });
  }

  count(resource: string, namespace?: string): number {
    const shelf = this.shelves.get(resource);
    return (namespace === undefined ? shelf?.count : shelf?.spaces.get(namespace)?.objects.size) ?? 0;
  }

  resources(): readonly string[] {
    return [...this.shelves].filter(([, { count }]) => count > 0).map(([resource]) => resource);
  }

  resourcesIn(namespace: string): readonly string[] {
    return [...this.shelves].filter(([, { spaces }]) => spaces.has(namespace)).map(([resource]) => resource);
  }

  /** Returns all objects as lines of a snapshot. */
  lines(revision: number): Line[] {
    return [...this.shelves].flatMap(([resource, { spaces, order }]) =>
      order.flatMap((namespace) => {
        const { names = [], objects } = spaces.get(namespace) ?? {};
        return names.flatMap((name) => {
          const o = objects?.get(name);
          return o ? [{ r: revision, k: { resource, namespace, name }, o }] : [];
        });
      }),
    );
  }

  /**
   * Replaces an object in all indexes; removes it if `next` is undefined.
   * @param length size of the new object in bytes of JSON
   * @returns the previous object
   */
  place(key: ObjectKey, next: KubeObject | undefined, length: number): KubeObject | undefined {
    const on = this.shelf(key.resource);
    const space = on.spaces.get(key.namespace) ?? { objects: new Map<string, KubeObject>(), names: [] };
    const previous = space.objects.get(key.name);
    if (previous) this.leave(on, key, previous);
    if (next) {
      this.enter(on, key, next, length);
      if (!previous) {
        insert(space.names, key.name);
        if (!on.spaces.has(key.namespace)) insert(on.order, key.namespace);
        on.spaces.set(key.namespace, space);
        on.count += 1;
      }
      space.objects.set(key.name, next);
    } else if (previous) {
      space.objects.delete(key.name);
      withdraw(space.names, key.name);
      on.count -= 1;
      if (space.objects.size === 0) {
        on.spaces.delete(key.namespace);
        withdraw(on.order, key.namespace);
      }
    }
    return previous;
  }

  private shelf(resource: string): Shelf {
    const known = this.shelves.get(resource);
    if (known) return known;
    const made: Shelf = { spaces: new Map(), order: [], labels: new Map(), count: 0 };
    this.shelves.set(resource, made);
    return made;
  }

  private enter({ labels }: Shelf, key: ObjectKey, object: KubeObject, length: number): void {
    for (const mark of marksOf(key.namespace, object)) {
      const names = labels.get(mark);
      if (names) names.add(key.name);
      else labels.set(mark, new Set([key.name]));
    }
    this.uids.set(object.metadata.uid, key);
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      const owned = this.owners.get(uid) ?? new Map<string, ObjectKey>();
      this.owners.set(uid, owned.set(textOf(key), key));
    }
    this.sizes.set(object, length);
    this.total += length;
  }

  private leave({ labels }: Shelf, key: ObjectKey, object: KubeObject): void {
    for (const mark of marksOf(key.namespace, object)) {
      const names = labels.get(mark);
      names?.delete(key.name);
      if (names?.size === 0) labels.delete(mark);
    }
    this.uids.delete(object.metadata.uid);
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      const owned = this.owners.get(uid);
      owned?.delete(textOf(key));
      if (owned?.size === 0) this.owners.delete(uid);
    }
    this.total -= this.sizeOf(object);
  }

  private owned(uid: string): readonly ObjectKey[] {
    return [...(this.owners.get(uid)?.values() ?? [])];
  }

  /** Returns the names within a namespace that may match a filter, sorted. */
  private candidates(resource: string, namespace: string, { ownerUid, labels = {} }: ListFilter): readonly string[] {
    if (ownerUid !== undefined) {
      const isHere = (key: ObjectKey): boolean => key.resource === resource && key.namespace === namespace;
      return this.owned(ownerUid)
        .flatMap((key) => (isHere(key) ? [key.name] : []))
        .sort();
    }
    const shelf = this.shelves.get(resource);
    const sets = Object.entries(labels).map(([label, value]) => shelf?.labels.get(`${namespace}\n${label}=${value}`));
    if (sets.length === 0) return shelf?.spaces.get(namespace)?.names ?? [];
    return [...(sets.reduce((least, set) => (least && set && set.size >= least.size ? least : set)) ?? [])].sort();
  }

  /** Returns the namespaces to search. */
  private spacesFor(resource: string, { namespace, ownerUid }: ListFilter): readonly string[] {
    if (namespace !== undefined) return [namespace];
    if (ownerUid === undefined) return this.shelves.get(resource)?.order ?? [];
    const own = this.owned(ownerUid).flatMap((key) => (key.resource === resource ? [key.namespace] : []));
    return [...new Set(own)].sort();
  }
}

const textOf = ({ resource, namespace, name }: ObjectKey): string => `${resource}/${namespace}/${name}`;
const marksOf = (namespace: string, { metadata }: KubeObject): string[] =>
  Object.entries(metadata.labels ?? {}).map(([key, value]) => `${namespace}\n${key}=${value}`);
