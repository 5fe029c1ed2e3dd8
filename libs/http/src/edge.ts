import { principalId } from '#access';
import { BODY_BYTES } from '#bus/contract';
import { limitConnections } from '#http/connections';
import rateLimit from '@fastify/rate-limit';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HEADER_BYTES, headersTooLarge, URL_BYTES, urlTooLong } from './adapter.ts';
import { mediaType, parseJsonBody, rawBody } from './body.ts';
import { contractHandler } from './contract-handler.ts';
import { EdgeFilter, noRoute, useProblems } from './edge-filter.ts';
import type { BrowserPages, EdgeOptions, EdgeParts, ServerOptions } from './edge-options.ts';
import { leakedKeyIn } from './leaked-key.ts';
import { EdgeMetrics } from './metrics.ts';
import { mountFiles } from './public-files.ts';
import { openApiOf } from './openapi.ts';
import { problemCodeOf } from './problem-codes.ts';
import { API_HELMET, securityHeaders } from './security-headers.ts';
import { OpenStreams } from './open-streams.ts';
import { principalOf, requestAuthorization } from './request-authorization.ts';
import { routesOf, RouteTable, type ContractRoute } from './routes.ts';
import { Turns } from './turns.ts';

const CONNECTIONS_PER_ADDRESS = 1_000;

/**
 * Adds the HTTP edge to a Nest application created with `edgeAdapter()`: a route for each contract, health, metrics,
 * OpenAPI, and problem documents for all errors, including those of Nest's controllers. Contract routes are added to
 * Fastify directly, because the bus authorizes requests and Nest's layers add nothing. Call this before `app.init()`.
 */
export function mountEdge(app: NestFastifyApplication, options: EdgeOptions): void {
  const routes = routesOf(options.contracts);
  const files = (options.files ?? []).map(({ path }) => ({ method: 'GET', template: path }));
  const { instance, parts } = mountServer(app, options, [
    ...routes,
    OPENAPI_ROUTE,
    ...files,
    ...(options.pages ?? []).flatMap((pages) => pages.routes),
  ]);
  const closing = new AbortController();
  instance.addHook('preClose', (done) => {
    closing.abort();
    done();
  });
  void instance.register(async (scope) =>
    mountContracts(scope, routes, options, { ...parts, closing: closing.signal }),
  );
  void instance.register(async (scope) => mountHealthRoutes(scope, parts));
  void instance.register(async (scope) => mountOpenApi(scope, options, parts));
  void instance.register(async (scope) => mountFiles(scope, options, parts));
  for (const pages of options.pages ?? []) void instance.register(async (scope) => mountPages(scope, pages, parts));
}

/**
 * Adds health and metrics to an application without an API, created with `edgeAdapter()`. Call this before
 * `app.init()`.
 */
export function mountHealth(app: NestFastifyApplication, options: ServerOptions): void {
  const { instance, parts } = mountServer(app, options, []);
  void instance.register(async (scope) => mountHealthRoutes(scope, parts));
}

const HEALTH_ROUTES = ['/livez', '/readyz', '/metrics'].map((template) => ({ method: 'GET', template }));
const isHealthRoute = (route: string): boolean => HEALTH_ROUTES.some(({ template }) => template === route);
const OPENAPI_ROUTE = { method: 'GET', template: '/openapi.json' };

/** Adds to every response its request ID, security headers, problem documents, and metrics. */
function mountServer(
  app: NestFastifyApplication,
  options: ServerOptions,
  routes: ConstructorParameters<typeof RouteTable>[0],
): { readonly instance: FastifyInstance; readonly parts: EdgeParts } {
  const instance = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  const metrics = new EdgeMetrics(options.metrics);
  const table = new RouteTable([...routes, ...HEALTH_ROUTES]);
  const parts: EdgeParts = { options, metrics, table };

  limitConnections(instance.server, {
    perAddress: options.connectionsPerAddress ?? CONNECTIONS_PER_ADDRESS,
    isTrustedProxy: options.isTrustedProxy,
    onRefused: () => metrics.connectionRefused(),
  });
  app.useGlobalFilters(new EdgeFilter(parts));
  let apiHeaders: Readonly<Record<string, string>> = {};
  let pageHeaders: Readonly<Record<string, string>> = {};
  void instance.register(async () => {
    apiHeaders = await securityHeaders(API_HELMET);
    pageHeaders = options.helmet ? await securityHeaders(options.helmet) : apiHeaders;
  });
  instance.addHook('onRequest', (request, reply, next) => {
    reply
      .headers((request.raw.url ?? '/').startsWith('/v1/') ? apiHeaders : pageHeaders)
      .header('x-request-id', request.id);
    const tooLong = sizeFault(request);
    const leaked = tooLong ? undefined : leakedKeyIn(request.raw.url ?? '/');
    if (leaked !== undefined) options.onLeakedKey?.(leaked);
    next(tooLong ?? (request.is404 ? noRoute(request, table) : undefined)); // no unnecessary body is read
  });
  instance.addHook('onResponse', (request, reply, next) => {
    const route = request.is404 ? 'none' : (request.routeOptions.url ?? 'none');
    metrics.finished(request.method, route, reply.statusCode, reply.elapsedTime);
    if (!isHealthRoute(route)) options.logger.info(accessLine(request, route, reply), 'request');
    next();
  });
  return { instance, parts };
}

