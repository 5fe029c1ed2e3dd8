import { parseAccessKey, PUBLIC, type Principal } from '#access';
import { domainError, type DomainError } from '#kernel';
import rateLimit from '@fastify/rate-limit';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HEADER_BYTES, headersTooLarge, URL_BYTES, urlTooLong } from './adapter.ts';
import { BODY_BYTES, mediaType, parseJsonBody } from './body.ts';
import { contractHandler } from './contract-handler.ts';
import { EdgeFilter, sendThrown } from './edge-filter.ts';
import type { EdgeOptions, EdgeParts } from './edge-options.ts';
import { edgeError } from './problem.ts';
import { EdgeMetrics } from './metrics.ts';
import { openApiOf } from './openapi.ts';
import { accepts } from './request-input.ts';
import { API_HELMET, securityHeaders } from './security-headers.ts';
import { isPlainPath, routesOf, RouteTable, type ContractRoute } from './routes.ts';

const WINDOW_MS = 60_000;
const DEFAULT_PER_MINUTE = 600;

/**
 * Puts the HTTP edge onto a Nest application made with `edgeAdapter()`: a route for each contract, health, metrics,
 * OpenAPI, and problem documents for everything that goes wrong, in Nest's own controllers too. Contract routes are
 * Fastify's own: Nest's layers would add nothing to them, since the guard is the bus's. Call it before `app.init()`.
 */
export function mountEdge(app: NestFastifyApplication, options: EdgeOptions): void {
  const instance = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  const metrics = options.metrics ?? new EdgeMetrics();
  const routes = routesOf(options.contracts);
  const table = new RouteTable([...routes, ...OWN_ROUTES]);
  const parts: EdgeParts = { options, metrics, table };

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
    next(sizeFault(request));
  });
  instance.addHook('onResponse', (request, reply, next) => {
    metrics.finished(
      request.method,
      request.is404 ? 'none' : (request.routeOptions.url ?? 'none'),
      reply.statusCode,
      reply.elapsedTime,
    );
    next();
  });

  const closing = new AbortController();
  instance.addHook('preClose', (done) => {
    closing.abort();
    done();
  });
  void instance.register(async (scope) => mountContracts(scope, routes, parts, closing.signal));
  void instance.register(async (scope) => mountOwn(scope, parts));
}

const OWN_ROUTES = ['/livez', '/readyz', '/metrics', '/openapi.json'].map((template) => ({ method: 'GET', template }));

function sizeFault({ raw }: FastifyRequest): Error | undefined {
  if ((raw.url?.length ?? 0) > URL_BYTES) return urlTooLong();
  let bytes = 0;
  for (const text of raw.rawHeaders) bytes += text.length + 2;
  return bytes > HEADER_BYTES ? headersTooLarge() : undefined;
}

async function mountContracts(
  scope: FastifyInstance,
  routes: readonly ContractRoute[],
  parts: EdgeParts,
  closing: AbortSignal,
): Promise<void> {
  const { options } = parts;
  await scope.register(rateLimit, { global: false });
  useProblems(scope, parts);
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: BODY_BYTES },
    (request: FastifyRequest, body: Buffer) => {
      const { 'content-type': type, 'content-encoding': encoding } = request.headers;
      const charset = /charset\s*=\s*"?([^";\s]+)/i.exec(type ?? '')?.[1];
      if (charset !== undefined && !/^utf-?8$/i.test(charset)) return Promise.reject(mediaType());
      return parseJsonBody(body, encoding);
    },
  );

  const admit = admission(scope, options);
  for (const route of routes) {
    const handler = contractHandler(route, options, {
      closing,
      metrics: parts.metrics,
      principalOf: (request) => principals.get(request) ?? { kind: 'anonymous' },
    });
    scope.route({
      method: route.method,
      url: route.fastifyPath,
      onRequest: (request, reply) => admit(route, request, reply),
      handler,
    });
  }
}

const principals = new WeakMap<FastifyRequest, Principal>();

/**
 * Who asks, before anything of the body is read: whether the address stands for itself, what is accepted, the
 * credential, and how often. Failed credentials count against the address, valid ones against their key or user.
 */
