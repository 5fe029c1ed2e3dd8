import { MAX_RESPONSE_BYTES } from './response-limits.ts';
import { ApiCalls, type ApiCallsOptions } from './api-calls.ts';
import {
  KubernetesApiError,
  KubernetesUnreachableError,
  type AccessReview,
  type ApplyOptions,
  type ClientCallOptions,
  type DeleteOptions,
  type Discovery,
  type KubernetesClient,
  type ListOptions,
  type LogOptions,
  type ObjectList,
  type Patch,
  type WatchEvent,
  type WatchOptions,
  type WriteOptions,
  type Written,
} from './client.ts';
import { DiscoveryCache } from './discovery-cache.ts';
import { TYPES } from './discovery.ts';
import { linesOf } from './lines.ts';
import { countObjects, listPages, type ListParts } from './list-pages.ts';
import { at, isKubernetesObject, isRecord, text, type KubernetesObject, type ResourceType } from './objects.ts';
import { pathOf, queryOf } from './paths.ts';
import { jsonOf, statusError, warningsOf } from './status.ts';
import type { ServerResponse } from './transport.ts';

const APPLY = 'application/apply-patch+yaml'; // JSON is valid YAML
const PATCHES: Record<Patch['kind'], string> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
};
const MAX_LOG_LINE_BYTES = 16 * 1024;

/**
 * Creates a client, which connects at its first call. Close it when its cluster or credential is removed.
 * @throws KubernetesUnreachableError `egress` if the server's address is invalid
 */
export const createKubernetesClient = (options: ApiCallsOptions): KubernetesClient => new Client(options);

interface Key {
  readonly name: string;
  readonly namespace?: string;
}

type DiscoveryOptions = ClientCallOptions & { readonly maxAgeMs?: number };

class Client implements KubernetesClient {
  readonly server: string;
  private readonly calls: ApiCalls;
  private readonly lists: ListParts;
  private readonly discovered: DiscoveryCache;

  constructor(private readonly options: ApiCallsOptions) {
    const { server, clock } = options;
    this.server = server;
    this.calls = new ApiCalls(options);
    this.discovered = new DiscoveryCache(this.calls, clock);
    this.lists = {
      clock,
      defaultDeadlineMs: this.calls.defaultDeadlineMs,
      get: async (path, callOptions, headers) => {
        const response = await this.calls.call(
          { method: 'GET', path, idempotent: true, ...(headers && { headers }) },
          callOptions,
        );
        return response.body;
      },
    };
  }

  async get(
    type: ResourceType,
    name: string,
    namespace?: string,
    options: ClientCallOptions = {},
  ): Promise<KubernetesObject | undefined> {
    try {
      return objectOf(
        await this.calls.call({ method: 'GET', path: pathOf(type, { name, namespace }), idempotent: true }, options),
      );
    } catch (error) {
      if (error instanceof KubernetesApiError && error.status === 404 && error.reason === 'NotFound') return undefined;
      throw error;
    }
  }

  list(type: ResourceType, options: ListOptions = {}): Promise<ObjectList> {
    return listPages(this.lists, type, options);
  }

  count(type: ResourceType, options: ClientCallOptions = {}): Promise<number> {
    return countObjects(this.lists, type, options);
  }

  async *watch(
    type: ResourceType,
    {
      namespace,
      labelSelector,
      fieldSelector,
      resourceVersion,
      timeoutSeconds = 300,
      signal,
      idleMs = 120_000,
    }: WatchOptions,
  ): AsyncGenerator<WatchEvent> {
    const query = queryOf({
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion,
      timeoutSeconds,
      labelSelector,
      fieldSelector,
    });
    const response = await this.calls.stream(pathOf(type, { namespace }) + query, signal ? { signal } : {});
    for await (const line of linesOf(response, {
      maxLineBytes: MAX_RESPONSE_BYTES.object,
      overlong: 'refuse',
      clock: this.options.clock,
      idleMs,
      ...(signal && { signal }),
    })) {
      if (line === '') continue;
      const event = watchEventOf(jsonOf(line));
      if (event) yield event;
    }
  }

