import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock, Logger } from '#kernel';
import type { Schemas } from '#kubernetes/schemas';
import type { PodLogs } from '../controller.ts';
import { actingCaller, refusedTo } from './access.ts';
import { Answers, type Asked } from './answers.ts';
import { CollectionRequests } from './collection-requests.ts';
import { discoveryAt } from './discovery.ts';
import { streamLogs } from './logs.ts';
import { accepted } from './negotiation.ts';
import { ObjectRequests } from './object-requests.ts';
import { objectIn, writeOptions } from './requests.ts';
import { REVIEWS, reviewOf, SELF_REVIEWS } from './reviews.ts';
import { placeOf, verbOf, type Place } from './routing.ts';
import { sendDiscovery, sendJson, sendStatus, sendText } from './send.ts';
import { failure, notFound, nothingThere } from './status.ts';
import { callerOf } from './tokens.ts';
import { watchLimit } from './watch.ts';
import type { WriteApi } from './write-api.ts';
import { ruleKind } from './names.ts';

export interface HttpApiOptions {
  readonly api: WriteApi;
  readonly schemas: Schemas;
  readonly clock: Clock;
  readonly log: Logger;
  /** Bearer token of the sandbox's owner. Also the signing key for tokens of ServiceAccounts. */
  readonly token: string;
  readonly logs?: PodLogs;
  /** Aborts open watches and log streams. */
  readonly closing: AbortSignal;
}

const URL_BYTES = 8 * 1024;
const NO_CONTAINERS = 'the sandbox runs no containers; register a cluster: astroctl clusters register';
const NOT_SIMULATED = new Set([
  'exec',
  'attach',
  'portforward',
  'proxy',
  'eviction',
  'binding',
  'ephemeralcontainers',
  'resize',
]);
const REPRESENTATIONS =
  'application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch';

/** Handles requests as a Kubernetes API server does. */
export class HttpApi {
  private readonly watches = watchLimit();
  private readonly answers: Answers;
  private readonly collections: CollectionRequests;
  private readonly objects: ObjectRequests;

  constructor(private readonly options: HttpApiOptions) {
    const { watches } = this;
    this.answers = new Answers(options.clock);
    this.collections = new CollectionRequests({ ...options, watches, answers: this.answers });
    this.objects = new ObjectRequests({ ...options, answers: this.answers });
  }

  /**
   * @param url path and query, relative to the server's root
   * @param prefix part of the address before that root
   */
  async handle(request: IncomingMessage, response: ServerResponse, url: string, prefix: string): Promise<void> {
    try {
      await this.answer(request, response, url, prefix);
    } catch (error) {
      if (request.destroyed && !request.complete) return void response.destroy(); // the client disconnected
      this.options.log.error(
        { err: error instanceof Error ? (error.stack ?? error.message) : String(error) },
        'the sandbox API failed',
      );
      if (!response.headersSent)
        sendStatus(response, failure(500, 'InternalError', 'the sandbox failed; its log says why'));
      else response.destroy();
    }
  }

  private async answer(
    request: IncomingMessage,
    response: ServerResponse,
    target: string,
    prefix: string,
  ): Promise<void> {
    const { api, schemas, token, clock } = this.options;
    if (target.length > URL_BYTES)
      return sendStatus(response, failure(414, 'RequestURITooLong', `the address is longer than ${URL_BYTES} bytes`));
    const url = URL.parse(target, 'http://sandbox');
    if (!url || !target.startsWith('/')) return sendText(response, 404, '404 page not found\n');
    const path = url.pathname.replace(/(?<=.)\/$/, '');
    if (['/healthz', '/livez', '/readyz'].includes(path)) return sendText(response, 200, 'ok');
    const bearer = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const sender = bearer === undefined ? undefined : callerOf(bearer, token, api.store, clock.now());
    if (!sender) return sendStatus(response, failure(401, 'Unauthorized', 'Unauthorized'));
    const acting = actingCaller(api.store, sender, request.headers);
    if (!acting.ok) return sendStatus(response, acting.error);
    const caller = acting.value;
    const method = request.method ?? 'GET';
    const accept = request.headers.accept ?? '';
    if (method === 'GET') {
      const found = discoveryAt(schemas, path, { accept, prefix });
      if (found) return sendDiscovery(response, found, request.headers['if-none-match']);
    }
    const place = placeOf(schemas, path);
    if (!place) return this.noPlace(response, path);
    const form = accepted(accept);
    if (!form) {
      const message = `406: Not Acceptable\n\nAvailable representations: ${REPRESENTATIONS}`;
      return sendStatus(response, failure(406, 'NotAcceptable', message, {}));
    }
    return this.serve({ request, response, query: url.searchParams, caller, method, form }, place);
  }

  private async review(asked: Asked, { resource, namespace }: Place): Promise<void> {
    const { api, token } = this.options;
    const writing = writeOptions(asked.request, asked.query);
    if (!writing.ok) return sendStatus(asked.response, writing.error);
    const body = await objectIn(asked.request, resource);
    if (!body.ok) return this.answers.refuse(asked, body.error);
    const { object, duplicates } = body.value;
    const parts = { api, token, caller: asked.caller, namespace };
    const answer = reviewOf(parts, resource, object, { ...writing.value, duplicates });
    return answer.ok ? sendJson(asked.response, 201, answer.value) : this.answers.refuse(asked, answer.error);
  }

  private noPlace(response: ServerResponse, path: string): void {
    const isInGroup = ({ group, version }: { readonly group: string; readonly version: string }): boolean =>
      path.startsWith(`/apis/${group}/${version}/`);
    return path.startsWith('/api/') || this.options.schemas.groupVersions().some(isInGroup)
      ? sendStatus(response, nothingThere())
      : sendText(response, 404, '404 page not found\n');
  }

  private async serve(asked: Asked, place: Place): Promise<void> {
    const { api } = this.options;
    const { method, response, query, caller } = asked;
    const { resource, namespace, name, subresource } = place;
    if (ruleKind(resource) === 'Endpoints')
      response.appendHeader(
        'warning',
        '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"',
      );
    const isWatch = method === 'GET' && name === undefined && ['true', '1'].includes(query.get('watch') ?? '');
    const verb = verbOf(method, name, { isWatch, subresource });
    if (!verb || (subresource === '' && !resource.verbs.includes(verb))) {
      const message = 'the server does not allow this method on the requested resource';
      return sendStatus(response, failure(405, 'MethodNotAllowed', message, {}));
    }
    const refused = SELF_REVIEWS.has(ruleKind(resource))
      ? undefined
      : refusedTo(api.store, caller, {
          verb,
          group: resource.group,
          resource: resource.plural,
          subresource,
          namespace,
          name: name ?? '',
        });
    if (refused) return sendStatus(response, refused);
    if (REVIEWS.has(ruleKind(resource))) return this.review(asked, place);
    if (NOT_SIMULATED.has(subresource)) return sendStatus(response, failure(501, 'NotImplemented', NO_CONTAINERS));
    if (subresource === 'log' && ruleKind(resource) === 'Pod' && method === 'GET') {
      return streamLogs({ ...this.options, watches: this.watches }, asked, namespace, name ?? '');
    }
    if (name === undefined) return this.collections.serve(asked, place, isWatch);
    if (subresource !== '' && !resource.subresources.some((entry) => entry.name === subresource))
      return sendStatus(response, resource.custom ? notFound(resource, name) : nothingThere());
    return this.objects.serve(asked, {
      resource,
      namespace: resource.namespaced ? namespace : '',
      name,
      subresource,
    });
  }
}
