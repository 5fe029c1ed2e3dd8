import type { KubeObject, StoreReader } from '../store.ts';

/** State derived from all objects of one resource. */
export interface Follower {
  /** Applies the changes since the last call. The cost is proportional to their number. */
  catchUp(store: StoreReader): void;
}

/**
 * Maintains a derived index. The first call, and one after a gap in the watch log, read every object.
 * @param index.move replaces an object (`previous`) with another one (`next`)
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
 * Finds the objects whose selector may match given labels without reading all of them. Objects are indexed by one label
 * of their selector; those with an empty selector are always returned.
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
    /**
     * Returns the objects in the namespace that may select these labels. The caller must evaluate the full selector.
     */
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
