import type { IncomingMessage } from 'node:http';
import type { Clock, Ids, Logger } from '#kernel';
import { ANSWER_BYTES } from './answer-limits.ts';
import {
  KubernetesApiError,
  KubernetesUnreachableError,
  type ClientCallOptions,
  type Discovery,
  type KubernetesClient,
  type Patch,
  type Written,
} from './client.ts';
import { discoveryOf, TYPES, typesOfAggregated, typesOfResourceList } from './discovery.ts';
import { linesOf } from './lines.ts';
import { at, isKubernetesObject, isRecord, list, text, type KubernetesObject, type ResourceType } from './objects.ts';
import { tokenBucket, withRetries } from './pacing.ts';
import { countObjects, listPages, type ListParts } from './list-pages.ts';
import { pathOf, queryOf } from './paths.ts';
import { apiError, jsonOf, statusError, warningsOf } from './status.ts';
import { createTransport, type ServerResponse, type Outgoing, type TransportOptions } from './transport.ts';

export interface KubernetesClientOptions extends TransportOptions {
  readonly log: Logger;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Calls per second on average; 20 when left out. */
  readonly ratePerSecond?: number;
  /** Calls at once after a pause; twice the rate when left out. */
  readonly burst?: number;
  /** Milliseconds for a call that says nothing else; 30,000 when left out. */
  readonly deadlineMs?: number;
}

const APPLY = 'application/apply-patch+yaml'; // JSON is YAML
const PATCHES: Record<Patch['kind'], string> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
};
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
/** What one document of discovery counts at least: many empty ones take time too. */
const LEAST_BYTES = 4 * 1024;
const MAX_LOG_LINE_BYTES = 16 * 1024;

/**
 * Opens nothing until the first call. Close it when the cluster or its credential goes.
 * @throws KubernetesUnreachableError `egress` when the server's address has a form that is never dialled
 */
