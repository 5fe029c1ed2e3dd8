import { abortAfter, type Clock, type Logger } from '#kernel';
import { LRUCache } from 'lru-cache';
import type { Fetch, IssuerKeys } from './jwks.ts';
import type { AccessTokenClaims } from './jwt.ts';

/** Claims about the user of a login. */
export interface LoginClaims {
  readonly issuer: string;
  readonly subject: string;
  readonly email?: string;
  readonly emailVerified?: boolean;
  readonly name?: string;
  /** When the token was issued, in seconds since 1970. */
  readonly issuedAt?: number;
  /** Set if the issuer could not be reached for more claims, so that missing ones are unknown rather than absent. */
  readonly incomplete?: true;
}

/** Claims, and whether to cache them: not if a later request may return more. */
export interface PersonClaims {
  readonly claims: LoginClaims;
  readonly isFinal: boolean;
}

export interface PersonClaimsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** For e-mail addresses that are not in the access token. */
  readonly userinfo?: { readonly keys: IssuerKeys; readonly fetch: Fetch };
  /** Claim that contains the e-mail address. Default: `email`. */
  readonly emailClaim?: string;
  /**
   * `claim` (default): an address is verified if its claim says so. `always`: the issuer has only verified addresses.
   */
  readonly emailVerified?: 'claim' | 'always';
}

const TIMEOUT_MS = 5_000;
const MAX_RESPONSE_CHARACTERS = 64 * 1024;
/** How long an unreachable userinfo endpoint is not requested again, so that requests do not each wait for it. */
const RETRY_AFTER_MS = 10_000;
/** Upper limit of the issuer's `Retry-After`. */
const MAX_WAIT_MS = 60_000;
const MAX_WAITING = 10_000;
/** Minimum time between log lines. */
const LOG_INTERVAL_MS = 60_000;

type ClaimSet = Readonly<Record<string, unknown>>;
type Userinfo =
  | { readonly kind: 'answer'; readonly claims: ClaimSet }
  /** `refused`: it rejects this token now and later. `away`: a later request may succeed. */
  | { readonly kind: 'refused' | 'away' };

/** Reads the claims of tokens, and requests an address that is not in the token from the issuer's userinfo. */
export class PersonClaimsReader {
  private unavailableUntilMs = Number.NEGATIVE_INFINITY;
  /** By subject, the time before which the issuer must not be requested again. */
  private readonly waits = new LRUCache<string, number>({ max: MAX_WAITING });
  private nextLogMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: PersonClaimsOptions) {}

  async read(token: string, payload: AccessTokenClaims): Promise<PersonClaims> {
    const inToken = this.claimsIn(payload, payload);
    if (inToken.email !== undefined || !this.options.userinfo) return { claims: inToken, isFinal: true };
    const userinfo = await this.userinfo(token, payload.sub);
    if (userinfo.kind === 'answer')
      return { claims: this.claimsIn(payload, { ...payload, ...userinfo.claims }), isFinal: true };
    return { claims: { ...inToken, incomplete: true }, isFinal: userinfo.kind === 'refused' };
  }

  private claimsIn({ iss, sub }: AccessTokenClaims, from: ClaimSet): LoginClaims {
    const emailClaim = this.options.emailClaim ?? 'email';
    const { [emailClaim]: email, name } = from;
    return {
      issuer: iss,
      subject: sub,
      ...(typeof email === 'string' && { email }),
      ...(typeof email === 'string' && { emailVerified: this.isVerified(emailClaim, from) }),
      ...(typeof name === 'string' && { name }),
    };
  }

  private isVerified(emailClaim: string, from: ClaimSet): boolean {
    return this.options.emailVerified === 'always' || verifiedClaims(emailClaim).some((claim) => isTrue(from[claim]));
  }

  /**
   * Requests userinfo. The response belongs to the token's user because the issuer signed that token. Its `sub` may
   * differ from the token's: Okta's userinfo has the user ID, its access tokens the login name.
   */
  private async userinfo(token: string, subject: string): Promise<Userinfo> {
    const { clock, userinfo } = this.options;
    const nowMs = clock.monotonic();
    if (!userinfo || nowMs < Math.max(this.unavailableUntilMs, this.waits.get(subject) ?? 0)) return { kind: 'away' };
    try {
      const url = await userinfo.keys.userinfo();
      if (!url) return { kind: 'answer', claims: {} };
      const response = await userinfo.fetch(url, {
        signal: abortAfter(clock, TIMEOUT_MS),
        headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
        redirect: 'error',
      });
      if (!response.ok) return this.requestFailed(subject, response);
      const text = await response.text();
      const body: unknown = text.length > MAX_RESPONSE_CHARACTERS ? undefined : JSON.parse(text);
      if (typeof body === 'object' && body !== null) return { kind: 'answer', claims: { ...body } };
      throw new Error('the response is not a JSON object, or is too large');
    } catch (error) {
      this.unavailableUntilMs = clock.monotonic() + RETRY_AFTER_MS;
      this.warn({ err: String(error) }, 'try again later; known addresses are kept');
      return { kind: 'away' };
    }
  }

  private requestFailed(subject: string, { status, headers }: Response): Userinfo {
    const isRefused = status >= 400 && status < 500 && status !== 408 && status !== 429;
    const waitMs = Math.min(MAX_WAIT_MS, Number(headers.get('retry-after')) * 1_000 || 0);
    if (!isRefused && waitMs > 0) this.waits.set(subject, this.options.clock.monotonic() + waitMs);
    const claim = this.options.emailClaim ?? 'email';
    this.warn(
      { status },
      isRefused
        ? `configure the issuer to include the claim ${claim} in access tokens, or add openid and email to ASTRO_OIDC_SCOPE; see docs/operations/login.md`
        : `known addresses are kept, and the request is retried; to avoid these requests, configure the issuer to include the claim ${claim} in access tokens`,
    );
    return { kind: isRefused ? 'refused' : 'away' };
  }

  private warn(fields: object, fix: string): void {
    const { clock, logger } = this.options;
    if (clock.monotonic() < this.nextLogMs) return;
    this.nextLogMs = clock.monotonic() + LOG_INTERVAL_MS;
    logger.warn({ ...fields, fix }, 'the userinfo endpoint of the issuer returned no e-mail address');
  }
}

/**
 * Returns the claims that tell whether the address in `emailClaim` is verified: the one named after it, and
 * `email_verified` in the same namespace. The plain claim is about another address and never verifies a namespaced one.
 */
function verifiedClaims(emailClaim: string): readonly string[] {
  const namespace = /^.*[/:]/.exec(emailClaim)?.[0] ?? '';
  return [`${emailClaim}_verified`, `${namespace}email_verified`];
}

const isTrue = (value: unknown): boolean =>
  value === true || (typeof value === 'string' && value.toLowerCase() === 'true');
