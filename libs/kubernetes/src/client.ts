import type { KubernetesObject, ResourceType } from './objects.ts';

/** Options of every call. */
export interface ClientCallOptions {
  /** Cancels the call, which then rejects with KubernetesUnreachableError `aborted`. */
  readonly signal?: AbortSignal;
  /** Milliseconds for the entire call, including retries and waits. The client's deadline by default. */
  readonly deadlineMs?: number;
  /**
   * Maximum bytes of the response, for a list of all pages together. A larger response is cut off. See `ANSWER_BYTES`.
   */
  readonly maxBytes?: number;
}

export interface ListOptions extends ClientCallOptions {
  /** All namespaces by default. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Objects per page; 100 by default. Reduced automatically for large objects. */
  readonly pageSize?: number;
  /** Maximum number of objects; unlimited by default. */
  readonly most?: number;
}

export interface ObjectList {
  readonly items: readonly KubernetesObject[];
  /** Version to start from; '' for a list that cannot be watched, such as one of a metrics-server. */
  readonly resourceVersion: string;
}

export interface WatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion: string;
  /** Seconds after which the server ends the watch; 300 by default. */
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal;
  /** Milliseconds without any data after which the connection is considered lost; 120,000 by default. */
  readonly idleMs?: number;
}

/**
 * One event of a watch. BOOKMARK objects contain only a resourceVersion. An ERROR event is thrown as
 * KubernetesApiError.
 */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: KubernetesObject;
}

export interface WriteOptions extends ClientCallOptions {
  readonly fieldManager: string;
  readonly dryRun?: boolean;
}

export interface ApplyOptions extends WriteOptions {
  /** Whether to take over conflicting fields from other managers; false by default. */
  readonly force?: boolean;
}

/** Result of a write. */
export interface Written {
  readonly object: KubernetesObject;
  /** Whether the object was created. */
  readonly created: boolean;
  /** Messages of the server's Warning headers. */
  readonly warnings: readonly string[];
}

export interface DeleteOptions extends ClientCallOptions {
  /** UID precondition: the call fails with 409 if the object has another UID. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  /** `Background` by default. */
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
  readonly gracePeriodSeconds?: number;
  readonly dryRun?: boolean;
}

export interface LogOptions extends ClientCallOptions {
  readonly container?: string;
  /** Keeps the stream open for new lines. Only `signal` ends it; `deadlineMs` does not apply. */
  readonly follow?: boolean;
  readonly previous?: boolean;
  readonly timestamps?: boolean;
  readonly tailLines?: number;
  readonly sinceSeconds?: number;
  readonly limitBytes?: number;
}

export interface Discovery {
  readonly types: readonly ResourceType[];
  /** Returns the type for an apiVersion and kind. */
  find(apiVersion: string, kind: string): ResourceType | undefined;
  /** Returns the type of a group and kind in the server's preferred version. */
  preferred(group: string, kind: string): ResourceType | undefined;
}

export interface AccessReview {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  /** All namespaces by default. */
  readonly namespace?: string;
  readonly name?: string;
}

/**
 * Client of one API server with one identity. Objects are plain JSON. Calls reject with KubernetesApiError (the server
 * returned an error) or KubernetesUnreachableError (no response; `uncertain` says whether a write may have happened).
 * Reads, server-side applies, and deletes with a UID are retried within the deadline; other writes only after a 429.
 */
