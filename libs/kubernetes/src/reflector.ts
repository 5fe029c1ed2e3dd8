import { backOffMs, chance, pause, type Clock, type Ids } from '#kernel';
import { isNotFound, KubernetesApiError, KubernetesUnreachableError, type KubernetesClient } from './client.ts';
import type { KubernetesObject, ResourceType } from './objects.ts';

export interface ReflectOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  /** Returns the part of an object to keep; the entire object by default. */
  readonly keep?: (object: KubernetesObject) => KubernetesObject;
  /** Called for each object that is added, changed, or removed, before `onChange`. */
  readonly onObject?: (change: ObjectChange) => void;
  readonly signal: AbortSignal;
  /** Clock of the delays between retries. */
  readonly clock: Clock;
  readonly ids: Ids;
  /** Called after each change, and when a new list is complete. */
  readonly onChange: () => void;
  /** Called when the server is unreachable or returns an error. Objects are kept, and requests are retried. */
  readonly onFault?: (error: unknown) => void;
}

/** An object before and after a change, each as `keep` returns it. */
export interface ObjectChange {
  readonly before?: KubernetesObject;
  readonly after?: KubernetesObject;
}

/** A cache of all objects of one kind, updated by list and watch. */
export interface Reflection {
  readonly objects: ReadonlyMap<string, KubernetesObject>;
  /** Whether a list has succeeded at least once. */
  readonly isSynced: boolean;
  /** Resolves after the first complete list, or when the reflection ends. Rejects if the first list fails. */
  readonly synced: Promise<void>;
  /** Resolves when no more requests are sent. */
  readonly ended: Promise<void>;
}

const BACK_OFF = { firstMs: 250, mostMs: 30_000, spread: 0.5 };
/** Range of watch timeouts in seconds. They vary so that watches do not restart at the same time. */
const WATCH_SECONDS = { least: 240, more: 240 } as const;
/**
 * Milliseconds. A watch that ends sooner without an event indicates a faulty proxy or server, and counts as a failure.
 */
const SHORT_WATCH_MS = 1_000;

/** Returns whether the client was closed: its credential was replaced, or it was idle. */
export const isClosed = (error: unknown): error is KubernetesUnreachableError =>
  error instanceof KubernetesUnreachableError && error.why === 'closed';

const keyOf = ({ metadata }: KubernetesObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

/**
 * Lists and then watches all objects of a type. A watch that ends is continued at its last version; one that is too old
 * (410) leads to a new list; other errors are retried with increasing delays.
 */
export function reflect(client: KubernetesClient, type: ResourceType, options: ReflectOptions): Reflection {
  const objects = new Map<string, KubernetesObject>();
  const { signal, onChange, clock, ids, keep = (object: KubernetesObject) => object } = options;
  let isSynced = false;
  let settleSynced: { resolve: () => void; reject: (error: unknown) => void } | undefined;
  const synced = new Promise<void>((resolve, reject) => (settleSynced = { resolve, reject }));
  synced.catch(() => {}); // callers that do not await it get errors through onFault

  function replace(key: string, after: KubernetesObject | undefined): void {
    const before = objects.get(key);
    if (after) objects.set(key, after);
    else objects.delete(key);
    if (before ?? after) options.onObject?.({ ...(before && { before }), ...(after && { after }) });
  }

  async function list(): Promise<string> {
    const { items, resourceVersion } = await client.list(type, { ...scope(options), signal });
    const listed = new Set(items.map(keyOf));
    for (const key of objects.keys()) if (!listed.has(key)) replace(key, undefined);
    const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
    for (const item of items) replace(keyOf(item), keep({ ...item, apiVersion, kind: type.kind }));
    isSynced = true;
    settleSynced?.resolve();
    onChange();
    return resourceVersion;
  }

  async function watch(from: string): Promise<string> {
    let version = from;
    const timeoutSeconds = Math.round(WATCH_SECONDS.least + chance(ids) * WATCH_SECONDS.more);
    const startedMs = clock.monotonic();
    let isEmpty = true;
    for await (const { type: change, object } of client.watch(type, {
      ...scope(options),
      resourceVersion: version,
      timeoutSeconds,
      signal,
    })) {
      isEmpty = false;
      version = object.metadata.resourceVersion ?? version;
      if (change === 'BOOKMARK') continue;
      // The last state may differ from the one before, and may be all that was received.
      if (change === 'DELETED') objects.set(keyOf(object), keep(object));
      replace(keyOf(object), change === 'DELETED' ? undefined : keep(object));
      onChange();
    }
    if (isEmpty && !signal.aborted && clock.monotonic() - startedMs < SHORT_WATCH_MS)
      throw new KubernetesUnreachableError('connection', 'The watch ended immediately.', false);
    return version;
  }

  async function run(): Promise<void> {
    let version: string | undefined;
    let failures = 0;
    let watchedFrom = Number.POSITIVE_INFINITY;
    while (!signal.aborted) {
      try {
        version ??= await list();
        watchedFrom = clock.monotonic();
        version = await watch(version);
        failures = 0;
      } catch (error) {
        if (signal.aborted) break;
        if (!isSynced) settleSynced?.reject(error);
        // The version has expired, or the server was restored from a backup: only a new list helps. An unknown kind has
        // no objects.
        version = undefined;
        if (isNotFound(error)) for (const key of objects.keys()) replace(key, undefined);
        const isExpired = error instanceof KubernetesApiError && (error.status === 410 || error.reason === 'Expired');
        if (isExpired) continue;
        if (clock.monotonic() - watchedFrom > BACK_OFF.mostMs) failures = 0; // it had worked
        watchedFrom = Number.POSITIVE_INFINITY;
        options.onFault?.(error);
        failures += 1;
        await pause(clock, backOffMs(BACK_OFF, failures, chance(ids)), signal);
      }
    }
    settleSynced?.resolve();
  }
  const ended = run();
  return {
    objects,
    get isSynced() {
      return isSynced;
    },
    synced,
    ended,
  };
}

const scope = ({ namespace, labelSelector }: ReflectOptions) => ({
  ...(namespace !== undefined && { namespace }),
  ...(labelSelector !== undefined && { labelSelector }),
});
