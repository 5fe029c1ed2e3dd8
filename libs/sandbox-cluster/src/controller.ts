import type { Clock, JsonObject, Result } from '#kernel';
import type { Change, KubeObject, ObjectKey, StoreReader } from './store.ts';

/** A refusal in the API's own words: a `Status` body and its HTTP code. */
export interface ApiStatus extends JsonObject {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: JsonObject;
  readonly status: 'Failure' | 'Success';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: JsonObject;
  readonly code?: number;
}

export type Propagation = 'Background' | 'Foreground' | 'Orphan';

/** What an event says; the sandbox adds names and times, and counts a repetition up instead of storing it twice. */
export interface EventText {
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, as `ScalingReplicaSet`. */
  readonly reason: string;
  readonly message: string;
  /** Who says it, as `deployment-controller`. */
  readonly component: string;
  /** What was done, as `Binding`: told in the newer form of events, which has no source and counts no repetitions. */
  readonly action?: string;
  /** The container's path within a pod: `spec.containers{web}`. */
  readonly fieldPath?: string;
}

/**
 * The cluster as a controller sees it: reads of the store, and writes that pass through the same rules as a request
 * (defaults, admission, validation, managed fields, no-op detection). Everything is synchronous: between a read and the
 * write that follows it nothing happens, so a conflict means that the controller used an object it read earlier.
 */
export interface Cluster {
  readonly store: StoreReader;
  readonly clock: Clock;
  /** RFC 3339 with whole seconds: now, or `ms` on the clock's wall. */
  timestamp(ms?: number): string;
  /** `metadata.generateName` works as in requests. */
  create(object: JsonObject, manager: string): Result<KubeObject, ApiStatus>;
  /** Replaces all but status. Identical content keeps the resourceVersion. */
  update(object: KubeObject, manager: string): Result<KubeObject, ApiStatus>;
  /** Replaces status alone. Identical content keeps the resourceVersion. */
  updateStatus(object: KubeObject, manager: string): Result<KubeObject, ApiStatus>;
  /** Sets the replicas of a workload as its scale endpoint would: the write is recorded as `scale`'s. */
  scale(object: KubeObject, replicas: number, manager: string): Result<KubeObject, ApiStatus>;
  /**
   * Deletes as a request would: finalizers and pods' grace periods are respected.
   * `graceSeconds: 0` removes a pod at once, as the kubelet does at the end.
   */
  delete(
    key: ObjectKey,
    options?: { readonly propagation?: Propagation; readonly graceSeconds?: number; readonly uid?: string },
  ): Result<KubeObject | undefined, ApiStatus>;
  /** Tells what happened to an object, in its namespace (`default` for objects of the whole cluster). */
  recordEvent(about: KubeObject, event: EventText): void;
}

/** Stands for every resource there is, those of custom kinds too. */
export const EVERY_RESOURCE = '*';

/** Which objects wake a controller. */
export interface Watch {
  readonly resource: string;
  /** Keys to reconcile because of this change; the object's own key when the function is left out. */
  keys?(change: Change, store: StoreReader): readonly ObjectKey[];
}

/** Asks to be called again for the same key, in any case not before; with 0, in the next turn. */
export interface Requeue {
  readonly afterMs: number;
}

/**
 * A control loop. The runner calls `reconcile` from a queue keyed by object, never inside a write, one key at a time over
 * all controllers, on the injected clock. Level-based: a call says "look", not what happened. After a start every
 * object of the watched resources is queued once, so nothing may be remembered that the objects do not say.
 */
export interface Controller {
  readonly name: string;
  readonly watches: readonly Watch[];
  reconcile(key: ObjectKey, cluster: Cluster): Requeue | undefined;
}

/** One line a container wrote. */
export interface LogLine {
  readonly atMs: number;
  readonly text: string;
}

/** Where `kubectl logs` gets its lines from. */
export interface PodLogs {
  /**
   * Lines of a container up to `nowMs`, oldest first, at most the newest 10,000.
   * @param options.previous the run before the last restart
   */
  lines(
    pod: KubeObject,
    container: string,
    options: { readonly previous: boolean; readonly nowMs: number },
  ): readonly LogLine[];
  /** Milliseconds until the container writes again, for `--follow`; `undefined` when it never will. */
  nextInMs(pod: KubeObject, container: string, nowMs: number): number | undefined;
}
