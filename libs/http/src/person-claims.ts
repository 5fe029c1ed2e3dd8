import { abortAfter, type Clock, type Logger } from '#kernel';
import { LRUCache } from 'lru-cache';
import type { Fetch, IssuerKeys } from './jwks.ts';
import type { AccessTokenClaims } from './jwt.ts';

/** What a login says about a person. */
export interface LoginClaims {
  readonly issuer: string;
  readonly subject: string;
  readonly email?: string;
  readonly emailVerified?: boolean;
  readonly name?: string;
  /** The issuer could not be asked for more: what is missing here is not known, rather than absent. */
  readonly incomplete?: true;
}

/** Claims, and whether they may be remembered: not while asking again may give more. */
export interface PersonClaims {
  readonly claims: LoginClaims;
  readonly isFinal: boolean;
}

export interface PersonClaimsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** For e-mail addresses that the access token does not hold. */
  readonly userinfo?: { readonly keys: IssuerKeys; readonly fetch: Fetch };
  /** Name of the claim with the e-mail address; `email` when left out. */
  readonly emailClaim?: string;
  /** `claim` (when left out): where the claim beside the address says so. `always`: the issuer holds verified ones only. */
  readonly emailVerified?: 'claim' | 'always';
}

const TIMEOUT_MS = 5_000;
const ANSWER_CHARACTERS = 64 * 1024;
/** A userinfo endpoint that cannot be reached is not asked for this time: nobody's requests wait for it one after another. */
const AWAY_MS = 10_000;
/** The longest time for which a `Retry-After` of the issuer counts. */
const LONGEST_WAIT_MS = 60_000;
const WAITING_AT_MOST = 10_000;
/** The log repeats itself no sooner. */
const QUIET_MS = 60_000;

type ClaimSet = Readonly<Record<string, unknown>>;
type Userinfo =
  | { readonly kind: 'answer'; readonly claims: ClaimSet }
  /** `refused`: it will not answer this token, now or later. `away`: it may answer the next time. */
  | { readonly kind: 'refused' | 'away' };

/** Reads what tokens say about people, and asks the issuer's userinfo for an address that is not in the token. */
export class PersonClaimsReader {
  private awayUntilMs = Number.NEGATIVE_INFINITY;
  /** Until when the issuer asked not to be asked, by subject. */
  private readonly waits = new LRUCache<string, number>({ max: WAITING_AT_MOST });
  private quietUntilMs = Number.NEGATIVE_INFINITY;

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
   * The answer is bound to the person by the token that fetched it, which this issuer signed: its `sub` need not be the
   * token's (Okta's userinfo says the user id, its access tokens the login name).
   */
  private async userinfo(token: string, subject: string): Promise<Userinfo> {
    const { clock, userinfo } = this.options;
    const nowMs = clock.monotonic();
    if (!userinfo || nowMs < Math.max(this.awayUntilMs, this.waits.get(subject) ?? 0)) return { kind: 'away' };
    try {
      const url = await userinfo.keys.userinfo();
      if (!url) return { kind: 'answer', claims: {} };
      const response = await userinfo.fetch(url, {
        signal: abortAfter(clock, TIMEOUT_MS),
        headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
        redirect: 'error',
      });
      if (!response.ok) return this.notAnswered(subject, response);
      const text = await response.text();
      const answer: unknown = text.length > ANSWER_CHARACTERS ? undefined : JSON.parse(text);
      if (typeof answer === 'object' && answer !== null) return { kind: 'answer', claims: { ...answer } };
      throw new Error('the answer is not a JSON object of a reasonable size');
    } catch (error) {
      this.awayUntilMs = clock.monotonic() + AWAY_MS;
      this.warn({ err: String(error) }, 'try again later; known addresses are kept');
      return { kind: 'away' };
    }
  }

  private notAnswered(subject: string, { status, headers }: Response): Userinfo {
    const isRefused = status >= 400 && status < 500 && status !== 408 && status !== 429;
    const waitMs = Math.min(LONGEST_WAIT_MS, Number(headers.get('retry-after')) * 1_000 || 0);
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
    if (clock.monotonic() < this.quietUntilMs) return;
    this.quietUntilMs = clock.monotonic() + QUIET_MS;
    logger.warn({ ...fields, fix }, 'userinfo of the issuer gave no e-mail address');
  }
}

/**
 * Claims that say whether the address in `emailClaim` is verified: the one that is named after it, and `email_verified`
 * beside it, in the same namespace. A namespaced address is never verified by the plain claim, which is about another one.
 */
function verifiedClaims(emailClaim: string): readonly string[] {
  const namespace = /^.*[/:]/.exec(emailClaim)?.[0] ?? '';
  return [`${emailClaim}_verified`, `${namespace}email_verified`];
}

const isTrue = (value: unknown): boolean =>
  value === true || (typeof value === 'string' && value.toLowerCase() === 'true');