function admission(scope: FastifyInstance, options: EdgeOptions) {
  const { authenticator } = options;
  const limitAddress = scope.createRateLimit({
    max: options.anonymousPerMinute ?? DEFAULT_PER_MINUTE,
    timeWindow: WINDOW_MS,
    keyGenerator: ({ ip }) => ip,
  });
  const limitPrincipal = scope.createRateLimit({
    max: (request) =>
      options.requestsPerMinute?.(principals.get(request) ?? { kind: 'anonymous' }) ?? DEFAULT_PER_MINUTE,
    timeWindow: WINDOW_MS,
    keyGenerator: (request) => rateKeyOf(principals.get(request)),
  });
  return async ({ contract }: ContractRoute, request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    reply.header('cache-control', 'no-store');
    const url = request.raw.url ?? '/';
    const queryAt = url.indexOf('?');
    if (!isPlainPath(queryAt < 0 ? url : url.slice(0, queryAt)))
      throw edgeError(404, 'edge/no-route', 'Nothing is at this address.', 'see /openapi.json');
    const types =
      contract.kind === 'stream'
        ? ['application/json', 'text/event-stream']
        : ['application/json', 'application/problem+json'];
    if (!accepts(request.headers.accept, types))
      throw edgeError(
        406,
        'edge/not-acceptable',
        `This address answers ${types.join(' or ')}.`,
        'send Accept: application/json',
      );
    const leaked = queryAt >= 0 && url.includes('astro_', queryAt) ? leakedKey(request.query) : undefined;
    if (leaked !== undefined) {
      options.onLeakedKey?.(leaked);
      await count(limitAddress, request, reply);
      throw refused(
        domainError(
          'key/in-url',
          'unauthenticated',
          'An access key stood in the URL, where logs keep it; it must be replaced.',
          {
            fix: 'astroctl key rotate, and send keys in the header Authorization',
          },
        ),
      );
    }
    const found = contract.permission === PUBLIC ? ANONYMOUS : await authenticator.principalOf(request.headers);
    if (!found.ok || found.value.kind === 'anonymous') {
      await count(limitAddress, request, reply);
      if (!found.ok) throw refused(found.error);
      if (contract.permission !== PUBLIC)
        throw refused(
          domainError('access/not-signed-in', 'unauthenticated', 'This needs a login or an access key.', {
            fix: 'astroctl auth login',
          }),
        );
      return;
    }
    principals.set(request, found.value);
    await count(limitPrincipal, request, reply);
    if (found.value.kind === 'key') options.onKeyUsed?.(found.value);
  };
}

const ANONYMOUS = { ok: true, value: { kind: 'anonymous' } } as const;

type Limit = ReturnType<FastifyInstance['createRateLimit']>;

async function count(limit: Limit, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const counted = await limit(request);
  if (counted.isAllowed) return;
  const headers = {
    'ratelimit-limit': String(counted.max),
    'ratelimit-remaining': String(counted.remaining),
    'ratelimit-reset': String(counted.ttlInSeconds),
  };
  reply.headers(headers);
  if (counted.isExceeded) {
    throw edgeError(
      429,
      'edge/too-many-requests',
      `More than ${counted.max} requests within a minute.`,
      `wait ${counted.ttlInSeconds} s`,
      {
        'retry-after': String(Math.max(1, counted.ttlInSeconds)),
      },
    );
  }
}

function rateKeyOf(principal: Principal | undefined): string {
  switch (principal?.kind) {
    case 'key':
      return `key ${principal.keyId}`;
    case 'login':
      return `login ${principal.userId}`;
    default:
      return 'nobody';
  }
}

function leakedKey(query: unknown): string | undefined {
  return Object.values(query as Record<string, unknown>)
    .flat()
    .find((value): value is string => typeof value === 'string' && parseAccessKey(value) !== undefined);
}

/** A refusal in a form that Fastify carries to the error handler. */
class EdgeException extends Error {
  constructor(readonly error: DomainError) {
    super(error.code);
  }
}
const refused = (error: DomainError): EdgeException => new EdgeException(error);

function useProblems(scope: FastifyInstance, parts: EdgeParts): void {
  scope.setErrorHandler((thrown, request, reply) => sendThrown(thrown, request, reply, parts));
}

/** Health, metrics and OpenAPI: public, and never counted. */
function mountOwn(scope: FastifyInstance, parts: EdgeParts): void {
  const { options, metrics } = parts;
  useProblems(scope, parts);
  let description: string | undefined;
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
  scope.get('/openapi.json', (_request, reply) => {
    description ??= JSON.stringify(openApiOf(options.contracts, options.about));
    return reply.type('application/json; charset=utf-8').send(description);
  });
}