  apply(
    type: ResourceType,
    object: KubernetesObject,
    { fieldManager, force = false, dryRun = false, ...options }: ApplyOptions,
  ): Promise<Written> {
    const query = strictQuery({ fieldManager, dryRun }, force);
    return this.write(
      {
        method: 'PATCH',
        path: pathOf(type, object.metadata) + query,
        contentType: APPLY,
        body: object,
        idempotent: true,
      },
      options,
    );
  }

  create(
    type: ResourceType,
    object: KubernetesObject,
    { fieldManager, dryRun = false, ...options }: WriteOptions,
  ): Promise<Written> {
    const query = strictQuery({ fieldManager, dryRun });
    return this.write(
      {
        method: 'POST',
        path: pathOf(type, { namespace: object.metadata.namespace }) + query,
        contentType: 'application/json',
        body: object,
        idempotent: dryRun,
      },
      options,
    );
  }

  update(
    type: ResourceType,
    object: KubernetesObject,
    { fieldManager, dryRun = false, ...options }: WriteOptions,
  ): Promise<Written> {
    const query = strictQuery({ fieldManager, dryRun });
    return this.write(
      {
        method: 'PUT',
        path: pathOf(type, object.metadata) + query,
        contentType: 'application/json',
        body: object,
        idempotent: dryRun,
      },
      options,
    );
  }

  patch(
    type: ResourceType,
    key: Key,
    patch: Patch,
    { fieldManager, dryRun = false, ...options }: WriteOptions,
  ): Promise<Written> {
    const query = strictQuery({ fieldManager, dryRun });
    return this.write(
      {
        method: 'PATCH',
        path: pathOf(type, key) + query,
        contentType: PATCHES[patch.kind],
        body: patch.body,
        idempotent: dryRun,
      },
      options,
    );
  }

  async delete(
    type: ResourceType,
    key: Key,
    {
      uid,
      resourceVersion,
      propagation = 'Background',
      gracePeriodSeconds,
      dryRun = false,
      ...options
    }: DeleteOptions = {},
  ): Promise<'deleted' | 'deleting' | 'absent'> {
    const preconditions = uid === undefined && resourceVersion === undefined ? undefined : { uid, resourceVersion };
    // All options are in the body: if there is a body, the server ignores the query, even a dry run.
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: propagation,
      gracePeriodSeconds,
      preconditions,
      ...(dryRun && { dryRun: ['All'] }),
    };
    try {
      const response = await this.calls.call(
        {
          method: 'DELETE',
          path: pathOf(type, key),
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
          idempotent: uid !== undefined || dryRun,
        },
        options,
      );
      return at(jsonOf(response.body), 'kind') === 'Status' ? 'deleted' : 'deleting';
    } catch (error) {
      if (error instanceof KubernetesApiError && error.status === 404 && error.reason === 'NotFound') return 'absent';
      throw error;
    }
  }

  async *logs(
    namespace: string,
    pod: string,
    {
      container,
      follow = false,
      previous,
      timestamps,
      tailLines,
      sinceSeconds,
      limitBytes,
      signal,
      deadlineMs,
    }: LogOptions = {},
  ): AsyncGenerator<string> {
    const query = queryOf({ container, follow, previous, timestamps, tailLines, sinceSeconds, limitBytes });
    const path = pathOf(TYPES.pod, { name: pod, namespace, subresource: 'log' }) + query;
    const response = await this.calls.stream(path, {
      ...(signal && { signal }),
      ...(deadlineMs !== undefined && { deadlineMs }),
    });
    const idle = follow ? {} : { idleMs: deadlineMs ?? this.calls.defaultDeadlineMs };
    yield* linesOf(response, {
      maxLineBytes: MAX_LOG_LINE_BYTES,
      overlong: 'cut',
      clock: this.options.clock,
      ...idle,
      ...(signal && { signal }),
    });
  }

  async version(options: ClientCallOptions = {}): Promise<string> {
    const response = await this.calls.call({ method: 'GET', path: '/version', idempotent: true }, small(options));
    const version = text(at(jsonOf(response.body), 'gitVersion'));
    if (version === undefined)
      throw new KubernetesUnreachableError(
        'malformed',
        'The server is not a Kubernetes API server: its /version does not name one.',
        false,
      );
    return version;
  }

  discovery({ maxAgeMs = 60_000, ...options }: DiscoveryOptions = {}): Promise<Discovery> {
    return this.discovered.get(maxAgeMs, options);
  }

  async mayI(
    query: AccessReview,
    options: ClientCallOptions = {},
  ): Promise<{ readonly allowed: boolean; readonly reason: string }> {
    const { verb, group, resource, subresource, namespace, name } = query;
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      metadata: {},
      spec: { resourceAttributes: { verb, group, resource, subresource, namespace, name } },
    };
    const response = await this.calls.call(
      {
        method: 'POST',
        path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(review),
        idempotent: true,
      },
      small(options),
    );
    const status = at(jsonOf(response.body), 'status');
    return { allowed: at(status, 'allowed') === true, reason: text(at(status, 'reason')) ?? '' };
  }

  async requestToken(
    namespace: string,
    serviceAccount: string,
    expirationSeconds: number,
    options: ClientCallOptions = {},
  ): Promise<{ readonly token: string; readonly expiresAt: string }> {
    const path = pathOf(TYPES.serviceAccount, { name: serviceAccount, namespace, subresource: 'token' });
    const body = JSON.stringify({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds },
    });
    const response = await this.calls.call(
      { method: 'POST', path, headers: { 'content-type': 'application/json' }, body, idempotent: true },
      small(options),
    );
    const status = at(jsonOf(response.body), 'status');
    const token = text(at(status, 'token'));
    const expiresAt = text(at(status, 'expirationTimestamp'));
    if (token === undefined || expiresAt === undefined)
      throw new KubernetesUnreachableError(
        'malformed',
        'The server responded to a token request without a token.',
        false,
      );
    return { token, expiresAt };
  }

  async clusterUid(options: ClientCallOptions = {}): Promise<string> {
    const uid = (await this.get(TYPES.namespace, 'kube-system', undefined, small(options)))?.metadata.uid;
    if (uid === undefined)
      throw new KubernetesUnreachableError(
        'malformed',
        'The cluster has no namespace kube-system, so it has no identity.',
        false,
      );
    return uid;
  }

  close(): void {
    this.calls.close();
  }

  private async write(
    request: {
      readonly method: 'POST' | 'PUT' | 'PATCH';
      readonly path: string;
      readonly contentType: string;
      readonly body: unknown;
      readonly idempotent: boolean;
    },
    options: ClientCallOptions,
  ): Promise<Written> {
    const { method, path, contentType, body, idempotent } = request;
    const response = await this.calls.call(
      { method, path, headers: { 'content-type': contentType }, body: JSON.stringify(body), idempotent },
      options,
    );
    return { object: objectOf(response), created: response.status === 201, warnings: warningsOf(response.headers) };
  }
}

