import type { IncomingMessage } from 'node:http';
import type { Clock, DomainError, Ids, Logger, Result } from '#kernel';
import type { Vault } from '#vault';
import type { FastifyInstance } from 'fastify';
import { LRUCache } from 'lru-cache';
import Provider, { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { createAccounts, type Accounts } from './accounts.ts';
import { changePassword, ensureAdmin, type Admin, type AdminOptions } from './admin.ts';
import { CodeGuesses } from './code-guesses.ts';
import { LIFETIMES, providerConfiguration, type Lifetimes } from './configuration.ts';
import { createInteractions } from './interactions.ts';
import { createKnownBrowsers } from './known-browsers.ts';
import { mountIssuer, type IssuerCaller, type RequestLimits } from './mount.ts';
import { problemPage, PAGE_HEADERS } from './pages.ts';
import { servePasswordPages, type PasswordPages } from './password-pages.ts';
import { createSessions, type IssuerSessions } from './sessions.ts';
import { loadOrCreateSecrets } from './secrets.ts';
import { tokenEndpoint, type TokenResponse } from './token-endpoint.ts';

export interface IssuerOptions {
  readonly vault: Vault;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  /** Address of the platform without a path, such as `http://127.0.0.1:8080`. */
  readonly publicUrl: string;
  /** Audience of access tokens. Default: `<publicUrl>/v1`. */
  readonly audience?: string;
  /** Default: `astroctl`. */
  readonly cliClientId?: string;
  /** Default: `astro-console`. */
  readonly consoleClientId?: string;
  /** Default: `<publicUrl>/callback`. */
  readonly consoleRedirectUris?: readonly string[];
  /** Seconds. Default: LIFETIMES. */
  readonly lifetimes?: Partial<Lifetimes>;
  /** Minimum seconds between two polls of the device flow. Default: 1. Faster polls receive `slow_down`. */
  readonly pollIntervalSeconds?: number;
  /** Limits per address. Default: 600 requests a minute, of which 120 start a login. */
  readonly limits?: Partial<RequestLimits>;
}

/** A public signing key as a JWK (RFC 7517). */
export interface PublicJwk {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
  readonly kid: string;
  readonly alg: 'ES256';
  readonly use: 'sig';
}

export interface Issuer {
  /** The `iss` of its tokens: `<publicUrl>/oidc`. */
  readonly issuer: string;
  readonly audience: string;
  readonly cliClientId: string;
  readonly consoleClientId: string;
  readonly accounts: Accounts;
  readonly sessions: IssuerSessions;
  /** Returns the keys that verify tokens, for a gateway in the same process. */
  jwks(): { readonly keys: readonly PublicJwk[] };
  /**
   * Redeems an authorization code of the console, without an HTTP request.
   *
   * @param form of the token endpoint (RFC 6749 section 4.1.3)
   */
  redeem(form: string): Promise<TokenResponse>;
  /** Serves the routes below `/oidc`. Call this before the Fastify instance listens. */
  mount(fastify: FastifyInstance, passwords: PasswordPages): Promise<void>;
  /** Changes a password, and ends all sessions, refresh tokens, and codes of the account. */
  changePassword(options: AdminOptions): Promise<Result<string, DomainError>>;
  /** Creates the admin's account at the first start. Idempotent. */
  ensureAdmin(options: AdminOptions): Promise<Admin>;
}

/** Client ID of the console at the built-in issuer. */
export const CONSOLE_CLIENT_ID = 'astro-console';

/** Returns the built-in issuer's address and the audience of its tokens for the platform's public address. */
export function addressesOf(publicUrl: string): { readonly issuer: string; readonly audience: string } {
  const url = publicUrl.replace(/\/$/, '');
  return { issuer: `${url}/oidc`, audience: `${url}/v1` };
}

/** Maximum number of remembered polls. If the oldest was discarded, its next poll is allowed. */
const POLLS_REMEMBERED = 10_000;
/** Tolerance for polls that are too early, because timers may fire early. */
const EARLY_MS = 100;

/**
 * Creates the built-in OpenID Connect issuer: device flow for the CLI, authorization code with PKCE for the console.
 */
export async function createIssuer(options: IssuerOptions): Promise<Issuer> {
  const { vault, clock, ids, logger } = options;
  const publicUrl = options.publicUrl.replace(/\/$/, '');
  const issuerAddresses = addressesOf(publicUrl);
  const {
    cliClientId = 'astroctl',
    consoleClientId = CONSOLE_CLIENT_ID,
    audience = issuerAddresses.audience,
    pollIntervalSeconds = 1,
  } = options;
  const lifetimes = { ...LIFETIMES, ...options.lifetimes };
  const secrets = await loadOrCreateSecrets(vault, ids);
  const accounts = createAccounts({ vault, clock, ids, lookupKey: secrets.lookup });
  const isSecure = publicUrl.startsWith('https:');
  const browsers = createKnownBrowsers({ secret: secrets.cookies, clock, ids, isSecure });
  const callers = new WeakMap<IncomingMessage, IssuerCaller>();
  const codes = new CodeGuesses({ clock, callers, browsers, windowMs: lifetimes.deviceCode * 1_000 });

  const provider = new Provider(
    issuerAddresses.issuer,
    providerConfiguration({
      vault,
      clock,
      accounts,
      secrets,
      publicUrl,
      audience,
      cliClientId,
      consoleClientId,
      consoleRedirectUris: options.consoleRedirectUris ?? [`${publicUrl}/callback`],
      lifetimes,
      onPoll: pollGate(clock, pollIntervalSeconds * 1_000),
      onWrongUserCode: ({ req }) => codes.wrong(req),
    }),
  );
  provider.proxy = true; // the mount sets the forwarded headers from the public address
  provider.on('server_error', (context, error) =>
    logger.error(
      { path: context.path, err: { name: error.name, message: error.message, stack: error.stack } },
      'the issuer failed',
    ),
  );

  provider.use(async (context, next) => {
    const isGuess = context.method === 'POST' && context.path === '/device';
    const blockedMs = isGuess ? codes.start(context.req) : 0;
    if (blockedMs > 0) {
      context.status = 429;
      context.set({ ...PAGE_HEADERS, 'retry-after': String(Math.ceil(blockedMs / 1_000)) });
      context.body = problemPage(
        'Too many attempts',
        'Wait until your code has expired, then start again in your terminal: astroctl auth login',
      );
      return;
    }
    await next();
    if (isGuess) codes.ended(context.req);
    // RFC 8628 section 3.2: the library omits the interval, and pollers would then wait 5 seconds each time.
    if (routeOf(context) === 'device_authorization' && isObject(context.body))
      context.body = { ...context.body, interval: pollIntervalSeconds };
  });

  const { kty, crv, x, y, kid, alg, use } = secrets.signing;
  const interactions = createInteractions({
    provider,
    accounts,
    clock,
    logger,
    browsers,
    secret: secrets.lookup,
    origin: new URL(publicUrl).origin,
  });
  return {
    issuer: issuerAddresses.issuer,
    audience,
    cliClientId,
    consoleClientId,
    accounts,
    sessions: createSessions(vault),
    jwks: () => ({ keys: [{ kty, crv, x, y, kid, alg, use }] }),
    redeem: tokenEndpoint(provider, publicUrl, consoleClientId),
    changePassword: (options) => changePassword(accounts, ids, options),
    mount: (fastify, passwords) =>
      mountIssuer({
        fastify,
        provider,
        interactions,
        passwords: servePasswordPages(passwords, publicUrl),
        publicUrl,
        callers,
        clock,
        limits: { requestsPerMinute: 600, loginsPerMinute: 120, ...options.limits },
      }),
    ensureAdmin: (admin) => ensureAdmin(accounts, ids, admin),
  };
}

/** Returns `slow_down` to pollers that are too fast (RFC 8628 section 3.5). */
function pollGate(clock: Clock, intervalMs: number): (deviceCodeDigest: string) => void {
  const last = new LRUCache<string, number>({ max: POLLS_REMEMBERED });
  return (digest) => {
    if (!Provider.ctx || routeOf(Provider.ctx) !== 'token') return;
    const before = last.get(digest);
    const nowMs = clock.monotonic();
    last.set(digest, nowMs);
    if (before !== undefined && nowMs - before < intervalMs - EARLY_MS) throw new errors.SlowDown();
  };
}

const routeOf = (context: object): string | undefined => (context as Partial<KoaContextWithOIDC>).oidc?.route;
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
