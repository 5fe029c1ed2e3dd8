import type { Clock, JsonObject, Result } from '#kernel';
import type { Change, KubeObject, ObjectKey, StoreReader } from './store.ts';

/** A refusal as the API returns it: a `Status` body with its HTTP code. */
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

/** Content of an event. The sandbox adds names and times, and counts repetitions instead of storing them. */
export interface EventText {
  readonly type: 'Normal' | 'Warning';
  /** Reason in CamelCase, such as `ScalingReplicaSet`. */
  readonly reason: string;
  readonly message: string;
  /** Reporting component, such as `deployment-controller`. */
  readonly component: string;
  /** Action, such as `Binding`. Such an event uses the newer format, which has no source and counts no repetitions. */
  readonly action?: string;
  /** Path of the container within a pod: `spec.containers{web}`. */
  readonly fieldPath?: string;
}

/**
 * The cluster as controllers see it: reads of the store, and writes that follow the same rules as requests (defaults,
 * admission, validation, managed fields, no-op detection). All calls are synchronous: nothing changes between a read
 * and the write that follows it, so a conflict means that the controller used an object that it read earlier.
 */
export interface Cluster {
  readonly store: StoreReader;
  readonly clock: Clock;
  /** Formats a time as RFC 3339 with whole seconds: the current time, or `ms`, in milliseconds since 1970. */
  timestamp(ms?: number): string;
  /** Creates an object. `metadata.generateName` works as in requests. */
  create(object: JsonObject, manager: string): Result<KubeObject, ApiStatus>;
  /** Replaces everything except the status. Identical content keeps the resourceVersion. */
  update(object: KubeObject, manager: string): Result<KubeObject, ApiStatus>;
  /** Replaces only the status. Identical content keeps the resourceVersion. */
  updateStatus(object: KubeObject, manager: string): Result<KubeObject, ApiStatus>;
  /** Sets the replicas of a workload through its scale endpoint, so managedFields has an entry for `scale`. */
  scale(object: KubeObject, replicas: number, manager: string): Result<KubeObject, ApiStatus>;
  /**
   * Deletes an object as a request does: finalizers and grace periods of pods apply. `graceSeconds: 0` removes a pod
   * immediately, as the kubelet does after its containers stopped.
   */
  delete(
    key: ObjectKey,
    options?: { readonly propagation?: Propagation; readonly graceSeconds?: number; readonly uid?: string },
  ): Result<KubeObject | undefined, ApiStatus>;
  /** Records an event about an object, in its namespace (`default` for cluster-scoped objects). */
  recordEvent(about: KubeObject, event: EventText): void;
}

/** Matches every resource, including those of custom kinds. */
export const EVERY_RESOURCE = '*';

/** Objects whose changes trigger a controller. */
export interface Watch {
  readonly resource: string;
  /** Returns the keys to reconcile after this change; by default the object's own key. */
  keys?(change: Change, store: StoreReader): readonly ObjectKey[];
}

/** Requests another reconciliation of the same key, not earlier than this; with 0, in the next turn. */
export interface Requeue {
  readonly afterMs: number;
}

/**
 * A control loop. The runner calls `reconcile` from a queue of object keys, never within a write, one key at a time
 * across all controllers, and uses the injected clock. It is level-triggered: a call does not say what changed. After a
 * start, every object of the watched resources is queued once, so a controller must derive all of its state from the
 * objects.
 */
export interface Controller {
  readonly name: string;
  readonly watches: readonly Watch[];
  reconcile(key: ObjectKey, cluster: Cluster): Requeue | undefined;
}

/** One log line of a container. */
export interface LogLine {
  readonly atMs: number;
  readonly text: string;
}

/** Source of the lines for `kubectl logs`. */
export interface PodLogs {
  /**
   * Returns the lines of a container up to `nowMs`, oldest first, limited to the newest 10,000.
   * @param options.previous whether to return the lines of the run before the last restart
   */
  lines(
    pod: KubeObject,
    container: string,
    options: { readonly previous: boolean; readonly nowMs: number },
  ): readonly LogLine[];
  /** Milliseconds until the container writes its next line, for `--follow`; `undefined` if it writes none. */
  nextInMs(pod: KubeObject, container: string, nowMs: number): number | undefined;
}
