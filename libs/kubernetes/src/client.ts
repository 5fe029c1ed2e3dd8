import type { KubernetesObject, ResourceType } from './objects.ts';

/** For every call. */
export interface ClientCallOptions {
  /** Ends the call at once; it rejects with KubernetesUnreachableError `aborted`. */
  readonly signal?: AbortSignal;
  /** Milliseconds for the whole call, tries and waits included; the client's own deadline when left out. */
  readonly deadlineMs?: number;
  /** Bytes of the answer, of a list all pages together; a server that answers more is cut off. See `ANSWER_BYTES`. */
  readonly maxBytes?: number;
}

export interface ListOptions extends ClientCallOptions {
  /** All namespaces when left out. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Objects per page; 100 when left out, and fewer where they are large. */
  readonly pageSize?: number;
  /** Ends the list after so many objects; all when left out. */
  readonly most?: number;
}

export interface ObjectList {
  readonly items: readonly KubernetesObject[];
  /** Where a watch continues. */
  readonly resourceVersion: string;
}

export interface WatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion: string;
  /** Seconds after which the server ends the watch; 300 when left out. */
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal;
  /** Milliseconds without a single byte after which the connection counts as dead; 120,000 when left out. */
  readonly idleMs?: number;
}

/** One line of a watch. BOOKMARK objects carry a resourceVersion and nothing else. An ERROR line is thrown as KubernetesApiError. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: KubernetesObject;
}

export interface WriteOptions extends ClientCallOptions {
  readonly fieldManager: string;
  readonly dryRun?: boolean;
}

export interface ApplyOptions extends WriteOptions {
  /** Takes conflicting fields from other managers; false when left out. */
  readonly force?: boolean;
}

/** What a write answered. */
export interface Written {
  readonly object: KubernetesObject;
  /** Whether the object did not exist before. */
  readonly created: boolean;
  /** Texts of the server's Warning headers. */
  readonly warnings: readonly string[];
}

export interface DeleteOptions extends ClientCallOptions {
  /** The object must still be this one, else 409. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  /** `Background` when left out. */
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
  readonly gracePeriodSeconds?: number;
  readonly dryRun?: boolean;
}

export interface LogOptions extends ClientCallOptions {
  readonly container?: string;
  /** Stays open and yields new lines; `deadlineMs` then does not hold, only `signal` ends it. */
  readonly follow?: boolean;
  readonly previous?: boolean;
  readonly timestamps?: boolean;
  readonly tailLines?: number;
  readonly sinceSeconds?: number;
  readonly limitBytes?: number;
}

export interface Discovery {
  readonly types: readonly ResourceType[];
  /** The type that serves an object of this apiVersion and kind. */
  find(apiVersion: string, kind: string): ResourceType | undefined;
  /** The type of a group and kind in the version that the server prefers. */
  preferred(group: string, kind: string): ResourceType | undefined;
}

export interface AccessQuestion {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  /** All namespaces when left out. */
  readonly namespace?: string;
  readonly name?: string;
}

/**
 * Speaks raw JSON with one API server as one identity. Rejections are KubernetesApiError (the server answered) or
 * KubernetesUnreachableError (no answer came; `uncertain` says whether a write may have happened). Reads, server-side
 * applies and deletes with a UID are tried again within the deadline; other writes are not, except after a 429.
 */
