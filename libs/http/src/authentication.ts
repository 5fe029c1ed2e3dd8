import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import {
  ACCESS_KEY_PREFIX,
  accountSuspended,
  activeMember,
  parseAccessKey,
  sessionEnded,
  type AccessSource,
  type Principal,
} from '#access';
import { domainError, err, ok, type Clock, type DomainError, type Result } from '#kernel';
import { LRUCache } from 'lru-cache';
import { crossSite, isCrossSite } from './cross-site.ts';
import type { AccessTokens } from './jwt.ts';
import type { LoginClaims, PersonClaimsReader } from './person-claims.ts';
import { cookieIn } from './session-cookies.ts';

/** Finds the user of a login, and registers the user at a first login. Implemented by the identity context. */
export interface UserResolver {
  userOf(claims: LoginClaims): Promise<Result<string, DomainError>>;
}

/** How long the user of a login is cached. */
const REMEMBER_MS = 5 * 60_000;
const REMEMBERED = 10_000;

/** Sessions of the console, which cookies authenticate. */
export interface ConsoleSessions {
  /** Origin of the console, such as `https://astro.acme.dev`. */
  readonly origin: string;
  /** Returns whether a session that has not ended was used recently enough, and records its use. */
  isLive(userId: string, sessionId: string): Promise<Result<boolean, DomainError>>;
}

export interface AuthenticatorOptions {
  readonly access: AccessSource;
  readonly clock: Clock;
  /** Verification of logins. Absent: only access keys are accepted. */
  readonly people?: {
    readonly tokens: AccessTokens;
    readonly claims: PersonClaimsReader;
    readonly users: UserResolver;
  };
  /** Absent: cookies are ignored. */
  readonly sessions?: ConsoleSessions;
}

const keyInvalid = (): DomainError<'key/invalid'> =>
  domainError('key/invalid', 'unauthenticated', 'Unknown access key.', {
    fix: 'astroctl auth login',
  });
const keyEnded = (word: 'expired' | 'revoked'): DomainError =>
  domainError(`key/${word}`, 'unauthenticated', `This access key is ${word}.`, { fix: 'astroctl auth login' });
const headerInvalid = (): DomainError<'access/credential-invalid'> =>
  domainError(
    'access/credential-invalid',
    'unauthenticated',
    'The credential is neither a Bearer token nor an access key.',
    {
      fix: 'send Authorization: Bearer TOKEN, or X-Astro-API-Key: KEY, and only one of them',
    },
  );

/** The principal that sent a request, or why its credential is not valid. */
export type Authentication = Result<Principal, DomainError> & {
  /** With an error: the former principal of a credential that has ended, if known. It has no rights. */
  readonly holder?: Principal;
};

/** Form of a session's secret: 32 random bytes. */
const SESSION_SECRET = /^[A-Za-z0-9_-]{43}$/;

/** Returns the digest under which a session is stored: lower-case hex SHA-256 of its secret. */
export const sessionDigest = (secret: string): string => hash('sha256', secret, 'hex');

/**
 * Returns whether cookies are `Secure`: if people reach the console over https.
 *
 * @param origin of the console
 * @param protocol with which the client sent the request, possibly to a trusted proxy
 */
export const isSecureAt = (origin: string, protocol: string): boolean =>
  origin.startsWith('https:') || protocol === 'https';

/** Returns the digest under which an access key is stored: lower-case hex SHA-256 of the complete text. */
export const accessKeyDigest = (key: string): string => hash('sha256', key, 'hex');

/** Authenticates requests. */
export class Authenticator {
  private readonly users: LRUCache<string, string>;

  constructor(private readonly options: AuthenticatorOptions) {
    const { clock } = options;
    this.users = new LRUCache({
      max: REMEMBERED,
      ttl: REMEMBER_MS,
      ttlResolution: 0,
      perf: { now: () => clock.monotonic() },
    });
  }

  /**
   * Returns the principal: anonymous without a credential; an `unauthenticated` error for one that is not valid. A
   * cookie counts only without another credential.
   *
   * @param protocol with which the client sent the request, possibly to a trusted proxy
   */
  async principalOf(request: IncomingMessage, protocol: string): Promise<Authentication> {
    const { authorization, 'x-astro-api-key': apiKey } = request.headers;
    if (authorization === undefined && apiKey === undefined) {
      const session = await this.sessionOf(request, protocol);
      return session ?? ok({ kind: 'anonymous' });
    }
    if (apiKey !== undefined)
      return typeof apiKey === 'string' && authorization === undefined ? this.keyHolder(apiKey) : err(headerInvalid());
    const bearer = typeof authorization === 'string' ? /^Bearer +([!-~]+)$/i.exec(authorization)?.[1] : undefined;
    if (bearer === undefined) return err(headerInvalid());
    return bearer.startsWith(ACCESS_KEY_PREFIX) ? this.keyHolder(bearer) : this.person(request, bearer);
  }

