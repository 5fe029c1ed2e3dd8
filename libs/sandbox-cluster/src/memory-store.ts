import type { Logger } from '#kernel';
import { lineOf, openJournal, type Journal } from './journal.ts';
import { ObjectIndex } from './object-index.ts';
import {
  NoRoom,
  type Change,
  type KubeObject,
  type ListFilter,
  type ObjectKey,
  type Room,
  type Store,
} from './store.ts';
import { watchLog } from './watch-log.ts';

type Listener = (change: Change) => void;

interface StoreOptions {
  /** Folder of the files. Created if missing. */
  readonly folder: string;
  readonly log: Logger;
}

/**
 * Opens the store of one sandbox. A change is in the journal file when the call returns, so it survives if the process
 * is killed. An incomplete last line is truncated when the store is opened.
 */
export const openStore = (options: StoreOptions): Store => new MemoryStore(options);

class MemoryStore implements Store {
  private readonly index = new ObjectIndex();
  private readonly journal: Journal;
  private readonly changes: ReturnType<typeof watchLog>;
  private readonly everyone = new Set<Listener>();
  private readonly listeners = new Map<string, Set<Listener>>();
  private current = 0;

  constructor(private readonly options: StoreOptions) {
    this.journal = openJournal(options, {
      begin: (at) => void (this.current = at),
      take: ({ r, k, o }, length) => {
        this.current = r;
        this.index.place(k, o, length);
      },
      everything: () => ({ revision: this.current, objects: this.index.lines(this.current) }),
    });
    this.changes = watchLog(this.current);
  }

  get revision(): number {
    return this.current;
  }

  get bytes(): number {
    return this.index.bytes;
  }

  get(key: ObjectKey): KubeObject | undefined {
    return this.index.get(key);
  }

  byUid(uid: string) {
    return this.index.byUid(uid);
  }

  list(resource: string, filter: ListFilter = {}): readonly KubeObject[] {
    return this.index.list(resource, filter);
  }

  dependents(uid: string) {
    return this.index.dependents(uid);
  }

  count(resource: string, namespace?: string): number {
    return this.index.count(resource, namespace);
  }

  resources(): readonly string[] {
    return this.index.resources();
  }

  resourcesIn(namespace: string): readonly string[] {
    return this.index.resourcesIn(namespace);
  }

  changesSince(resource: string, revision: number): readonly Change[] | 'expired' {
    return this.changes.since(resource, revision);
  }

  subscribe(listener: Listener, resource?: string): () => void {
    const { listeners } = this;
    const group = resource === undefined ? this.everyone : (listeners.get(resource) ?? new Set<Listener>());
    group.add(listener);
    if (resource !== undefined) listeners.set(resource, group);
    return () => {
      group.delete(listener);
      if (resource !== undefined && group.size === 0 && listeners.get(resource) === group) listeners.delete(resource);
    };
  }

  put(key: ObjectKey, object: KubeObject, most?: Room): KubeObject {
    const revision = this.current + 1;
    const stored: KubeObject = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
    const line = lineOf({ r: revision, k: key, o: stored });
    const { length } = line;
    if (most) {
      const more = length - this.index.sizeOf(this.get(key));
      if (length > most.object) throw new NoRoom('object');
      if (more > 0 && this.bytes + more > most.store) throw new NoRoom('store');
    }
    this.journal.append(line);
    this.current = revision;
    const previous = this.index.place(key, stored, length);
    const type = previous ? 'MODIFIED' : 'ADDED';
    this.tell({ type, key, object: stored, revision, ...(previous && { previous }) }, length);
    return stored;
  }

  remove(key: ObjectKey): KubeObject | undefined {
    const last = this.get(key);
    if (!last) return undefined;
    const revision = this.current + 1;
    this.journal.append(lineOf({ r: revision, k: key }));
    this.current = revision;
    const length = this.index.sizeOf(last);
    this.index.place(key, undefined, 0);
    const object: KubeObject = { ...last, metadata: { ...last.metadata, resourceVersion: String(revision) } };
    this.tell({ type: 'DELETED', key, object, previous: last, revision }, length);
    return object;
  }

  compact(): void {
    this.changes.forget(this.current);
  }

  close(): Promise<void> {
    this.journal.close();
    return Promise.resolve();
  }

  private tell(change: Change, length: number): void {
    this.changes.add(change, length);
    for (const group of [this.everyone, this.listeners.get(change.key.resource)]) {
      for (const listener of group ?? []) {
        try {
          listener(change);
        } catch (error) {
          // The write has succeeded, and other listeners are still called.
          this.options.log.error({ key: change.key, err: String(error) }, 'a listener of a sandbox failed');
        }
      }
    }
  }
}