/**
 * Returns the query of a write with strict field validation.
 * @param force takes over fields of other managers; only for an apply
 */
const strictQuery = (
  { fieldManager, dryRun }: Pick<WriteOptions, 'fieldManager' | 'dryRun'>,
  force?: boolean,
): string => queryOf({ fieldManager, force, fieldValidation: 'Strict', dryRun: dryRun ? 'All' : undefined });

/**
 * Parses an event of a watch; undefined for an unknown event type.
 * @throws KubernetesApiError for an ERROR event
 */
function watchEventOf(event: unknown): WatchEvent | undefined {
  const kind = at(event, 'type');
  const object = at(event, 'object');
  if (kind === 'ERROR' && isRecord(object)) throw statusError(object);
  if (!isRecord(object))
    throw new KubernetesUnreachableError('malformed', 'The server sent an invalid watch event.', false);
  if (kind === 'BOOKMARK') {
    const metadata = { name: '', ...(isRecord(object['metadata']) ? object['metadata'] : {}) };
    return { type: 'BOOKMARK', object: { apiVersion: '', kind: '', ...object, metadata } };
  }
  const isChange = kind === 'ADDED' || kind === 'MODIFIED' || kind === 'DELETED';
  return isChange && isKubernetesObject(object) ? { type: kind, object } : undefined;
}

/** Returns options for calls with a small response. */
const small = (options: ClientCallOptions): ClientCallOptions => ({ maxBytes: MAX_RESPONSE_BYTES.small, ...options });

function objectOf({ body }: ServerResponse): KubernetesObject {
  const object = jsonOf(body);
  if (!isKubernetesObject(object))
    throw new KubernetesUnreachableError('malformed', 'The response of the server is not an object.', true);
  return object;
}
