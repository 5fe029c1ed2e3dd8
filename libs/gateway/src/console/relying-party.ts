import { issuerUnreachable } from '#http';
import { err, ok, type DomainError, type Logger, type Result } from '#kernel';
import * as client from 'openid-client';
import { consoleErrors } from './console.errors.ts';
import type { LoginAttempt } from './login-attempt.ts';

/** Oldest login at the issuer that starts a session, in seconds: that of a session. */
const MAX_AGE_SECONDS = 24 * 3_600;
const TIMEOUT_SECONDS = 5;
const RETRY_MS = 1_000;

/** Redeems a code at the built-in issuer: sends the form of the token endpoint, and returns its response. */
export type RedeemForm = (form: string) => Promise<Response>;

export interface RelyingPartyOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: string | undefined;
  /** Address of the platform, without a slash at its end. */
  readonly publicUrl: string;
  readonly scope: string;
  /** Resource (RFC 8707) of access tokens. Absent: none is sent. */
  readonly resource?: string | undefined;
  /** Audience of access tokens, for issuers that select an API by it, such as Auth0. */
  readonly audience?: string | undefined;
  /** Present for the built-in issuer. */
  readonly redeemForm?: RedeemForm;
  readonly logger: Logger;
}

/** Tokens of a login. They never leave the platform. */
export interface LoginTokens {
  readonly accessToken: string;
  readonly idToken: string;
  /** When the person authenticated, in milliseconds since 1970; undefined if the issuer does not say. */
  readonly authenticatedAtMs: number | undefined;
}

/** The console as a client of the issuer: authorization code with PKCE, state, and nonce (OpenID Connect Core). */
export class RelyingParty {
  private discovered: Promise<client.Configuration> | undefined;

  constructor(private readonly options: RelyingPartyOptions) {}

