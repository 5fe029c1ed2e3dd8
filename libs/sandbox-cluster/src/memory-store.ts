import type { Logger } from '#kernel';
import { lineOf, openJournal, type Line } from './journal.ts';
import { insert, withdraw } from './sorted.ts';
import { NoRoom, type Change, type KubeObject, type ListFilter, type ObjectKey, type Store } from './store.ts';
import { watchLog } from './watch-log.ts';

type Listener = (change: Change) => void;

interface Space {
  readonly objects: Map<string, KubeObject>;
  /** Their names, in order. */
  readonly names: string[];
}

interface Shelf {
  /** By namespace. */
  readonly spaces: Map<string, Space>;
  /** Namespaces that hold an object, in order. */
  readonly order: string[];
  /** Names of objects by `namespace\nlabel=value`. */
  readonly labels: Map<string, Set<string>>;
  count: number;
}

/**
 * Opens the objects of one sandbox. Every change is in the journal file when the call returns, so a killed process keeps it;
 * a line that was torn by a kill is cut off at the next opening.
 * @param options.folder made when it is missing
 */
export function openStore(options: { readonly folder: string; readonly log: Logger }): Store {
  const shelves = new Map<string, Shelf>();
  const uids = new Map<string, ObjectKey>();
  const owners = new Map<string, Map<string, ObjectKey>>();
  const sizes = new WeakMap<KubeObject, number>();
  const everyone = new Set<Listener>();
  const listeners = new Map<string, Set<Listener>>();
  let revision = 0;
  let bytes = 0;
  const journal = openJournal(options, {
    begin: (at) => void (revision = at),
    take({ r, k, o }, length) {
      revision = r;
      place(k, o, length);
    },
    everything: () => ({
      revision,
      objects: [...shelves].flatMap(([resource, { spaces, order }]) =>
        order.flatMap((namespace) => lines(resource, namespace, spaces.get(namespace))),
      ),
    }),
  });
  const changes = watchLog(revision);

  function shelf(resource: string): Shelf {
    const known = shelves.get(resource);
    if (known) return known;
    const made: Shelf = { spaces: new Map(), order: [], labels: new Map(), count: 0 };
    shelves.set(resource, made);
    return made;
  }

  function lines(resource: string, namespace: string, space: Space | undefined): Line[] {
    return (space?.names ?? []).flatMap((name) =>
      ((o) => (o ? [{ r: revision, k: { resource, namespace, name }, o }] : []))(space?.objects.get(name)),
    );
  }

  function get({ resource, namespace, name }: ObjectKey): KubeObject | undefined {
    return shelves.get(resource)?.spaces.get(namespace)?.objects.get(name);
  }

  /** Takes an object out of all indexes, and another one in. @param length bytes of the new one as JSON */
  function place(key: ObjectKey, next: KubeObject | undefined, length: number): KubeObject | undefined {
    const on = shelf(key.resource);
    const space = on.spaces.get(key.namespace) ?? { objects: new Map<string, KubeObject>(), names: [] };
    const previous = space.objects.get(key.name);
    if (previous) leave(on, key, previous);
    if (next) {
      enter(on, key, next, length);
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

  function enter({ labels }: Shelf, key: ObjectKey, object: KubeObject, length: number): void {
    for (const mark of marksOf(key.namespace, object)) {
      const names = labels.get(mark);
      if (names) names.add(key.name);
      else labels.set(mark, new Set([key.name]));
    }
    uids.set(object.metadata.uid, key);
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      const owned = owners.get(uid) ?? new Map<string, ObjectKey>();
      owners.set(uid, owned.set(textOf(key), key));
    }
    sizes.set(object, length);
    bytes += length;
  }

  function leave({ labels }: Shelf, key: ObjectKey, object: KubeObject): void {
    for (const mark of marksOf(key.namespace, object)) {
      const names = labels.get(mark);
      names?.delete(key.name);
      if (names?.size === 0) labels.delete(mark);
    }
    uids.delete(object.metadata.uid);
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      const owned = owners.get(uid);
      owned?.delete(textOf(key));
      if (owned?.size === 0) owners.delete(uid);
    }
    bytes -= sizes.get(object) ?? 0;
  }

  function tell(change: Change): void {
    for (const group of [everyone, listeners.get(change.key.resource)]) {
      for (const listener of group ?? []) {
        try {
          listener(change);
        } catch (error) {
          options.log.error({ key: change.key, err: String(error) }, 'a listener of a sandbox failed'); // the write stands, and others hear of it
        }
      }
    }
  }

  /** Names that can meet a filter within one namespace, in order. */
  function candidates(resource: string, namespace: string, { ownerUid, labels = {} }: ListFilter): readonly string[] {
    if (ownerUid !== undefined) {
      const owned = [...(owners.get(ownerUid)?.values() ?? [])];
      return owned
        .flatMap((key) => (key.resource === resource && key.namespace === namespace ? [key.name] : []))
        .sort();
    }
    const sets = Object.entries(labels).map(([label, value]) =>
      shelves.get(resource)?.labels.get(`${namespace}\n${label}=${value}`),
    );
    if (sets.length === 0) return shelves.get(resource)?.spaces.get(namespace)?.names ?? [];
    return [...(sets.reduce((least, set) => (least && set && set.size >= least.size ? least : set)) ?? [])].sort();
  }

  /** Namespaces to look into. */
  function spacesFor(resource: string, { namespace, ownerUid }: ListFilter): readonly string[] {
    if (namespace !== undefined) return [namespace];
    if (ownerUid === undefined) return shelves.get(resource)?.order ?? [];
    return [
      ...new Set(
        [...(owners.get(ownerUid)?.values() ?? [])].flatMap((key) =>
          key.resource === resource ? [key.namespace] : [],
        ),
      ),
    ].sort();
  }

  return {
    get revision() {
      return revision;
    },
    get bytes() {
      return bytes;
    },
    get,
    byUid(uid) {
      const key = uids.get(uid);
      const object = key && get(key);
      return key && object ? { key, object } : undefined;
    },
    list(resource, filter = {}) {
      const wanted = Object.entries(filter.labels ?? {});
      const found: KubeObject[] = [];
      for (const namespace of spacesFor(resource, filter)) {
        const objects = shelves.get(resource)?.spaces.get(namespace)?.objects;
        for (const name of candidates(resource, namespace, filter)) {
          const object = objects?.get(name);
          if (object && wanted.every(([label, value]) => object.metadata.labels?.[label] === value)) found.push(object);
        }
      }
      return found;
    },
    dependents: (uid) =>
      [...(owners.get(uid)?.values() ?? [])].flatMap((key) =>
        ((object) => (object ? [{ key, object }] : []))(get(key)),
      ),
    count: (resource, namespace) =>
      namespace === undefined
        ? (shelves.get(resource)?.count ?? 0)
        : (shelves.get(resource)?.spaces.get(namespace)?.objects.size ?? 0),
    resourcesIn: (namespace) =>
      [...shelves].filter(([, { spaces }]) => spaces.has(namespace)).map(([resource]) => resource),
    changesSince: changes.since,
    subscribe(listener, resource) {
      const group = resource === undefined ? everyone : (listeners.get(resource) ?? new Set<Listener>());
      group.add(listener);
      if (resource !== undefined) listeners.set(resource, group);
      return () => {
        group.delete(listener);
        if (resource !== undefined && group.size === 0 && listeners.get(resource) === group) listeners.delete(resource);
      };
    },
    put(key, object, most) {
      const next = revision + 1;
      const stored: KubeObject = { ...object, metadata: { ...object.metadata, resourceVersion: String(next) } };
      const line = lineOf({ r: next, k: key, o: stored });
      const { length } = line;
      if (most) {
        const before = get(key);
        const more = length - (before ? (sizes.get(before) ?? 0) : 0);
        if (length > most.object) throw new NoRoom('object');
        if (more > 0 && bytes + more > most.store) throw new NoRoom('store');
      }
      journal.append(line);
      revision = next;
      const previous = place(key, stored, length);
      const change: Change = {
        type: previous ? 'MODIFIED' : 'ADDED',
        key,
        object: stored,
        revision,
        ...(previous && { previous }),
      };
      changes.add(change, length);
      tell(change);
      return stored;
    },
    remove(key) {
      const last = get(key);
      if (!last) return undefined;
      const next = revision + 1;
      journal.append(lineOf({ r: next, k: key }));
      revision = next;
      const length = sizes.get(last) ?? 0;
      place(key, undefined, 0);
      const object: KubeObject = { ...last, metadata: { ...last.metadata, resourceVersion: String(revision) } };
      const change: Change = { type: 'DELETED', key, object, previous: last, revision };
      changes.add(change, length);
      tell(change);
      return object;
    },
    compact: () => changes.forget(revision),
    close() {
      journal.close();
      return Promise.resolve();
    },
  };
}

const textOf = ({ resource, namespace, name }: ObjectKey): string => `${resource}/${namespace}/${name}`;
const marksOf = (namespace: string, { metadata }: KubeObject): string[] =>
  Object.entries(metadata.labels ?? {}).map(([key, value]) => `${namespace}\n${key}=${value}`);