  /** Returns the principal of an access key. Malformed text is rejected by its checksum, without a lookup. */
  private async keyHolder(text: string): Promise<Authentication> {
    if (!parseAccessKey(text)) return err(keyInvalid());
    const digest = accessKeyDigest(text);
    const current = await this.options.access.current();
    if (!current.ok) return current;
    const directory = current.value;
    const found = directory.keys.get(digest);
    if (!found || !timingSafeEqual(Buffer.from(found.created.digest), Buffer.from(digest))) return err(keyInvalid());
    const { keyId, memberId, memberKind, role } = found.created;
    const { organizationId } = found;
    const holder: Principal = { kind: 'key', keyId, memberId, memberKind, role, organizationId };
    if (found.revoked) return { ...err(keyEnded('revoked')), holder };
    const nowMs = this.options.clock.now();
    if (nowMs >= found.expiresAtMs) return { ...err(keyEnded('expired')), holder };
    const organization = directory.organization(organizationId);
    const user = directory.users.get(memberId);
    if (organization?.status !== 'ACTIVE' || !activeMember(organization, memberId, nowMs) || user?.erased)
      return { ...err(keyInvalid()), holder };
    if (user?.suspended) return { ...err(accountSuspended()), holder };
    return ok(holder);
  }

  /**
   * Returns the principal of a session cookie; undefined without one. The directory knows which sessions have not
   * ended, so that an end counts on every instance.
   */
  async sessionOf(request: IncomingMessage, protocol: string): Promise<Authentication | undefined> {
    const { sessions, access, clock } = this.options;
    const isSecure = sessions !== undefined && isSecureAt(sessions.origin, protocol);
    const secret = sessions && cookieIn(request.headers.cookie, 'session', isSecure);
    if (!sessions || secret === undefined) return undefined;
    if (isCrossSite(request, sessions.origin)) return err(crossSite());
    if (!SESSION_SECRET.test(secret)) return err(sessionEnded());
    const digest = sessionDigest(secret);
    const current = await access.current();
    if (!current.ok) return current;
    const session = current.value.sessions.get(digest);
    if (!session || !timingSafeEqual(Buffer.from(session.digest), Buffer.from(digest))) return err(sessionEnded());
    const { id, userId, authenticatedAtMs, expiresAtMs } = session;
    if (clock.now() >= expiresAtMs) return err(sessionEnded());
    const live = await sessions.isLive(userId, id);
    if (!live.ok) return live;
    return live.value ? ok({ kind: 'login', userId, session: { id, authenticatedAtMs } }) : err(sessionEnded());
  }

  /** Returns the user of an access token of a login. Registers the user at a first login. */
  async userOf(accessToken: string): Promise<Result<string, DomainError>> {
    const principal = await this.person({ headers: { authorization: `Bearer ${accessToken}` } }, accessToken);
    if (!principal.ok) return principal;
    return principal.value.kind === 'login' ? ok(principal.value.userId) : err(headerInvalid());
  }

  private async person(
    request: Pick<IncomingMessage, 'headers'>,
    token: string,
  ): Promise<Result<Principal, DomainError>> {
    const { people } = this.options;
    if (!people) return err(headerInvalid());
    const verified = await people.tokens.verify(request);
    if (!verified.ok) return verified;
    const { iss, sub, iat } = verified.value;
    const name = JSON.stringify([iss, sub]);
    const known = this.users.get(name);
    if (known !== undefined && !(await this.isErased(known))) return ok({ kind: 'login', userId: known });
    const { claims, isFinal } = await people.claims.read(token, verified.value);
    const user = await people.users.userOf({ ...claims, ...(iat !== undefined && { issuedAt: iat }) });
    if (!user.ok) return user;
    if (isFinal) this.users.set(name, user.value);
    return ok({ kind: 'login', userId: user.value });
  }
  /** Returns whether a cached user was erased: a later login of the same subject is a new user. */
  private async isErased(userId: string): Promise<boolean> {
    const current = await this.options.access.current();
    return current.ok && current.value.users.get(userId)?.erased === true;
  }
}
