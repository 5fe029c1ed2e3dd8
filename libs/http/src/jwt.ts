import type { KeyObject } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { DomainErrorException } from '#bus';
import { domainError, err, ok, type Clock, type DomainError, type Logger, type Result } from '#kernel';
import passport from 'passport';
import { ExtractJwt, Strategy, type VerifiedCallback } from 'passport-jwt';
import { z } from 'zod';
import type { IssuerKeys } from './jwks.ts';
import { parseUnambiguous } from './json-shape.ts';
import { TokenFaultLog, TokenRefusedError, type TokenFault } from './token-faults.ts';

/** Asymmetric algorithms only, so that a public key cannot be used as a shared secret. */
const ALGORITHMS = ['ES256', 'RS256', 'PS256'] as const;
/** Maximum difference between the clocks of issuer and platform, in seconds. */
const SKEW_SECONDS = 60;
const MAX_LENGTH = 16 * 1024;
const TOKEN_TYPES = ['at+jwt', 'application/at+jwt', 'jwt'];
/** Other algorithms of RFC 7518 and RFC 8037. */
const OTHER_ALGORITHMS =
  /^(none|HS256|HS384|HS512|RS384|RS512|PS384|PS512|ES384|ES512|ES256K|EdDSA|Ed25519|A\d{3}(GCM)?KW|dir)$/i;

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
const named = z.looseObject({ alg: z.string() });
const addressed = z.looseObject({ iss: z.unknown(), aud: z.union([z.string(), z.array(z.string())]).optional() });

export type AccessTokenClaims = z.infer<typeof claims>;

export interface TokenOptions {
  readonly issuer: string;
  readonly audience: string;
  /** Client IDs of the platform at the issuer, by which the log recognizes ID tokens. */
  readonly clientIds?: readonly string[];
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
 * Verifies OIDC access tokens (JWT) with passport-jwt: fixed algorithms, only the issuer's keys, `iss`, `aud`, `exp`,
 * and `nbf` with 60 s of skew on the injected clock. `jku`, `x5u`, and `jwk` in a token are ignored. An ID token is
 * rejected for its audience, which is a client ID; other claims do not identify it (access tokens of Dex have
 * `at_hash`). A token with ambiguous JSON (a repeated claim, `__proto__`) is rejected, even with a valid signature.
 */
export class AccessTokens {
  private readonly passport = new passport.Passport();
  private readonly faults: TokenFaultLog;

  constructor(private readonly options: TokenOptions) {
    const { issuer, audience, clientIds = [], clock, logger } = options;
    this.faults = new TokenFaultLog({ issuer, audience, clientIds }, clock, logger);
    const strategy = new Strategy(
      {
        jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
        // The types of passport-jwt only have strings and buffers. jsonwebtoken also accepts a KeyObject, which avoids
        // parsing the key each time.
        secretOrKeyProvider: (_request, token: string, done) =>
          void this.keyOf(token).then(
            (key) => done(null, key as unknown as Buffer),
            (error: unknown) => done(error),
          ),
        issuer,
        audience,
        algorithms: [...ALGORITHMS],
        // Both times are verified afterwards: exactly, on the injected clock, and with an error of its own for expiry.
        ignoreExpiration: true,
        jsonWebTokenOptions: { ignoreNotBefore: true },
      },
      (payload: unknown, done: VerifiedCallback) => {
        const checked = this.claimsOf(payload);
        if (checked.ok) done(null, checked.value);
        else done(null, false, checked.error);
      },
    );
    this.passport.use(STRATEGY, strategy);
  }

