import type { KeyObject } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { DomainErrorException } from '#bus';
import { domainError, err, ok, type Clock, type DomainError, type Logger, type Result } from '#kernel';
import passport from 'passport';
import { ExtractJwt, Strategy, type VerifiedCallback } from 'passport-jwt';
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
  domainError('login/token-invalid', 'unauthenticated', 'Invalid access token.', {
    fix: 'astroctl auth login',
  });
const expired = (): DomainError<'login/token-expired'> =>
  domainError('login/token-expired', 'unauthenticated', 'The login has expired.', { fix: 'astroctl auth login' });

const STRATEGY = 'access-token';

/**
 * Checks OIDC access tokens (JWT) by passport-jwt: pinned algorithms, keys of the issuer alone, `iss`, `aud`, `exp` and
 * `nbf` with 60 s of skew on the injected clock. `jku`, `x5u` and `jwk` in a token are not looked at; an ID token is refused,
 * and so is a token whose JSON another reader could understand in another way (a claim twice, `__proto__`), however signed.
 */
export class AccessTokens {
  private readonly passport = new passport.Passport();

  constructor(private readonly options: TokenOptions) {
    const { issuer, audience } = options;
    const strategy = new Strategy(
      {
        jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
        // passport-jwt's types know texts and buffers; jsonwebtoken below takes a KeyObject too, which spares parsing the key each time.
        secretOrKeyProvider: (_request, token: string, done) =>
          void this.keyOf(token).then(
            (key) => done(null, key as unknown as Buffer),
            (error: unknown) => done(error),
          ),
        issuer,
        audience,
        algorithms: [...ALGORITHMS],
        // Both times are looked at afterwards: exactly, on the injected clock, and the end with an answer of its own.
        ignoreExpiration: true,
        jsonWebTokenOptions: { ignoreNotBefore: true },
      },
      (payload: unknown, done: VerifiedCallback) => {
        const checked = this.claimsOf(payload);
        if (checked.ok) done(null, checked.value);
        else done(null, false, new DomainErrorException(checked.error));
      },
    );
    this.passport.use(STRATEGY, strategy);
  }

  /** The claims of the Bearer token in `Authorization`, when all holds. */
  verify(request: IncomingMessage): Promise<Result<AccessTokenClaims, DomainError>> {
    return new Promise((resolve) => {
      const answer = (error: unknown, payload: AccessTokenClaims | false, reason: unknown): void => {
        if (error) this.options.logger.warn({ err: String(error) }, 'an access token could not be verified');
        if (!error && payload) resolve(ok(payload));
        else resolve(err(reason instanceof DomainErrorException ? reason.error : invalid()));
      };
      const authenticate: (request: IncomingMessage, response: unknown, next: (error: unknown) => void) => void =
        this.passport.authenticate(STRATEGY, { session: false }, answer);
      authenticate(request, undefined, (error) => answer(error, false, undefined));
    });
  }

  /** @throws DomainErrorException */
  private async keyOf(token: string): Promise<KeyObject> {
    const header = headerOf(token);
    if (!header) throw new DomainErrorException(invalid());
    const found = await this.options.keys.key(header);
    if (!found.ok) throw new DomainErrorException(found.error);
    if (!found.value) throw new DomainErrorException(invalid());
    return found.value;
  }

  private claimsOf(payload: unknown): Result<AccessTokenClaims, DomainError> {
    const nowSeconds = this.options.clock.now() / 1_000;
    const parsed = claims.safeParse(payload);
    if (!parsed.success || isIdToken(parsed.data)) return err(invalid());
    if (nowSeconds > parsed.data.exp + SKEW_SECONDS) return err(expired());
    if ((parsed.data.nbf ?? 0) > nowSeconds + SKEW_SECONDS) return err(invalid());
    return ok(parsed.data);
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
