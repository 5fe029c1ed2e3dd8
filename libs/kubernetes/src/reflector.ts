import { backOffMs, chance, pause, type Clock, type Ids } from '#kernel';
import { isNotFound, KubernetesApiError, KubernetesUnreachableError, type KubernetesClient } from './client.ts';
import type { KubernetesObject, ResourceType } from './objects.ts';

export interface ReflectOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  /** What is kept of an object; all of it when left out. */
  readonly keep?: (object: KubernetesObject) => KubernetesObject;
  /** Called with each object as it comes, and once more when it goes. */
  readonly onObject?: (object: KubernetesObject) => void;
  readonly signal: AbortSignal;
  /** For the pauses between tries. */
  readonly clock: Clock;
  readonly ids: Ids;
  /** Called after each change of the copy, and when it is whole again after a list. */
  readonly onChange: () => void;
  /** Called when the server cannot be reached or answers with an error; the copy is kept and asking continues. */
  readonly onFault?: (error: unknown) => void;
}

/** A copy of all objects of one kind, kept level by list and watch. */
export interface Reflection {
  readonly objects: ReadonlyMap<string, KubernetesObject>;
  /** Whether a list has succeeded at least once. */
  readonly isWhole: boolean;
  /** Settles when the copy is whole for the first time, or asking was ended; rejects when the first list fails. */
  readonly whole: Promise<void>;
  /** Settles when nothing is asked any more. */
  readonly ended: Promise<void>;
}

const BACK_OFF = { firstMs: 250, mostMs: 30_000, spread: 0.5 };
/** Watches are ended by the server after 4 to 8 minutes, each at another moment, so that not all begin again together. */
const WATCH_SECONDS = { least: 240, more: 240 } as const;
/** A watch that ends sooner without a word is a proxy or server in trouble: it counts as a fault. */
const SHORT_WATCH_MS = 1_000;

/** Whether a client was closed under its users: its credential was replaced, or nobody seemed to need it. */
export const isClosed = (error: unknown): error is KubernetesUnreachableError =>
  error instanceof KubernetesUnreachableError && error.why === 'closed';

const keyOf = ({ metadata }: KubernetesObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

/**
 * List, then watch, then again: a watch that ends continues where it was, one that is too old (410) lists again, and faults are
 * waited out with growing pauses.
 */
export function reflect(client: KubernetesClient, type: ResourceType, options: ReflectOptions): Reflection {
  const objects = new Map<string, KubernetesObject>();
  const { signal, onChange, clock, ids, keep = (object: KubernetesObject) => object } = options;
  let isWhole = false;
  let settleWhole: { resolve: () => void; reject: (error: unknown) => void } | undefined;
  const whole = new Promise<void>((resolve, reject) => (settleWhole = { resolve, reject }));
  whole.catch(() => {}); // who does not wait for it hears of faults through onFault

  async function list(): Promise<string> {
    const { items, resourceVersion } = await client.list(type, { ...scope(options), signal });
    objects.clear();
    for (const item of items)
      objects.set(
        keyOf(item),
        keep({
          ...item,
          apiVersion: type.group === '' ? type.version : `${type.group}/${type.version}`,
          kind: type.kind,
        }),
      );
    if (options.onObject) for (const object of objects.values()) options.onObject(object);
    isWhole = true;
    settleWhole?.resolve();
    onChange();
    return resourceVersion;
  }

  async function watch(from: string): Promise<string> {
    let version = from;
    const timeoutSeconds = Math.round(WATCH_SECONDS.least + chance(ids) * WATCH_SECONDS.more);
    const begun = clock.monotonic();
    let isQuiet = true;
    for await (const { type: change, object } of client.watch(type, {
      ...scope(options),
      resourceVersion: version,
      timeoutSeconds,
      signal,
    })) {
      isQuiet = false;
      version = object.metadata.resourceVersion ?? version;
      if (change === 'BOOKMARK') continue;
      options.onObject?.(object);
      if (change === 'DELETED') objects.delete(keyOf(object));
      else objects.set(keyOf(object), keep(object));
      onChange();
    }
    if (isQuiet && !signal.aborted && clock.monotonic() - begun < SHORT_WATCH_MS)
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
        if (!isWhole) settleWhole?.reject(error);
        // Too old, or of a server that was restored from a backup: only a new list helps. A kind that is gone has no objects.
        version = undefined;
        if (isNotFound(error)) objects.clear();
        const isExpired = error instanceof KubernetesApiError && (error.status === 410 || error.reason === 'Expired');
        if (isExpired) continue;
        if (clock.monotonic() - watchedFrom > BACK_OFF.mostMs) failures = 0; // it had gone well
        watchedFrom = Number.POSITIVE_INFINITY;
        options.onFault?.(error);
        failures += 1;
        await pause(clock, backOffMs(BACK_OFF, failures, chance(ids)), signal);
      }
    }
    settleWhole?.resolve();
  }
  const ended = run();
  return {
    objects,
    get isWhole() {
      return isWhole;
    },
    whole,
    ended,
  };
}

const scope = ({ namespace, labelSelector }: ReflectOptions) => ({
  ...(namespace !== undefined && { namespace }),
  ...(labelSelector !== undefined && { labelSelector }),
});