  /**
   * Returns the claims of the Bearer token in `Authorization`. The reason of a rejection is only in the operator's log.
   */
  verify(request: Pick<IncomingMessage, 'headers'>): Promise<Result<AccessTokenClaims, DomainError>> {
    return new Promise((resolve) => {
      const done = (error: unknown, payload: AccessTokenClaims | false, reason: unknown): void => {
        if (error) this.options.logger.warn({ err: String(error) }, 'an access token could not be verified');
        if (!error && payload) return resolve(ok(payload));
        if (reason instanceof DomainErrorException) return resolve(err(reason.error));
        if (!error) this.faults.write(this.faultOf(reason, request));
        resolve(err(invalid()));
      };
      const authenticate: (
        request: Pick<IncomingMessage, 'headers'>,
        response: unknown,
        next: (error: unknown) => void,
      ) => void = this.passport.authenticate(STRATEGY, { session: false }, done);
      authenticate(request, undefined, (error) => done(error, false, undefined));
    });
  }

  /**
   * Returns the key of a token.
   *
   * @throws DomainErrorException, TokenRefusedError
   */
  private async keyOf(token: string): Promise<KeyObject> {
    const header = headerOf(token);
    if (!header.ok) throw new TokenRefusedError(header.error);
    const found = await this.options.keys.key(header.value);
    if (!found.ok) throw new DomainErrorException(found.error);
    if (!found.value) throw new TokenRefusedError({ fault: 'key' });
    return found.value;
  }

  private claimsOf(payload: unknown): Result<AccessTokenClaims, DomainErrorException | TokenRefusedError> {
    const nowSeconds = this.options.clock.now() / 1_000;
    const parsed = claims.safeParse(payload);
    if (!parsed.success) return err(new TokenRefusedError({ fault: 'claims' }));
    if (nowSeconds > parsed.data.exp + SKEW_SECONDS) return err(new DomainErrorException(expired()));
    if ((parsed.data.nbf ?? 0) > nowSeconds + SKEW_SECONDS) return err(new DomainErrorException(invalid()));
    return ok(parsed.data);
  }

  /**
   * Returns the fault. jsonwebtoken reports audience and issuer in its message, after it has verified the signature.
   */
  private faultOf(reason: unknown, { headers }: Pick<IncomingMessage, 'headers'>): TokenFault {
    if (reason instanceof TokenRefusedError) return reason.fault;
    const message = reason instanceof Error ? reason.message : '';
    if (!/^jwt (audience|issuer) invalid/.test(message))
      return { fault: /signature|algorithm/.test(message) ? 'signature' : 'claims' };
    const [, payload = ''] = (headers.authorization ?? '').split('.');
    const parsed = addressed.safeParse(parseUnambiguous(Buffer.from(payload, 'base64url')));
    const { iss, aud = [] } = parsed.success ? parsed.data : {};
    if (message.startsWith('jwt issuer')) return { fault: 'issuer', found: String(iss) };
    const audiences = [aud].flat();
    const isForClient = audiences.some((one) => this.options.clientIds?.includes(one));
    return { fault: isForClient ? 'id-token' : 'audience', found: audiences.join(' ') };
  }
}

/** Returns the header of a well-formed token. Its payload is checked too, before another parser reads it. */
function headerOf(token: string): Result<z.infer<typeof header>, TokenFault> {
  if (token.length > MAX_LENGTH) return err({ fault: 'form' });
  const [head = '', payload = '', ...others] = token.split('.');
  const decoded = parseUnambiguous(Buffer.from(head, 'base64url'));
  const algorithm = named.safeParse(decoded);
  if (!algorithm.success) return err({ fault: others.length === 1 ? 'form' : 'opaque' });
  if (others.length === 3) return err({ fault: 'encrypted' });
  const { alg } = algorithm.data;
  if (OTHER_ALGORITHMS.test(alg)) return err({ fault: 'algorithm', found: alg });
  if (!/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(token)) return err({ fault: 'form' });
  const parsed = header.safeParse(decoded);
  if (!parsed.success || parseUnambiguous(Buffer.from(payload, 'base64url')) === undefined)
    return err({ fault: 'form' });
  const { typ } = parsed.data;
  return typ === undefined || TOKEN_TYPES.includes(typ.toLowerCase()) ? ok(parsed.data) : err({ fault: 'type' });
}
