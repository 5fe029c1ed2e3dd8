import { domainError, err, ok, type Clock, type DomainError, type Logger, type Result } from '#kernel';
import { Strategy, type StrategyOptionsWithoutRequest } from 'passport-jwt';
import { z } from 'zod';
import type { IssuerKeys } from './jwks.ts';
import { parseUnambiguous } from './json-shape.ts';

/** Asymmetric ones only: with these a public key can never be taken for a shared secret. */
const ALGORITHMS = ['ES256', 'RS256', 'PS256'] as const;
/** How far the clocks of issuer and platform may be apart, seconds. */
const SKEW_SECONDS = 60;
const LONGEST = 16 * 1024;
const TOKEN_TYPES = ['at+jwt', 'application/at+jwt', 'jwt'];

const seconds = z.number().int().min(0).max(253_402_300_799); // until the end of the year 9999
const claims = z.looseObject({
  iss: z.string(),
  sub: z.string().min(1).max(255),
  exp: seconds,
  nbf: seconds.optional(),
  iat: seconds.optional(),
});
const header = z.looseObject({
  alg: z.enum(ALGORITHMS),
  kid: z.string().min(1).max(200),
  typ: z.string().optional(),
  crit: z.undefined().optional(),
});

export type AccessTokenClaims = z.infer<typeof claims>;

export interface TokenOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly keys: IssuerKeys;
  readonly clock: Clock;
  readonly logger: Logger;
}

const invalid = (): DomainError<'login/token-invalid'> =>
  domainError('login/token-invalid', 'unauthenticated', 'The access token is not one that this platform takes.', {
    fix: 'astroctl auth login',
  });
const expired = (): DomainError<'login/token-expired'> =>
  domainError('login/token-expired', 'unauthenticated', 'The login has ended.', { fix: 'astroctl auth login' });

/**
 * Checks OIDC access tokens (JWT) by passport-jwt: pinned algorithms, keys of the issuer alone, `iss`, `aud`, `exp` and
 * `nbf` with 60 s of skew on the injected clock. `jku`, `x5u` and `jwk` in a token are not looked at; an ID token is refused,
 * and so is a token whose JSON another reader could understand in another way (a claim twice, `__proto__`), however signed.
 */
export class AccessTokens {
  constructor(private readonly options: TokenOptions) {}

  async verify(token: string): Promise<Result<AccessTokenClaims, DomainError>> {
    const head = headerOf(token);
    if (!head) return err(invalid());
    const found = await this.options.keys.key(head.kid);
    if (!found.ok) return found;
    if (!found.value || (found.value.algorithm !== undefined && found.value.algorithm !== head.alg))
      return err(invalid());

    const nowSeconds = this.options.clock.now() / 1_000;
    const payload = await this.check(token, found.value.key, Math.floor(nowSeconds));
    const parsed = claims.safeParse(payload);
    if (!parsed.success || isIdToken(parsed.data)) return err(invalid());
    if (nowSeconds > parsed.data.exp + SKEW_SECONDS) return err(expired());
    if ((parsed.data.nbf ?? 0) > nowSeconds + SKEW_SECONDS) return err(invalid());
    return ok(parsed.data);
  }

  /** The payload when signature, issuer, audience and times hold; undefined otherwise. Never throws. */
  private check(token: string, key: unknown, nowSeconds: number): Promise<unknown> {
    const { issuer, audience, logger } = this.options;
    return new Promise((resolve) => {
      const options: StrategyOptionsWithoutRequest = {
        jwtFromRequest: () => token,
        // Its types know texts and buffers; jsonwebtoken below takes a KeyObject too, which spares parsing the key each time.
        secretOrKeyProvider: (_request, _token, done) => done(null, key as Buffer),
        issuer,
        audience,
        algorithms: [...ALGORITHMS],
        // The end is looked at afterwards, exactly and with its own answer; for the beginning one second more than we grant.
        ignoreExpiration: true,
        jsonWebTokenOptions: { clockTimestamp: nowSeconds, clockTolerance: SKEW_SECONDS + 1 },
      };
      const strategy = new Strategy(options, (payload: unknown, done) => done(null, payload as object));
      // What passport's middleware would set: a strategy answers by calling one of these.
      Object.assign(strategy, {
        success: (payload: unknown) => resolve(payload),
        fail: () => resolve(undefined),
        error: (error: unknown) => {
          logger.warn({ err: String(error) }, 'an access token could not be checked');
          resolve(undefined);
        },
      });
      try {
        strategy.authenticate({ headers: {} } as unknown as Parameters<Strategy['authenticate']>[0]);
      } catch {
        resolve(undefined); // garbage of some kind: as good as a wrong signature
      }
    });
  }
}

/** The header of a token whose form holds; its payload is looked at too, before anybody else parses it. */
function headerOf(token: string): z.infer<typeof header> | undefined {
  if (token.length > LONGEST || !/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(token)) return undefined;
  const [head = '', payload = ''] = token.split('.');
  const parsed = header.safeParse(parseUnambiguous(Buffer.from(head, 'base64url')));
  if (!parsed.success || parseUnambiguous(Buffer.from(payload, 'base64url')) === undefined) return undefined;
  const { typ } = parsed.data;
  return typ === undefined || TOKEN_TYPES.includes(typ.toLowerCase()) ? parsed.data : undefined;
}

/** OIDC gives these claims to ID tokens and never to access tokens. */
const isIdToken = (payload: AccessTokenClaims): boolean =>
  ['nonce', 'at_hash', 'c_hash', 's_hash'].some((claim) => claim in payload);
