import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerThenLinger } from '#http/connections';
import { ok, type Clock, type JsonObject, type Logger, type Result } from '#kernel';
import type { ResourceData, Schemas } from '#kubernetes/schemas';
import type { ApiStatus, PodLogs } from '../controller.ts';
import { isObject, type KubeObject } from '../store.ts';
import { myTurn } from '../turns.ts';
import { refusedTo, reviewOf, tokenFor } from './access.ts';
import { discoveryAt } from './discovery.ts';
import { hasEventsForm, toEventsForm } from './events-form.ts';
import { streamLogs } from './logs.ts';
import { accepted, type Form } from './negotiation.ts';
import { metadataOf } from './names.ts';
import { listOf, pageOf, partialOf } from './pages.ts';
import { bodyOf, deleteRequest, mediaType, objectIn, writeOptions } from './requests.ts';
import { placeOf, verbOf, type Place } from './routing.ts';
import { scaleOf } from './scale.ts';
import { fieldSelector, labelSelector } from './selectors.ts';
import { sendDiscovery, sendJson, sendStatus, sendText, textOf } from './send.ts';
import { causes, failure, invalid, nothingThere } from './status.ts';
import { tableOf } from './tables.ts';
import { callerOf, type Caller } from './tokens.ts';
import { streamChanges, watchLimit } from './watch.ts';
import type { PatchKind, Target, WriteApi, Written } from './write-api.ts';

export interface HttpApiOptions {
  readonly api: WriteApi;
  readonly schemas: Schemas;
  readonly clock: Clock;
  readonly log: Logger;
  /** Bearer token of the sandbox's owner; also signs tokens of ServiceAccounts. */
  readonly token: string;
  readonly logs?: PodLogs;
  /** Aborts open watches and log streams. */
  readonly closing: AbortSignal;
}

const URL_BYTES = 8 * 1024;
const NO_CONTAINERS = 'the sandbox runs no containers; register a cluster: astroctl clusters register';
const PATCHES: Readonly<Record<string, PatchKind>> = {
  'application/apply-patch+yaml': 'apply',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/json-patch+json': 'json',
};
const REVIEWS = new Set(['SelfSubjectAccessReview', 'SelfSubjectRulesReview', 'SelfSubjectReview']);

/** A request that was understood: which endpoint, whose, in what form it wants its answer. */
interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly caller: Caller;
  readonly method: string;
  readonly form: Form;
}