  /** Starts a login. `maxAgeSeconds`: the person authenticates again if that was longer ago. */
  async start(
    returnTo: string,
    maxAgeSeconds?: number,
  ): Promise<Result<{ readonly url: URL; readonly attempt: LoginAttempt }, DomainError>> {
    const { scope, resource, audience } = this.options;
    const codeVerifier = client.randomPKCECodeVerifier();
    const attempt: LoginAttempt = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      codeVerifier,
      returnTo,
      ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
    };
    return this.atIssuer(async (configuration) => ({
      attempt,
      url: client.buildAuthorizationUrl(configuration, {
        redirect_uri: this.redirectUri,
        scope,
        state: attempt.state,
        nonce: attempt.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        max_age: String(maxAgeSeconds ?? MAX_AGE_SECONDS),
        ...(resource !== undefined && { resource }),
        ...(audience !== undefined && { audience }),
      }),
    }));
  }

  /**
   * Ends a login: verifies the response of the issuer, redeems the code, and verifies the ID token.
   *
   * @param query of the callback, with its question mark
   */
  redeem(query: string, attempt: LoginAttempt): Promise<Result<LoginTokens, DomainError>> {
    const { resource } = this.options;
    const { state, nonce, codeVerifier, maxAgeSeconds } = attempt;
    return this.atIssuer(async (configuration) => {
      const tokens = await client.authorizationCodeGrant(
        configuration,
        new URL(`${this.redirectUri}${query}`),
        {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: codeVerifier,
          // Whoever is asked to authenticate again has done so. Otherwise, issuers without `auth_time` are accepted.
          ...(maxAgeSeconds !== undefined && { maxAge: maxAgeSeconds }),
        },
        resource === undefined ? {} : { resource },
      );
      const { auth_time: authTime } = tokens.claims() ?? {};
      return {
        accessToken: tokens.access_token,
        idToken: tokens.id_token ?? '',
        authenticatedAtMs: authTime === undefined ? undefined : authTime * 1_000,
      };
    });
  }

  /**
   * Returns where the browser ends the login at the issuer (RP-Initiated Logout); undefined if the issuer has no such
   * page.
   */
  async endSessionUrl(idToken: string): Promise<URL | undefined> {
    const found = await this.atIssuer((configuration) =>
      Promise.resolve(
        configuration.serverMetadata().end_session_endpoint === undefined
          ? undefined
          : client.buildEndSessionUrl(configuration, {
              id_token_hint: idToken,
              post_logout_redirect_uri: `${this.options.publicUrl}/`,
            }),
      ),
    );
    return found.ok ? found.value : undefined;
  }

  private get redirectUri(): string {
    return `${this.options.publicUrl}/callback`;
  }

  /** Runs a step of the protocol. Its errors are logged for the operator; people get a short one. */
  private async atIssuer<T>(
    step: (configuration: client.Configuration) => Promise<T>,
  ): Promise<Result<T, DomainError>> {
    try {
      return ok(await step(await this.configuration()));
    } catch (error) {
      return err(this.problemOf(error));
    }
  }

  private configuration(): Promise<client.Configuration> {
    this.discovered ??= this.discover().catch((error: unknown) => {
      this.discovered = undefined;
      throw error;
    });
    return this.discovered;
  }

  private async discover(): Promise<client.Configuration> {
    const { issuer, clientId, clientSecret, redeemForm } = this.options;
    const authentication = clientSecret === undefined ? client.None() : client.ClientSecretBasic(clientSecret);
    if (redeemForm) return builtIn(issuer, clientId, redeemForm);
    const isLoopback = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:|\/|$)/.test(issuer);
    return client.discovery(new URL(issuer), clientId, clientSecret, authentication, {
      timeout: TIMEOUT_SECONDS,
      execute: [client.enableNonRepudiationChecks, ...(isLoopback ? [client.allowInsecureRequests] : [])],
    });
  }

  private problemOf(error: unknown): DomainError {
    const { issuer, logger } = this.options;
    const code = wordOf(error instanceof Error && 'code' in error ? error.code : undefined);
    if (error instanceof client.AuthorizationResponseError) return consoleErrors.refused(wordOf(error.error));
    const rejection = rejectionIn(error);
    if (rejection !== undefined) {
      const fix =
        rejection === 'invalid_client'
          ? 'check ASTRO_OIDC_CONSOLE_CLIENT_ID and ASTRO_OIDC_CONSOLE_CLIENT_SECRET; see docs/operations/login.md'
          : 'see docs/operations/login.md';
      logger.warn({ issuer, error: rejection, fix }, 'the issuer did not redeem the code of a console login');
      return consoleErrors.failed();
    }
    const isAway =
      (error instanceof TypeError && error.message === 'fetch failed') ||
      code === 'OAUTH_TIMEOUT' ||
      code === 'OAUTH_RESPONSE_IS_NOT_CONFORM';
    if (!isAway && !(error instanceof client.ClientError)) throw error; // a defect
    // The message may contain claims.
    logger.warn({ issuer, code }, 'a console login failed');
    return isAway ? issuerUnreachable(RETRY_MS) : consoleErrors.failed();
  }
}

/** Returns the error with which the issuer's token endpoint responded; undefined for another error. */
function rejectionIn(error: unknown): string | undefined {
  if (error instanceof client.ResponseBodyError) return wordOf(error.error);
  // RFC 6749 section 5.2: the response to an invalid client that authenticates in a header.
  return error instanceof client.WWWAuthenticateChallengeError ? 'invalid_client' : undefined;
}

/** Returns a word of the protocol as it is, and nothing of any other text. */
const wordOf = (text: unknown): string =>
  typeof text === 'string' && /^[A-Za-z_]{1,60}$/.test(text) ? text : 'unknown error';

/** The configuration of the built-in issuer. Its token endpoint is reached over the bus. */
function builtIn(issuer: string, clientId: string, redeemForm: RedeemForm): client.Configuration {
  const configuration = new client.Configuration(
    {
      issuer,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      authorization_response_iss_parameter_supported: true,
      id_token_signing_alg_values_supported: ['ES256'],
    },
    clientId,
    undefined,
    client.None(),
  );
  client.allowInsecureRequests(configuration); // no request leaves the platform
  configuration[client.customFetch] = (_url, { body }) => redeemForm(String(body));
  return configuration;
}