/** Returns the access log's line of a request. It has the route's template, because a path may contain names. */
function accessLine(request: FastifyRequest, route: string, reply: FastifyReply): object {
  const code = problemCodeOf(request);
  return {
    method: request.method,
    route,
    status: reply.statusCode,
    ...(code !== undefined && { code }),
    ms: Math.round(reply.elapsedTime * 10) / 10,
    principal: principalId(principalOf(request)),
    requestId: request.id,
  };
}

function sizeFault({ raw }: FastifyRequest): Error | undefined {
  if ((raw.url?.length ?? 0) > URL_BYTES) return urlTooLong();
  let bytes = 0;
  for (const text of raw.rawHeaders) bytes += text.length + 2;
  return bytes > HEADER_BYTES ? headersTooLarge() : undefined;
}

async function mountContracts(
  scope: FastifyInstance,
  routes: readonly ContractRoute[],
  options: EdgeOptions,
  parts: EdgeParts & { readonly closing: AbortSignal },
): Promise<void> {
  await scope.register(rateLimit, { global: false });
  useProblems(scope, parts);
  const authorize = requestAuthorization(scope, options);
  const streams = new OpenStreams(options.streams);
  const turns = new Turns(options.clock);
  const mount = (into: FastifyInstance, given: readonly ContractRoute[]): void => {
    for (const route of given) {
      const handler = contractHandler(route, options, {
        closing: parts.closing,
        metrics: parts.metrics,
        streams,
        turns,
        principalOf,
      });
      into.route({
        method: route.method,
        url: route.fastifyPath,
        onRequest: authorize(route),
        handler,
      });
    }
  };
  const isRaw = ({ contract }: ContractRoute): boolean => contract.rawBody !== undefined;
  readJson(scope, parseJsonBody);
  mount(
    scope,
    routes.filter((route) => !isRaw(route)),
  );
  await scope.register(async (raw) => {
    readJson(raw, async (body, encoding) => rawBody(body, encoding));
    mount(raw, routes.filter(isRaw));
  });
}

/** Accepts JSON bodies in UTF-8, and no others. */
function readJson(
  scope: FastifyInstance,
  read: (body: Buffer, contentEncoding: string | undefined) => Promise<unknown>,
): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: BODY_BYTES },
    (request: FastifyRequest, body: Buffer) => {
      const { 'content-type': type, 'content-encoding': encoding } = request.headers;
      const charset = /charset\s*=\s*"?([^";\s]+)/i.exec(type ?? '')?.[1];
      if (charset !== undefined && !/^utf-?8$/i.test(charset)) return Promise.reject(mediaType());
      return read(body, encoding);
    },
  );
}

/** Adds public routes without rate limits. */
function mountHealthRoutes(scope: FastifyInstance, parts: EdgeParts): void {
  const { options, metrics } = parts;
  useProblems(scope, parts);
  scope.get('/livez', (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }));
  scope.get('/readyz', async (_request, reply) => {
    const readiness = await options.readiness();
    return reply
      .header('cache-control', 'no-store')
      .code(readiness.ready ? 200 : 503)
      .send(readiness);
  });
  scope.get('/metrics', async (_request, reply) =>
    reply
      .header('cache-control', 'no-store')
      .type(metrics.registry.contentType)
      .send(await metrics.registry.metrics()),
  );
}

/** Adds the routes for browsers. */
async function mountPages(scope: FastifyInstance, pages: BrowserPages, parts: EdgeParts): Promise<void> {
  await scope.register(rateLimit, { global: false });
  useProblems(scope, parts);
  await pages.mount(scope);
}

function mountOpenApi(scope: FastifyInstance, { contracts, about }: EdgeOptions, parts: EdgeParts): void {
  useProblems(scope, parts);
  let description: string | undefined;
  scope.get('/openapi.json', (_request, reply) => {
    description ??= JSON.stringify(openApiOf(contracts, about));
    return reply.type('application/json; charset=utf-8').send(description);
  });
}
