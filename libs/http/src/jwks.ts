import { createPublicKey, type KeyObject } from 'node:crypto';
import { domainError, err, ok, type Clock, type DomainError, type Logger, type Result } from '#kernel';
import { z } from 'zod';

/** The part of `fetch` that is used; injected, so that tests count calls. */
export type Fetch = (
  url: string,
  init: { readonly signal: AbortSignal; readonly headers: Record<string, string>; readonly redirect: 'error' },
) => Promise<Response>;

/** An unknown key id asks the issuer again at most this often. */
const REFETCH_MS = 60_000;
/** Keys are fetched anew when they are this old and somebody needs one; until then a removed key still holds. */
const FRESH_MS = 10 * 60_000;
const TIMEOUT_MS = 5_000;
const DOCUMENT_BYTES = 512 * 1024;

const keySet = z.object({ keys: z.array(z.record(z.string(), z.unknown())).max(100) });
const discovery = z.object({ issuer: z.string(), jwks_uri: z.url(), userinfo_endpoint: z.url().optional() });

export interface IssuerKey {
  readonly key: KeyObject;
  /** The algorithm the key is for, when the issuer says it. */
  readonly algorithm: string | undefined;
}

export interface IssuerOptions {
  readonly issuer: string;
  /** Asked of the issuer's discovery document when left out. */
  readonly jwksUri?: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly logger: Logger;
}

const unreachable = (): DomainError<'login/issuer-unreachable'> =>
  domainError('login/issuer-unreachable', 'unavailable', 'The login service cannot be reached at the moment.', {
    fix: 'try again; access keys keep working',
    retryAfterSeconds: 10,
  });

/** The signing keys of one issuer, as KeyObjects by key id. Nothing in a token makes it fetch any other address. */
export class IssuerKeys {
  private keys = new Map<string, IssuerKey>();
  private endpoints: { readonly jwks: string; readonly userinfo: string | undefined } | undefined;
  private loadedMs: number | undefined;
  private triedMs: number | undefined;
  private loading: Promise<void> | undefined;

  constructor(private readonly options: IssuerOptions) {}

  /** The key of this id; undefined when the issuer has none such; `login/issuer-unreachable` while no key was ever read. */
  async key(kid: string): Promise<Result<IssuerKey | undefined, DomainError>> {
    const known = this.keys.get(kid);
    const now = this.options.clock.monotonic();
    if (known && this.loadedMs !== undefined && now - this.loadedMs < FRESH_MS) return ok(known);
    if (this.loading || this.triedMs === undefined || now - this.triedMs >= REFETCH_MS) {
      const load = this.load();
      // A key that is known but old is used at once: the issuer may be away.
      if (known) return ok(known);
      await load;
    }
    return this.loadedMs === undefined ? err(unreachable()) : ok(this.keys.get(kid));
  }

  /** Address of the issuer's userinfo, when it says one. */
  async userinfo(): Promise<string | undefined> {
    return (await this.discover()).userinfo;
  }

  private load(): Promise<void> {
    this.loading ??= this.fetchKeys()
      .catch((error: unknown) =>
        this.options.logger.warn(
          { issuer: this.options.issuer, err: String(error) },
          'the keys of the issuer cannot be read',
        ),
      )
      .finally(() => (this.loading = undefined));
    return this.loading;
  }

  private async fetchKeys(): Promise<void> {
    this.triedMs = this.options.clock.monotonic();
    const { jwks } = await this.discover();
    const { keys } = keySet.parse(await this.fetchJson(jwks));
    const read = new Map<string, IssuerKey>();
    for (const jwk of keys) {
      const { kid, use, alg, kty } = jwk;
      if (typeof kid !== 'string' || (use !== undefined && use !== 'sig') || (kty !== 'RSA' && kty !== 'EC')) continue;
      read.set(kid, {
        key: createPublicKey({ key: jwk, format: 'jwk' }),
        algorithm: typeof alg === 'string' ? alg : undefined,
      });
    }
    this.keys = read;
    this.loadedMs = this.options.clock.monotonic();
  }

  private async discover(): Promise<{ readonly jwks: string; readonly userinfo: string | undefined }> {
    if (this.endpoints) return this.endpoints;
    const { issuer, jwksUri } = this.options;
    if (jwksUri) return (this.endpoints = { jwks: jwksUri, userinfo: undefined });
    const found = discovery.parse(
      await this.fetchJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`),
    );
    if (found.issuer !== issuer) throw new Error('the discovery document names another issuer');
    return (this.endpoints = { jwks: found.jwks_uri, userinfo: found.userinfo_endpoint });
  }

  private async fetchJson(url: string): Promise<unknown> {
    const response = await this.options.fetch(url, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { accept: 'application/json' },
      redirect: 'error',
    });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const text = await response.text();
    if (text.length > DOCUMENT_BYTES) throw new Error('the answer is too long');
    return JSON.parse(text);
  }
}