export interface KubernetesClient {
  readonly server: string;
  /**
   * Returns an object; undefined if it does not exist. Rejects with reason `UnknownType` if the server does not serve
   * the type.
   */
  get(
    type: ResourceType,
    name: string,
    namespace?: string,
    call?: ClientCallOptions,
  ): Promise<KubernetesObject | undefined>;
  /** Returns all pages. If a continue token expires, the list starts again. */
  list(type: ResourceType, options?: ListOptions): Promise<ObjectList>;
  /** Returns the number of objects of a type in all namespaces. */
  count(type: ResourceType, options?: ClientCallOptions): Promise<number>;
  /** Watches until the server ends it (timeout). Rejects with reason `Expired` if the resourceVersion is too old. */
  watch(type: ResourceType, options: WatchOptions): AsyncIterable<WatchEvent>;
  /**
   * Performs a server-side apply with strict field validation. A conflict rejects with status 409 and the fields in
   * `causes`.
   */
  apply(type: ResourceType, object: KubernetesObject, options: ApplyOptions): Promise<Written>;
  create(type: ResourceType, object: KubernetesObject, options: WriteOptions): Promise<Written>;
  /** Replaces an object. To guard against concurrent writes, set uid and resourceVersion in its metadata. */
  update(type: ResourceType, object: KubernetesObject, options: WriteOptions): Promise<Written>;
  patch(
    type: ResourceType,
    key: { readonly name: string; readonly namespace?: string },
    patch: Patch,
    options: WriteOptions,
  ): Promise<Written>;
  /**
   * Returns `deleted` if the object was removed, `deleting` while finalizers or dependents remain, `absent` if it did
   * not exist.
   */
  delete(
    type: ResourceType,
    key: { readonly name: string; readonly namespace?: string },
    options?: DeleteOptions,
  ): Promise<'deleted' | 'deleting' | 'absent'>;
  /**
   * Returns the lines of one container, oldest first. Lines over 16 KiB are truncated with a notice. A slow reader
   * slows down the server.
   */
  logs(namespace: string, pod: string, options?: LogOptions): AsyncIterable<string>;
  /** Returns the server's `gitVersion`, such as `v1.36.3`. */
  version(call?: ClientCallOptions): Promise<string>;
  /** Returns all kinds that the server serves. Repeated calls are cheap, because they use an ETag. */
  discovery(call?: ClientCallOptions & { readonly maxAgeMs?: number }): Promise<Discovery>;
  mayI(review: AccessReview, call?: ClientCallOptions): Promise<{ readonly allowed: boolean; readonly reason: string }>;
  /**
   * Requests a new token of a ServiceAccount.
   * @param expirationSeconds at least 600, the server's minimum
   */
  requestToken(
    namespace: string,
    serviceAccount: string,
    expirationSeconds: number,
    call?: ClientCallOptions,
  ): Promise<{ readonly token: string; readonly expiresAt: string }>;
  /** Returns the identity of the cluster: the UID of the namespace kube-system. */
  clusterUid(call?: ClientCallOptions): Promise<string>;
  /** Closes all connections. Pending calls reject. */
  close(): void;
}

export type Patch =
  | { readonly kind: 'merge' | 'strategic'; readonly body: Readonly<Record<string, unknown>> }
  | { readonly kind: 'json'; readonly body: readonly Readonly<Record<string, unknown>>[] };

/** A field that another manager owns, from a 409. */
export interface FieldConflict {
  readonly manager: string;
  /** Set if the manager wrote through a subresource, such as `scale`. */
  readonly subresource?: string;
  readonly field: string;
}

/** A cause in the Status of a refusal. */
export interface StatusCause {
  readonly reason: string;
  readonly field: string;
  readonly message: string;
}

/** Thrown when the server returns an error. */
export class KubernetesApiError extends Error {
  override readonly name = 'KubernetesApiError';
  readonly status: number;
  /**
   * Reason of the Status, such as `Conflict` or `NotFound`; `UnknownType` for a path that the server does not serve; ''
   * if there is none.
   */
  readonly reason: string;
  readonly causes: readonly StatusCause[];
  readonly retryAfterSeconds: number | undefined;

  constructor(response: {
    readonly status: number;
    readonly reason: string;
    readonly message: string;
    readonly causes?: readonly StatusCause[];
    readonly retryAfterSeconds?: number | undefined;
  }) {
    super(response.message);
    this.status = response.status;
    this.reason = response.reason;
    this.causes = response.causes ?? [];
    this.retryAfterSeconds = response.retryAfterSeconds;
  }
}

export type UnreachableCause =
  | 'timeout'
  | 'aborted'
  | 'egress'
  | 'name'
  | 'refused'
  | 'certificate'
  | 'connection'
  | 'too-large'
  | 'malformed'
  | 'closed';

/** Thrown when no usable response was received. */
export class KubernetesUnreachableError extends Error {
  override readonly name = 'KubernetesUnreachableError';
  readonly why: UnreachableCause;
  /** Whether the server may have performed the request. Check before repeating it. */
  readonly uncertain: boolean;

  constructor(why: UnreachableCause, message: string, uncertain: boolean, options?: ErrorOptions) {
    super(message, options);
    this.why = why;
    this.uncertain = uncertain;
  }
}

/** Returns whether an error is the server's 404 for an object. */
export const isNotFound = (error: unknown): boolean =>
  error instanceof KubernetesApiError && error.status === 404 && error.reason !== 'UnknownType';

/** Returns whether an error is a 409, for any reason. */
export const isConflict = (error: unknown): error is KubernetesApiError =>
  error instanceof KubernetesApiError && error.status === 409;

/**
 * Returns the conflicting fields of a server-side apply, sorted (the server's order is random). Empty for other errors.
 */
export function conflictsOf(error: unknown): readonly FieldConflict[] {
  if (!isConflict(error)) return [];
  return error.causes
    .filter(({ reason }) => reason === 'FieldManagerConflict')
    .map(({ message, field }) => {
      const manager = /^conflict with "((?:[^"\\]|\\.)*)"/.exec(message)?.[1] ?? 'unknown';
      const subresource = /with subresource "([^"]*)"/.exec(message)?.[1];
      return { manager, field, ...(subresource === undefined ? {} : { subresource }) };
    })
    .sort((a, b) => (a.field + a.manager < b.field + b.manager ? -1 : 1));
}
