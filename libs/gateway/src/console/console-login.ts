import { createHash } from 'node:crypto';
import { busErrors, DomainErrorException, orThrow, type Bus } from '#bus';
import {
  cookieIn,
  count,
  crossSite,
  isCrossSite,
  isSecureAt,
  loginCookiesIn,
  preferredType,
  problemOf,
  sessionDigest,
  setCookie,
  type Authenticator,
  type BrowserPages,
  type LoginCookie,
} from '#http';
import { networkOf } from '#http/connections';
import { logOutRequest, startSessionRequest } from '#identity/contract';
import { PAGE_HEADERS, problemPage } from '#identity/issuer';
import type { Clock, Ids } from '#kernel';
import { ensureDefaultOrganizationRequest } from '#organizations/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { decodeJwt } from 'jose';
import { z } from 'zod';
import { consoleErrors } from './console.errors.ts';
import { ATTEMPT_SECONDS, type LoginAttempts } from './login-attempt.ts';
import type { LoginTokens, RelyingParty } from './relying-party.ts';
import { returnPathOf } from './return-to.ts';

/** Requests of one address per minute. */
const PER_MINUTE = 300;
const SECRET_BYTES = 32;
const BODY_BYTES = 1_024;
/** Logins in progress in one browser. Their cookies must fit into the headers of a request, each with up to 3 KB. */
const MOST_PENDING = 4;

export interface ConsoleLoginOptions {
  /** Absent: this installation has no login for the console. */
  readonly relyingParty: RelyingParty | undefined;
  readonly attempts: LoginAttempts;
  readonly authenticator: Authenticator;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Public address of the platform. */
  readonly publicUrl: string;
}

const loginQuery = z.strictObject({
  return_to: z
    .string()
    .default('/')
    .transform((text, context) => {
      const path = returnPathOf(text);
      if (path !== undefined) return path;
      context.addIssue({ code: 'custom', message: 'must be a path of this platform, such as /o/acme' });
      return z.NEVER;
    }),
  /** Seconds. */
  max_age: z
    .string()
    .regex(/^\d{1,5}$/, 'must be a number of seconds')
    .transform(Number)
    .optional(),
});

/** Creates the routes with which browsers log in to the console, and out. */
export function consoleLogin(options: ConsoleLoginOptions): BrowserPages {
  const login = new ConsoleLogin(options);
  return {
    routes: [
      { method: 'GET', template: '/console/login' },
      { method: 'GET', template: '/callback' },
      { method: 'POST', template: '/console/logout' },
    ],
    mount(scope) {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_BYTES }, (_request, _body, done) =>
        done(null),
      );
      const limit = scope.createRateLimit({
        max: PER_MINUTE,
        timeWindow: 60_000,
        keyGenerator: ({ ip }) => networkOf(ip),
      });
      const route = (handle: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>) => ({
        onRequest: async (request: FastifyRequest, reply: FastifyReply) => {
          reply.header('cache-control', 'no-store');
          await count(limit, request, reply);
        },
        handler: async (request: FastifyRequest, reply: FastifyReply) => {
          try {
            return await handle(request, reply);
          } catch (error) {
            return respondProblem(error, request, reply);
          }
        },
      });
      scope.route({ method: 'GET', url: '/console/login', ...route((request, reply) => login.start(request, reply)) });
      scope.route({ method: 'GET', url: '/callback', ...route((request, reply) => login.end(request, reply)) });
      scope.route({
        method: 'POST',
        url: '/console/logout',
        ...route((request, reply) => login.logOut(request, reply)),
      });
    },
  };
}

class ConsoleLogin {
  private readonly origin: string;

  constructor(private readonly options: ConsoleLoginOptions) {
    this.origin = new URL(options.publicUrl).origin;
  }

  /**
   * Sends the browser to the issuer. The login in progress is in a cookie of its own, which only this browser has. The
   * oldest logins end if there are too many.
   */
  async start(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const parsed = loginQuery.safeParse(request.query);
    if (!parsed.success)
      throw new DomainErrorException(
        busErrors.invalidInput(
          parsed.error.issues.map(({ path, message }) => ({ pointer: `/${path.join('/')}`, message })),
        ),
      );
    const { return_to: returnTo, max_age: maxAge } = parsed.data;
    const { url, attempt } = orThrow(await this.relyingParty().start(returnTo, maxAge));
    const sealed = await this.options.attempts.seal(attempt);
    const isSecure = this.isSecure(request);
    const ended = loginCookiesIn(request.raw.headers.cookie, isSecure).slice(0, 1 - MOST_PENDING);
    return reply
      .header('set-cookie', [
        ...ended.map((cookie) => setCookie(cookie, '', isSecure, 0)),
        setCookie(cookieOf(attempt.state), sealed, isSecure, ATTEMPT_SECONDS),
      ])
      .redirect(url.href, 303);
  }

