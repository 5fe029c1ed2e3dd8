import { PUBLIC, SERVICES_ONLY, type Principal } from '#access';
import { busErrors, checkAccess, DomainErrorException } from '#bus';
import type { Contract } from '#bus/contract';
import { announcesBody, networkOf } from '#http/connections';
import { domainError, type DomainError } from '#kernel';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Authentication } from './authentication.ts';
import { callerOf } from './caller-of.ts';
import type { EdgeOptions } from './edge-options.ts';
import { leakedKeyIn } from './leaked-key.ts';
import { edgeError } from './problem.ts';
import { preferredType } from './negotiation.ts';
import { RequestCounts, type Counted } from './request-counts.ts';
import { isPlainPath, organizationParameter, takesBody, type ContractRoute } from './routes.ts';

const WINDOW_MS = 60_000;
const DEFAULT_PER_MINUTE = 600;

const principals = new WeakMap<FastifyRequest, Principal>();

/** Returns the principal of an authorized request. */
export const principalOf = (request: FastifyRequest): Principal => principals.get(request) ?? { kind: 'anonymous' };

type Hook = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/**
 * Authorizes a request before its body is read: validates the path and Accept, authenticates the caller, applies the
 * rate limits, and checks the permission. Failed credentials count against the address, valid ones against their key or
 * user.
 */
export function requestAuthorization(scope: FastifyInstance, options: EdgeOptions): (route: ContractRoute) => Hook {
  const authenticate = authentication(scope, options);
  return (route) => {
    const authorize = bodyAuthorization(route, options);
    return async (request, reply) => {
      reply.header('cache-control', 'no-store');
      checkAddress(route, request);
      await authenticate(route, request, reply);
      if (announcesBody(request.raw)) await authorize(request);
    };
  };
}

/**
 * Checks the path and Accept.
 *
 * @throws EdgeError 404 or 406
 */
function checkAddress({ contract }: ContractRoute, { raw, headers }: FastifyRequest): void {
  const [path = '/'] = (raw.url ?? '/').split('?', 1);
  if (!isPlainPath(path)) throw edgeError(404, 'edge/no-route', 'No such route.', 'see /openapi.json');
  const types: readonly string[] = [
    'application/json',
    contract.kind === 'stream' ? 'text/event-stream' : 'application/problem+json',
    ...(contract.kind === 'stream' ? Object.values(contract.downloads ?? {}).map(({ mediaType }) => mediaType) : []),
  ];
  if (!preferredType(headers.accept, types))
    throw edgeError(
      406,
      'edge/not-acceptable',
      `Not acceptable; available: ${types.join(', ')}.`,
      'send Accept: application/json',
    );
}

/** Authenticates and counts requests. */
function authentication(scope: FastifyInstance, options: EdgeOptions) {
  const { authenticator } = options;
  const refused = recordingOf(options);
  const limitAddress = scope.createRateLimit({
    max: options.anonymousPerMinute ?? DEFAULT_PER_MINUTE,
    timeWindow: WINDOW_MS,
    keyGenerator: ({ ip }) => networkOf(ip),
  });
  const counts = options.requestCounts ?? new RequestCounts(options.clock);
  const limitPrincipal: Limit = (request) => {
    const principal = principalOf(request);
    const max = options.requestsPerMinute?.(principal) ?? DEFAULT_PER_MINUTE;
    return counts.take(callerOf(principal), max);
  };
  return async ({ contract }: ContractRoute, request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (leakedKeyIn(request.raw.url ?? '/') !== undefined) {
      await count(limitAddress, request, reply);
      throw new DomainErrorException(keyInUrl());
    }
    const found =
      contract.permission === PUBLIC ? ANONYMOUS : await authenticator.principalOf(request.raw, request.protocol);
    if (!found.ok || found.value.kind === 'anonymous') {
      await count(limitAddress, request, reply);
      if (!found.ok) {
        const { holder } = found;
        if (holder?.kind === 'key')
          refused({ contract, request, principal: holder, organizationId: holder.organizationId }, found.error);
        throw new DomainErrorException(found.error);
      }
      if (contract.permission !== PUBLIC) throw new DomainErrorException(notSignedIn());
      return;
    }
    principals.set(request, found.value);
    await count(limitPrincipal, request, reply);
    if (found.value.kind === 'key') options.onKeyUsed?.(found.value);
  };
}

/**
 * Checks the permission with the information of the route. The service repeats this check, so it is needed only for
 * requests with a body, which is then not read for callers without permission.
 */
function bodyAuthorization(route: ContractRoute, options: EdgeOptions): (request: FastifyRequest) => Promise<void> {
  const { access, clock } = options;
  const refused = recordingOf(options);
  const { contract, method } = route;
  const { permission, orPermission } = contract;
  const parameter = organizationParameter(route);
  const isKnownFromRoute = contract.organizationOf === undefined || parameter !== undefined;
  return async (request) => {
    if (permission !== PUBLIC && permission !== SERVICES_ONLY && isKnownFromRoute) {
      const directory = await access.current();
      if (!directory.ok) throw new DomainErrorException(directory.error);
      const named = parameter === undefined ? undefined : (request.params as Record<string, string>)[parameter];
      const organizationId = named === undefined ? undefined : directory.value.organization(named)?.id;
      const accessRequest = { principal: principalOf(request), permission, orPermission, organizationId };
      const decision = checkAccess(accessRequest, directory.value, clock.now());
      if (!decision.ok) {
        refused({ contract, request, ...accessRequest }, decision.error);
        throw new DomainErrorException(decision.error);
      }
    }
    if (!takesBody(method))
      throw new DomainErrorException(busErrors.invalidInput([{ pointer: '', message: `${method} takes no body` }]));
  };
}

interface Refused {
  readonly contract: Contract;
  readonly request: FastifyRequest;
  readonly principal: Principal;
  readonly organizationId: string | undefined;
}

/** Records requests that the edge denies, since they do not reach a service that would record them. */
function recordingOf({ refusals, clock }: EdgeOptions) {
  return ({ contract, request, principal, organizationId }: Refused, { code }: DomainError): void =>
    refusals?.refused({
      subject: contract.subject,
      permission: contract.permission,
      principal,
      ...(organizationId !== undefined && { organizationId }),
      code,
      correlationId: request.id,
      atMs: clock.now(),
    });
}

const ANONYMOUS: Authentication = { ok: true, value: { kind: 'anonymous' } };

const notSignedIn = () =>
  domainError('access/not-signed-in', 'unauthenticated', 'Authentication required: log in, or send an access key.', {
    fix: 'astroctl auth login',
  });
const keyInUrl = () =>
  domainError(
    'key/in-url',
    'unauthenticated',
    'The URL contains an access key. URLs are logged, so the key must be replaced.',
    {
      fix: 'create another (astroctl key create), revoke this one (astroctl key revoke ID), and send keys in the Authorization header',
    },
  );

/** A limiter of `@fastify/rate-limit`, or `RequestCounts`. */
type Limit = (
  request: FastifyRequest,
) => Counted | Promise<Counted | Awaited<ReturnType<ReturnType<FastifyInstance['createRateLimit']>>>>;

/**
 * Counts a request.
 *
 * @throws EdgeError 429 above the limit
 */
export async function count(limit: Limit, request: FastifyRequest, reply: FastifyReply): Promise<void> {
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
      `Rate limit exceeded: more than ${counted.max} requests per minute.`,
      `wait ${counted.ttlInSeconds} s`,
      {
        'retry-after': String(Math.max(1, counted.ttlInSeconds)),
      },
    );
  }
}