export function createKubernetesClient(options: KubernetesClientOptions): KubernetesClient {
  const { clock, ids, log } = options;
  const transport = createTransport(options);
  const rate = options.ratePerSecond ?? 20;
  const bucket = tokenBucket(clock, rate, options.burst ?? rate * 2);
  const defaultDeadlineMs = options.deadlineMs ?? 30_000;
  let discovered:
    | {
        readonly at: number;
        readonly etags: readonly (string | undefined)[];
        readonly parts: readonly (readonly ResourceType[])[];
        readonly discovery: Discovery;
      }
    | undefined;

  /** One call with pacing and retries; an answer of 400 and above rejects. */
  async function call(
    request: Omit<Outgoing, 'deadlineMs' | 'signal' | 'maxBytes'> & {
      readonly idempotent: boolean;
      readonly accept304?: boolean;
    },
    { signal, deadlineMs, maxBytes = ANSWER_BYTES.object }: ClientCallOptions,
  ): Promise<ServerResponse> {
    const rules = {
      clock,
      ids,
      deadlineAt: clock.monotonic() + (deadlineMs ?? defaultDeadlineMs),
      idempotent: request.idempotent,
      ...(signal && { signal }),
    };
    return withRetries(rules, async () => {
      await bucket.take(signal);
      const remainingMs = rules.deadlineAt - clock.monotonic();
      if (remainingMs <= 0)
        throw new KubernetesUnreachableError('timeout', 'The deadline passed before the call was made.', false);
      const answer = await transport.exchange({
        ...request,
        maxBytes,
        deadlineMs: remainingMs,
        ...(signal && { signal }),
      });
      if (answer.status >= 200 && answer.status < 300) return answer;
      if (answer.status === 304 && request.accept304) return answer;
      const error = apiError(answer);
      log.debug(
        { method: request.method, status: error.status, reason: error.reason },
        'the API server refused a call',
      );
      throw error;
    });
  }

  async function write(
    request: {
      readonly method: 'POST' | 'PUT' | 'PATCH';
      readonly path: string;
      readonly contentType: string;
      readonly body: unknown;
      readonly idempotent: boolean;
    },
    options: ClientCallOptions,
  ): Promise<Written> {
    const answer = await call(
      {
        method: request.method,
        path: request.path,
        headers: { 'content-type': request.contentType },
        body: JSON.stringify(request.body),
        idempotent: request.idempotent,
      },
      options,
    );
    return { object: objectOf(answer), created: answer.status === 201, warnings: warningsOf(answer.headers) };
  }

  async function stream(path: string, { signal, deadlineMs }: ClientCallOptions) {
    const deadlineAt = clock.monotonic() + (deadlineMs ?? defaultDeadlineMs);
    return withRetries({ clock, ids, deadlineAt, idempotent: true, ...(signal && { signal }) }, async (remainingMs) => {
      await bucket.take(signal);
      const response = await transport.open({
        method: 'GET',
        path,
        maxBytes: ANSWER_BYTES.small,
        deadlineMs: remainingMs,
        ...(signal && { signal }),
      });
      if (response.statusCode === 200 || response.statusCode === 204) return response;
      throw apiError({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: await beginningOf(response, remainingMs),
      });
    });
  }

  const lists: ListParts = {
    clock,
    defaultDeadlineMs,
    get: async (path, options, headers) =>
      (await call({ method: 'GET', path, idempotent: true, ...(headers && { headers }) }, options)).body,
  };

  /** What a refusal says, as far as it comes in time; the rest is left. */
  async function beginningOf(response: IncomingMessage, deadlineMs: number): Promise<string> {
    const late = clock.timer(deadlineMs, () => response.destroy());
    let body = '';
    try {
      for await (const chunk of response) {
        body += String(chunk);
        if (body.length > ANSWER_BYTES.small) break;
      }
    } catch {
      // The connection broke: what has come is what there is.
    } finally {
      late.cancel();
    }
    return body;
  }

  /** One of the two discovery documents: its kinds, or undefined when nothing changed since `etag`. */
  async function discover(path: '/api' | '/apis', etag: string | undefined, options: ClientCallOptions) {
    const answer = await call(
      {
        method: 'GET',
        path,
        headers: { accept: AGGREGATED, ...(etag !== undefined && { 'if-none-match': etag }) },
        idempotent: true,
        accept304: true,
      },
      { ...options, maxBytes: ANSWER_BYTES.discovery },
    );
    if (answer.status === 304) return undefined;
    const document = jsonOf(answer.body);
    const next = text(answer.headers.etag);
    if (at(document, 'kind') === 'APIGroupDiscoveryList') return { types: typesOfAggregated(document), etag: next };
    const versions =
      path === '/api'
        ? list(at(document, 'versions')).map((version) => ({
            group: '',
            version: String(version),
            path: `/api/${String(version)}`,
          }))
        : list(at(document, 'groups')).flatMap((group) => {
            const preferred = at(group, 'preferredVersion', 'version');
            const all = list(at(group, 'versions')).map((entry) => String(at(entry, 'version')));
            return [
              ...all.filter((version) => version === preferred),
              ...all.filter((version) => version !== preferred),
            ].map((version) => ({
              group: String(at(group, 'name')),
              version,
              path: `/apis/${String(at(group, 'name'))}/${version}`,
            }));
          });
    const types: ResourceType[] = [];
    let maxBytes: number = ANSWER_BYTES.discovery;
    for (const entry of versions) {
      const resources = await call({ method: 'GET', path: entry.path, idempotent: true }, { ...options, maxBytes });
      maxBytes -= Math.max(resources.body.length, LEAST_BYTES);
      types.push(...typesOfResourceList(jsonOf(resources.body), entry.group, entry.version));
    }
    return { types, etag: undefined };
  }

  const client: KubernetesClient = {
    server: options.server,

    async get(type, name, namespace, options = {}) {
      try {
        return objectOf(
          await call({ method: 'GET', path: pathOf(type, { name, namespace }), idempotent: true }, options),
        );
      } catch (error) {
        if (error instanceof KubernetesApiError && error.status === 404 && error.reason === 'NotFound')
          return undefined;
        throw error;
      }
    },

    list: (type, options = {}) => listPages(lists, type, options),

    count: (type, options = {}) => countObjects(lists, type, options),

    async *watch(
      type,
      { namespace, labelSelector, fieldSelector, resourceVersion, timeoutSeconds = 300, signal, idleMs = 120_000 },
    ) {
      const query = queryOf({
        watch: true,
        allowWatchBookmarks: true,
        resourceVersion,
        timeoutSeconds,
        labelSelector,
        fieldSelector,
      });
      const response = await stream(pathOf(type, { namespace }) + query, signal ? { signal } : {});
      for await (const line of linesOf(response, {
        maxLineBytes: ANSWER_BYTES.object,
        overlong: 'refuse',
        clock,
        idleMs,
        ...(signal && { signal }),
      })) {
        if (line === '') continue;
        const event = jsonOf(line);
        const kind = at(event, 'type');
        const object = at(event, 'object');
        if (kind === 'ERROR' && isRecord(object)) throw statusError(object);
        if (!isRecord(object))
          throw new KubernetesUnreachableError('malformed', 'The server sent an invalid watch event.', false);
        if (kind === 'BOOKMARK')
          yield {
            type: 'BOOKMARK',
            object: {
              apiVersion: '',
              kind: '',
              ...object,
              metadata: { name: '', ...(isRecord(object['metadata']) ? object['metadata'] : {}) },
            },
          };
        else if ((kind === 'ADDED' || kind === 'MODIFIED' || kind === 'DELETED') && isKubernetesObject(object))
          yield { type: kind, object };
      }
    },

    apply(type, object, { fieldManager, force = false, dryRun = false, ...options }) {
      const query = queryOf({ fieldManager, force, fieldValidation: 'Strict', dryRun: dryRun ? 'All' : undefined });
      return write(
        {
          method: 'PATCH',
          path: pathOf(type, object.metadata) + query,
          contentType: APPLY,
          body: object,
          idempotent: true,
        },
        options,
      );
    },

    create(type, object, { fieldManager, dryRun = false, ...options }) {
      const query = queryOf({ fieldManager, fieldValidation: 'Strict', dryRun: dryRun ? 'All' : undefined });
      return write(
        {
          method: 'POST',
          path: pathOf(type, { namespace: object.metadata.namespace }) + query,
          contentType: 'application/json',
          body: object,
          idempotent: dryRun,
        },
        options,
      );
    },

    update(type, object, { fieldManager, dryRun = false, ...options }) {
      const query = queryOf({ fieldManager, fieldValidation: 'Strict', dryRun: dryRun ? 'All' : undefined });
      return write(
        {
          method: 'PUT',
          path: pathOf(type, object.metadata) + query,
          contentType: 'application/json',
          body: object,
          idempotent: dryRun,
        },
        options,
      );
    },

    patch(type, key, patch, { fieldManager, dryRun = false, ...options }) {
      const query = queryOf({ fieldManager, fieldValidation: 'Strict', dryRun: dryRun ? 'All' : undefined });
      return write(
        {
          method: 'PATCH',
          path: pathOf(type, key) + query,
          contentType: PATCHES[patch.kind],
          body: patch.body,
          idempotent: dryRun,
        },
        options,
      );
    },

    async delete(
      type,
      key,
      { uid, resourceVersion, propagation = 'Background', gracePeriodSeconds, dryRun = false, ...options } = {},
    ) {
      const preconditions = uid === undefined && resourceVersion === undefined ? undefined : { uid, resourceVersion };
      // Everything goes into the body: beside a body the server ignores the query, a dry run included.
      const body = {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: propagation,
        gracePeriodSeconds,
        preconditions,
        ...(dryRun && { dryRun: ['All'] }),
      };
      try {
        const answer = await call(
          {
            method: 'DELETE',
            path: pathOf(type, key),
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(body),
            idempotent: uid !== undefined || dryRun,
          },
          options,
        );
        return at(jsonOf(answer.body), 'kind') === 'Status' ? 'deleted' : 'deleting';
      } catch (error) {
        if (error instanceof KubernetesApiError && error.status === 404 && error.reason === 'NotFound') return 'absent';
        throw error;
      }
    },

    async *logs(
      namespace,
      pod,
      { container, follow = false, previous, timestamps, tailLines, sinceSeconds, limitBytes, signal, deadlineMs } = {},
    ) {
      const query = queryOf({ container, follow, previous, timestamps, tailLines, sinceSeconds, limitBytes });
      const path = pathOf(TYPES.pod, { name: pod, namespace, subresource: 'log' }) + query;
      const response = await stream(path, {
        ...(signal && { signal }),
        ...(deadlineMs !== undefined && { deadlineMs }),
      });
      const idle = follow ? {} : { idleMs: deadlineMs ?? defaultDeadlineMs };
      yield* linesOf(response, {
        maxLineBytes: MAX_LOG_LINE_BYTES,
        overlong: 'cut',
        clock,
        ...idle,
        ...(signal && { signal }),
      });
    },

    async version(options = {}) {
      const answer = await call({ method: 'GET', path: '/version', idempotent: true }, small(options));
      const version = text(at(jsonOf(answer.body), 'gitVersion'));
      if (version === undefined)
        throw new KubernetesUnreachableError(
          'malformed',
          'The server is not a Kubernetes API server: its /version does not name one.',
          false,
        );
      return version;
    },

    async discovery({ maxAgeMs = 60_000, ...options } = {}) {
      if (discovered && clock.monotonic() - discovered.at < maxAgeMs) return discovered.discovery;
      const asked = await Promise.all(
        (['/api', '/apis'] as const).map((path, index) => discover(path, discovered?.etags[index], options)),
      );
      const parts = asked.map((part, index) => part?.types ?? discovered?.parts[index] ?? []);
      const etags = asked.map((part, index) => (part ? part.etag : discovered?.etags[index]));
      const changed = !discovered || asked.some((part) => part !== undefined);
      discovered = {
        at: clock.monotonic(),
        etags,
        parts,
        discovery: changed || !discovered ? discoveryOf(parts.flat()) : discovered.discovery,
      };
      return discovered.discovery;
    },

    async mayI(question, options = {}) {
      const { verb, group, resource, subresource, namespace, name } = question;
      const review = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        metadata: {},
        spec: { resourceAttributes: { verb, group, resource, subresource, namespace, name } },
      };
      const answer = await call(
        {
          method: 'POST',
          path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(review),
          idempotent: true,
        },
        small(options),
      );
      const status = at(jsonOf(answer.body), 'status');
      return { allowed: at(status, 'allowed') === true, reason: text(at(status, 'reason')) ?? '' };
    },

    async requestToken(namespace, serviceAccount, expirationSeconds, options = {}) {
      const path = pathOf(TYPES.serviceAccount, { name: serviceAccount, namespace, subresource: 'token' });
      const body = JSON.stringify({
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { expirationSeconds },
      });
      const answer = await call(
        { method: 'POST', path, headers: { 'content-type': 'application/json' }, body, idempotent: true },
        small(options),
      );
      const status = at(jsonOf(answer.body), 'status');
      const token = text(at(status, 'token'));
      const expiresAt = text(at(status, 'expirationTimestamp'));
      if (token === undefined || expiresAt === undefined)
        throw new KubernetesUnreachableError(
          'malformed',
          'The server responded to a token request without a token.',
          false,
        );
      return { token, expiresAt };
    },

    async clusterUid(options = {}) {
      const uid = (await client.get(TYPES.namespace, 'kube-system', undefined, small(options)))?.metadata.uid;
      if (uid === undefined)
        throw new KubernetesUnreachableError(
          'malformed',
          'The cluster has no namespace kube-system, so it has no identity.',
          false,
        );
      return uid;
    },

    close: () => transport.close(),
  };
  return client;
}

/** For calls of which a few lines are expected. */
const small = (options: ClientCallOptions): ClientCallOptions => ({ maxBytes: ANSWER_BYTES.small, ...options });

function objectOf({ body }: ServerResponse): KubernetesObject {
  const object = jsonOf(body);
  if (!isKubernetesObject(object))
    throw new KubernetesUnreachableError(
      'malformed',
      'The server answered with something that is not an object.',
      true,
    );
  return object;
}