  /** Ends a login that this browser began, and starts a session with a new secret. */
  async end(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const isSecure = this.isSecure(request);
    const { headers, url } = request.raw;
    const query = queryOf(url);
    const cookie = cookieOf(new URLSearchParams(query).get('state') ?? '');
    const sealed = cookieIn(headers.cookie, cookie, isSecure);
    if (sealed !== undefined) reply.header('set-cookie', setCookie(cookie, '', isSecure, 0)); // it is used once
    const attempt = sealed === undefined ? undefined : await this.options.attempts.open(sealed);
    if (!attempt) throw new DomainErrorException(consoleErrors.attemptLost());
    const tokens = orThrow(await this.relyingParty().redeem(query, attempt));
    const former = cookieIn(headers.cookie, 'session', isSecure);
    const { secret, maxAgeSeconds } = await this.startSession(tokens, former);
    return reply
      .header('set-cookie', setCookie('session', secret, isSecure, maxAgeSeconds))
      .redirect(attempt.returnTo, 303);
  }

  /** Ends the session on every instance. Responds with the address at which the browser logs out of the issuer too. */
  async logOut(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { bus, authenticator, relyingParty } = this.options;
    if (isCrossSite(request.raw, this.origin)) throw new DomainErrorException(crossSite());
    const session = await authenticator.sessionOf(request.raw, request.protocol);
    let location = '/';
    if (session?.ok && session.value.kind === 'login' && session.value.session) {
      const {
        userId,
        session: { id },
      } = session.value;
      const ended = orThrow(await bus.request(logOutRequest, { userId, sessionId: id }, bus.own({})));
      const issuerPage = ended.idToken === null ? undefined : await relyingParty?.endSessionUrl(ended.idToken);
      location = issuerPage?.href ?? '/';
    } else if (session && !session.ok && session.error.kind === 'unavailable') {
      throw new DomainErrorException(session.error); // the session may not have ended
    }
    reply.header('set-cookie', setCookie('session', '', this.isSecure(request), 0));
    return preferredType(request.headers.accept, ['application/json', 'text/html']) === 'application/json'
      ? reply.send({ location })
      : reply.redirect(location, 303);
  }

  /** Registers the user and creates the default organization at a first login. No access key is created. */
  private async startSession(
    { accessToken, idToken, authenticatedAtMs }: LoginTokens,
    former: string | undefined,
  ): Promise<{ readonly secret: string; readonly maxAgeSeconds: number }> {
    const { authenticator, bus, clock, ids } = this.options;
    const userId = orThrow(await authenticator.userOf(accessToken));
    const ensured = await bus.request(ensureDefaultOrganizationRequest, { userId }, bus.own({}));
    // A person with pending invitations accepts one instead.
    if (!ensured.ok && ensured.error.code !== 'invitation/answer-first') throw new DomainErrorException(ensured.error);
    const secret = Buffer.from(ids.random(SECRET_BYTES)).toString('base64url');
    const { sid } = decodeJwt(accessToken); // verified above
    const { expiresAtMs } = orThrow(
      await bus.request(
        startSessionRequest,
        {
          userId,
          digest: sessionDigest(secret),
          idToken,
          ...(authenticatedAtMs !== undefined && { authenticatedAtMs }),
          ...(typeof sid === 'string' && { issuerSession: sid }),
          ...(former !== undefined && { replaces: sessionDigest(former) }),
        },
        bus.own({}),
      ),
    );
    return { secret, maxAgeSeconds: Math.max(1, Math.floor((expiresAtMs - clock.now()) / 1_000)) };
  }

  private relyingParty(): RelyingParty {
    const { relyingParty } = this.options;
    if (!relyingParty) throw new DomainErrorException(consoleErrors.notConfigured());
    return relyingParty;
  }

  private isSecure({ protocol }: FastifyRequest): boolean {
    return isSecureAt(this.origin, protocol);
  }
}

/** Returns the cookie of a login. A digest has a known length and characters, whatever a callback says. */
const cookieOf = (state: string): LoginCookie =>
  `login_${createHash('sha256').update(state).digest('base64url').slice(0, 16)}`;

const queryOf = (url: string | undefined): string => {
  const start = (url ?? '').indexOf('?');
  return start < 0 ? '' : (url ?? '').slice(start);
};

/** Responds to a person with a page. Other clients, and defects, are left to the handler of the edge. */
function respondProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const types = ['application/problem+json', 'text/html'];
  if (!(error instanceof DomainErrorException) || preferredType(request.headers.accept, types) !== 'text/html')
    throw error;
  const { detail, fix } = error.error;
  const { status } = problemOf(error.error, request.id);
  return reply
    .code(status)
    .headers(PAGE_HEADERS)
    .send(problemPage('You are not logged in', `${detail}${fix === undefined ? '' : ` To continue: ${fix}.`}`));
}
