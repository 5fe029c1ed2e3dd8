import type { KubeObject, StoreReader } from '../store.ts';

/** Keeps something derived from all objects of one resource, in step with the store. */
export interface Follower {
  /** Takes in what changed since the last call; costs as many steps as there were changes. */
  catchUp(store: StoreReader): void;
}

/**
 * Derives an index the store does not keep. The first call, and one after a gap in the watch log, reads every object once.
 * @param index.move takes an object out (`previous`) and in (`next`)
 */
export function follow(
  resource: string,
  index: { reset(): void; move(previous: KubeObject | undefined, next: KubeObject | undefined): void },
): Follower {
  let seen: { readonly store: StoreReader; readonly revision: number } | undefined;
  return {
    catchUp(store) {
      if (seen?.store === store && seen.revision === store.revision) return;
      const changes = seen?.store === store ? store.changesSince(resource, seen.revision) : 'expired';
      if (changes === 'expired') {
        index.reset();
        for (const object of store.list(resource)) index.move(undefined, object);
      } else {
        for (const { type, object, previous } of changes)
          index.move(type === 'DELETED' ? (previous ?? object) : previous, type === 'DELETED' ? undefined : object);
      }
      seen = { store, revision: store.revision };
    },
  };
}

/**
 * Finds the objects whose selector may meet given labels, without looking at the others: each is filed under one pair of
 * its selector. Those without any pair are looked at always.
 */
export function selectorIndex(
  resource: string,
  selectorOf: (object: KubeObject) => { readonly [key: string]: string } | undefined,
) {
  const filed = new Map<string, Map<string, KubeObject>>();
  const place = (object: KubeObject): string | undefined => {
    const selector = selectorOf(object);
    if (selector === undefined) return undefined;
    const key = Object.keys(selector).sort()[0];
    return `${object.metadata.namespace ?? ''}\n${key === undefined ? '' : `${key}\n${selector[key]}`}`;
  };
  const follower = follow(resource, {
    reset: () => filed.clear(),
    move(previous, next) {
      const [from, to] = [previous && place(previous), next && place(next)];
      if (previous && from !== undefined) {
        const shelf = filed.get(from);
        shelf?.delete(previous.metadata.name);
        if (shelf?.size === 0) filed.delete(from);
      }
      if (next && to !== undefined) {
        const shelf = filed.get(to) ?? new Map<string, KubeObject>();
        filed.set(to, shelf.set(next.metadata.name, next));
      }
    },
  });
  return {
    /** Names of objects in the namespace that may select these labels; the caller checks the whole selector. */
    candidates(
      store: StoreReader,
      namespace: string,
      labels: { readonly [key: string]: string },
    ): readonly KubeObject[] {
      follower.catchUp(store);
      const shelves = [
        `${namespace}\n`,
        ...Object.entries(labels).map(([key, value]) => `${namespace}\n${key}\n${value}`),
      ];
      return shelves.flatMap((shelf) => [...(filed.get(shelf)?.values() ?? [])]);
    },
  };
}