export interface KubernetesClient {
  readonly server: string;
  /** The object, or undefined when there is none of that name. A type unknown to the server rejects (reason `UnknownType`). */
  get(
    type: ResourceType,
    name: string,
    namespace?: string,
    call?: ClientCallOptions,
  ): Promise<KubernetesObject | undefined>;
  /** All pages. A continue token that expired starts the list again. */
  list(type: ResourceType, options?: ListOptions): Promise<ObjectList>;
  /** How many objects of a type there are, in all namespaces. */
  count(type: ResourceType, options?: ClientCallOptions): Promise<number>;
  /** Ends when the server ends it (its time-out); rejects with reason `Expired` when the version is too old. */
  watch(type: ResourceType, options: WatchOptions): AsyncIterable<WatchEvent>;
  /** Server-side apply, strict about fields. A conflict rejects with status 409 and the fields in `causes`. */
  apply(type: ResourceType, object: KubernetesObject, options: ApplyOptions): Promise<Written>;
  create(type: ResourceType, object: KubernetesObject, options: WriteOptions): Promise<Written>;
  /** Replaces; put uid and resourceVersion into the object's metadata to hold it against concurrent writers. */
  update(type: ResourceType, object: KubernetesObject, options: WriteOptions): Promise<Written>;
  patch(
    type: ResourceType,
    key: { readonly name: string; readonly namespace?: string },
    patch: Patch,
    options: WriteOptions,
  ): Promise<Written>;
  /** `deleted` at once, `deleting` while finalizers or dependents are waited for, `absent` when it was not there. */
  delete(
    type: ResourceType,
    key: { readonly name: string; readonly namespace?: string },
    options?: DeleteOptions,
  ): Promise<'deleted' | 'deleting' | 'absent'>;
  /** Lines of one container, oldest first. Lines over 16 KiB are cut and say so; the reader's pace holds the server back. */
  logs(namespace: string, pod: string, options?: LogOptions): AsyncIterable<string>;
  /** `gitVersion` of the server, such as `v1.36.3`. */
  version(call?: ClientCallOptions): Promise<string>;
  /** All kinds that the server serves; asked with an ETag, so repeated calls are cheap. */
  discovery(call?: ClientCallOptions & { readonly maxAgeMs?: number }): Promise<Discovery>;
  mayI(
    question: AccessQuestion,
    call?: ClientCallOptions,
  ): Promise<{ readonly allowed: boolean; readonly reason: string }>;
  /** A new token of a ServiceAccount. @param expirationSeconds at least 600, the server's minimum */
  requestToken(
    namespace: string,
    serviceAccount: string,
    expirationSeconds: number,
    call?: ClientCallOptions,
  ): Promise<{ readonly token: string; readonly expiresAt: string }>;
  /** Identity of the cluster: the UID of the namespace kube-system. */
  clusterUid(call?: ClientCallOptions): Promise<string>;
  /** Ends all connections; calls that are under way reject. */
  close(): void;
}

export type Patch =
  | { readonly kind: 'merge' | 'strategic'; readonly body: Readonly<Record<string, unknown>> }
  | { readonly kind: 'json'; readonly body: readonly Readonly<Record<string, unknown>>[] };

/** One manager's claim on one field, from a 409. */
export interface FieldConflict {
  readonly manager: string;
  /** Set when the manager wrote through a sub-resource, such as `scale`. */
  readonly subresource?: string;
  readonly field: string;
}

/** One cause of a refusal, as in the server's Status. */
export interface StatusCause {
  readonly reason: string;
  readonly field: string;
  readonly message: string;
}

/** The server answered with an error. */
export class KubernetesApiError extends Error {
  override readonly name = 'KubernetesApiError';
  readonly status: number;
  /** Reason of the Status, such as `Conflict` or `NotFound`; `UnknownType` for a path that the server does not serve; '' when it gave none. */
  readonly reason: string;
  readonly causes: readonly StatusCause[];
  readonly retryAfterSeconds: number | undefined;

  constructor(answer: {
    readonly status: number;
    readonly reason: string;
    readonly message: string;
    readonly causes?: readonly StatusCause[];
    readonly retryAfterSeconds?: number | undefined;
  }) {
    super(answer.message);
    this.status = answer.status;
    this.reason = answer.reason;
    this.causes = answer.causes ?? [];
    this.retryAfterSeconds = answer.retryAfterSeconds;
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

/** No usable answer came. */
export class KubernetesUnreachableError extends Error {
  override readonly name = 'KubernetesUnreachableError';
  readonly why: UnreachableCause;
  /** Whether the server may have done what was asked: look before doing it again. */
  readonly uncertain: boolean;

  constructor(why: UnreachableCause, message: string, uncertain: boolean, options?: ErrorOptions) {
    super(message, options);
    this.why = why;
    this.uncertain = uncertain;
  }
}

/** Whether an error is the server's 404 for an object. */
export const isNotFound = (error: unknown): boolean =>
  error instanceof KubernetesApiError && error.status === 404 && error.reason !== 'UnknownType';

/** Whether an error is a 409, of whatever reason. */
export const isConflict = (error: unknown): error is KubernetesApiError =>
  error instanceof KubernetesApiError && error.status === 409;

/** The fields that stood against a server-side apply, sorted (the server's order is random). Empty for other errors. */
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