/** Answers requests as a Kubernetes API server does. @returns a handler for paths that begin at the server's root */
export function createHttpApi(
  options: HttpApiOptions,
): (request: IncomingMessage, response: ServerResponse, url: string, prefix: string) => Promise<void> {
  const { api, schemas, clock, log, token, closing } = options;
  const watches = watchLimit();

  return async (request, response, url, prefix) => {
    try {
      await answer(request, response, url, prefix);
    } catch (error) {
      if (request.destroyed && !request.complete) return response.destroy() as unknown as void; // the sender went away
      log.error(
        { err: error instanceof Error ? (error.stack ?? error.message) : String(error) },
        'the sandbox API failed',
      );
      if (!response.headersSent)
        sendStatus(response, failure(500, 'InternalError', 'the sandbox failed; its log says why'));
      else response.destroy();
    }
  };

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    target: string,
    prefix: string,
  ): Promise<void> {
    if (target.length > URL_BYTES)
      return sendStatus(response, failure(414, 'RequestURITooLong', `the address is longer than ${URL_BYTES} bytes`));
    const url = URL.parse(target, 'http://sandbox');
    if (!url || !target.startsWith('/')) return sendText(response, 404, '404 page not found\n');
    const path = url.pathname.replace(/(?<=.)\/$/, '');
    if (['/healthz', '/livez', '/readyz'].includes(path)) return sendText(response, 200, 'ok');
    const bearer = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const caller = bearer === undefined ? undefined : callerOf(bearer, token, api.store, clock.now());
    if (!caller) return sendStatus(response, failure(401, 'Unauthorized', 'Unauthorized'));
    const method = request.method ?? 'GET';
    const accept = request.headers.accept ?? '';
    if (method === 'GET') {
      const found = discoveryAt(schemas, path, { accept, prefix });
      if (found) return sendDiscovery(response, found, request.headers['if-none-match']);
    }
    const place = placeOf(schemas, path);
    if (!place)
      return path.startsWith('/api/') ||
        schemas.groupVersions().some(({ group, version }) => path.startsWith(`/apis/${group}/${version}/`))
        ? sendStatus(response, nothingThere())
        : sendText(response, 404, '404 page not found\n');
    const form = accepted(accept);
    if (!form)
      return sendStatus(
        response,
        failure(
          406,
          'NotAcceptable',
          '406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch',
          {},
        ),
      );
    return serve({ request, response, query: url.searchParams, caller, method, form }, place);
  }

  async function serve(asked: Asked, place: Place): Promise<void> {
    const { method, response, query, caller } = asked;
    const { resource, namespace, name, subresource } = place;
    if (resource.kind === 'Endpoints')
      response.appendHeader(
        'warning',
        '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"',
      );
    const isWatch =
      method === 'GET' && name === undefined && (query.get('watch') === 'true' || query.get('watch') === '1');
    const verb = verbOf(method, name, { isWatch, subresource });
    if (!verb || (subresource === '' && !resource.verbs.includes(verb)))
      return sendStatus(
        response,
        failure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {}),
      );
    if (REVIEWS.has(resource.kind)) {
      const body = await objectIn(asked.request, resource);
      return body.ok
        ? sendJson(response, 201, reviewOf(api.store, caller, resource, body.value.object))
        : refuse(asked, body.error);
    }
    const refused = refusedTo(api.store, caller, { verb, resource, namespace, name });
    if (refused) return sendStatus(response, refused);
    if (
      ['exec', 'attach', 'portforward', 'proxy', 'eviction', 'binding', 'ephemeralcontainers', 'resize'].includes(
        subresource,
      )
    )
      return sendStatus(response, failure(501, 'NotImplemented', NO_CONTAINERS));
    if (subresource === 'log' && resource.kind === 'Pod' && method === 'GET')
      return streamLogs(
        { api, clock, closing, watches, ...(options.logs && { logs: options.logs }) },
        asked,
        namespace,
        name ?? '',
      );
    if (name === undefined) return serveCollection(asked, place, isWatch);
    if (subresource !== '' && !resource.subresources.some((entry) => entry.name === subresource))
      return sendStatus(response, nothingThere());
    return serveOne(asked, { resource, namespace: resource.namespaced ? namespace : '', name, subresource });
  }

  async function serveCollection(asked: Asked, place: Place, isWatch: boolean): Promise<void> {
    const { method, response, query, request } = asked;
    const { resource, namespace } = place;
    if (method === 'POST') {
      const writing = writeOptions(request, query);
      if (!writing.ok) return sendStatus(response, writing.error);
      const body = await objectIn(request, resource);
      if (!body.ok) return refuse(asked, body.error);
      await myTurn();
      const { object, duplicates } = body.value;
      const said = metadataOf(object)['namespace'];
      const space = !resource.namespaced ? '' : namespace !== '' ? namespace : typeof said === 'string' ? said : '';
      return sendWritten(
        asked,
        resource,
        api.createObject({ resource, namespace: space, subresource: '' }, object, { ...writing.value, duplicates }),
      );
    }
    const labels = labelSelector(query.get('labelSelector'));
    const fields = fieldSelector(query.get('fieldSelector'), resource);
    if (!labels.ok) return sendStatus(response, labels.error);
    if (!fields.ok) return sendStatus(response, fields.error);
    const matches = (object: KubeObject): boolean => labels.value.matches(object) && fields.value(object);
    const isEverywhere = place.everywhere || !resource.namespaced;
    if (isWatch)
      return streamChanges({ api, clock, closing, watches }, asked, {
        resource,
        matches,
        ...(!isEverywhere && { namespace }),
        show: (object, isFirst) => shown(asked, resource, object, isFirst),
      });
    if (query.get('sendInitialEvents') !== null) return sendStatus(response, forbiddenInitialEvents(query));
    const key = api.keyOf({ resource, namespace: '', name: '' }).resource;
    const found = api.store
      .list(key, {
        ...(!isEverywhere && { namespace }),
        ...(Object.keys(labels.value.equal).length > 0 && { labels: labels.value.equal }),
      })
      .filter(matches);
    if (method === 'DELETE') {
      const wanted = await deleteRequest(request, query);
      if (!wanted.ok) return refuse(asked, wanted.error);
      const revision = String(api.store.revision);
      const last = found.map((object) =>
        ((done) => (done.ok ? done.value.last : object))(
          api.deleteObject(
            { resource, namespace: object.metadata.namespace ?? '', name: object.metadata.name },
            wanted.value,
          ),
        ),
      );
      return sendJson(response, 200, listOf(resource, last, { resourceVersion: revision }));
    }
    const page = pageOf(found, query, api.store.revision);
    if (!page.ok) return sendStatus(response, page.error);
    const { items, metadata } = page.value;
    const { form } = asked;
    if (form.kind === 'table')
      return sendJson(
        response,
        200,
        tableOf(
          resource,
          items.map((object) => inForm(resource, object)),
          metadata,
          { nowMs: clock.now(), include: include(query) },
        ),
      );
    if (form.kind === 'partial')
      return sendJson(response, 200, {
        kind: 'PartialObjectMetadataList',
        apiVersion: 'meta.k8s.io/v1',
        metadata,
        items: items.map(partialOf),
      });
    return sendJson(
      response,
      200,
      listOf(
        resource,
        items.map((object) => inForm(resource, object)),
        metadata,
      ),
    );
  }

  async function serveOne(
    asked: Asked,
    place: Omit<Target, 'subresource'> & { readonly subresource: string },
  ): Promise<void> {
    const { method, response, request, query } = asked;
    const { resource, namespace, name, subresource } = place;
    const target = { resource, namespace, name };
    if (subresource === 'token') {
      const account = api.get(target);
      const body = await objectIn(request, { kind: 'TokenRequest' });
      const made = !body.ok
        ? body
        : !account.ok
          ? account
          : tokenFor(account.value, body.value.object, { clock, secret: token });
      return made.ok ? sendJson(response, 201, made.value) : refuse(asked, made.error);
    }
    if (subresource === 'finalize') return finalize(asked, target);
    const part = subresource === 'status' || subresource === 'scale' ? subresource : '';
    if (method === 'GET') {
      const found = api.get(target);
      if (!found.ok) return sendStatus(response, found.error);
      return sendJson(
        response,
        200,
        part === 'scale' ? scaleOf(found.value) : shown(asked, resource, found.value, true),
      );
    }
    if (method === 'DELETE') {
      const wanted = await deleteRequest(request, query);
      if (!wanted.ok) return refuse(asked, wanted.error);
      await myTurn();
      const done = api.deleteObject(target, wanted.value);
      if (!done.ok) return sendStatus(response, done.error);
      const { last, gone } = done.value;
      const details = {
        name,
        ...(resource.group !== '' && { group: resource.group }),
        kind: resource.plural,
        uid: last.metadata.uid,
      };
      return sendJson(
        response,
        200,
        gone &&
          !['Pod', 'Service', 'PersistentVolumeClaim', 'ServiceAccount', 'ResourceQuota', 'PodTemplate'].includes(
            resource.kind,
          )
          ? { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details }
          : last,
      );
    }
    const whole: Target = { ...target, subresource: part };
    const kind = method === 'PATCH' ? PATCHES[mediaType(request)] : undefined;
    if (method === 'PATCH' && !kind)
      return sendStatus(response, failure(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {}));
    const writing = writeOptions(request, query);
    if (!writing.ok) return sendStatus(response, writing.error);
    if (kind) {
      const body = await bodyOf(request);
      if (!body.ok) return refuse(asked, body.error);
      await myTurn();
      return sendWritten(
        asked,
        resource,
        api.patch(whole, kind, body.value.value, { ...writing.value, duplicates: body.value.duplicates }),
      );
    }
    const body = await objectIn(request, part === 'scale' ? { kind: 'Scale' } : resource);
    if (!body.ok) return refuse(asked, body.error);
    await myTurn();
    return sendWritten(
      asked,
      resource,
      api.replace(whole, body.value.object, { ...writing.value, duplicates: body.value.duplicates }),
    );
  }

  /** PUT of a namespace's finalizers, which its controller sends at the end. */
  async function finalize(asked: Asked, target: Omit<Target, 'subresource'>): Promise<void> {
    const body = await objectIn(asked.request, target.resource);
    if (!body.ok) return refuse(asked, body.error);
    const found = api.get(target);
    if (!found.ok) return sendStatus(asked.response, found.error);
    const spec = isObject(body.value.object['spec']) ? body.value.object['spec'] : {};
    return sendWritten(
      asked,
      target.resource,
      ok({
        object: api.finalizeNamespace(
          found.value,
          Array.isArray(spec['finalizers']) ? spec['finalizers'].map(String) : [],
        ),
        created: false,
        warnings: [],
      }),
    );
  }

  /** One object in the form that was asked for. @param isFirst a watch names the columns of its table only once */
  function shown({ form, query }: Asked, resource: ResourceData, object: KubeObject, isFirst: boolean): JsonObject {
    const formed = inForm(resource, object);
    if (form.kind === 'table')
      return tableOf(
        resource,
        [formed],
        { resourceVersion: object.metadata.resourceVersion },
        { nowMs: clock.now(), include: include(query) },
        isFirst,
      );
    return form.kind === 'partial' ? partialOf(object) : formed;
  }

  function sendWritten(asked: Asked, resource: ResourceData, written: Result<Written, ApiStatus>): void {
    if (!written.ok) return sendStatus(asked.response, written.error);
    const { object, created, warnings } = written.value;
    for (const warning of warnings)
      asked.response.appendHeader('warning', `299 - "${warning.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`);
    sendJson(asked.response, created ? 201 : 200, inForm(resource, object));
  }

  /** A refusal of a body that may not have been read to its end. */
  function refuse({ request, response }: Asked, status: ApiStatus): void {
    if (request.complete) return sendStatus(response, status);
    const text = Buffer.from(textOf(status));
    response.writeHead(status.code ?? 500, {
      'content-type': 'application/json',
      'content-length': text.length,
      connection: 'close',
    });
    answerThenLinger(text, request, clock).pipe(response);
  }
}

const inForm = (resource: ResourceData, object: KubeObject): KubeObject =>
  hasEventsForm(resource) ? toEventsForm(object) : object;

/** What rows of a Table carry. */
function include(query: URLSearchParams): 'None' | 'Metadata' | 'Object' {
  const wanted = query.get('includeObject');
  return wanted === 'None' || wanted === 'Object' ? wanted : 'Metadata';
}

const forbiddenInitialEvents = (query: URLSearchParams): ApiStatus =>
  invalid({ kind: 'ListOptions', group: 'meta.k8s.io' }, '', [
    ...(query.get('resourceVersionMatch') !== null && query.get('resourceVersion') === null
      ? [
          causes.forbidden(
            'resourceVersionMatch',
            'resourceVersionMatch is forbidden unless resourceVersion is provided',
          ),
        ]
      : []),
    causes.forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'),
  ]);
