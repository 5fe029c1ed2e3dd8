import { KeyObject } from 'node:crypto';
import {
  abortAfter,
  domainError,
  err,
  ok,
  pause,
  type Clock,
  type DomainError,
  type Logger,
  type Result,
} from '#kernel';
import { createRemoteJWKSet, customFetch, errors, type CryptoKey } from 'jose';
import { z } from 'zod';

/** The part of `fetch` that is used. Injected, so that tests count calls. */
export type Fetch = (
  url: string,
  init: { readonly signal: AbortSignal; readonly headers: Record<string, string>; readonly redirect: 'error' },
) => Promise<Response>;

/**
 * Minimum age of a key set before an unknown key ID fetches it again, which limits the load that invalid tokens can
 * cause.
 */
const COOL_DOWN_MS = 30_000;
/**
 * Age at which a key set is fetched again in the background. Until then, a key that the issuer removed remains valid.
 */
const MAX_AGE_MS = 10 * 60_000;
/** Delay before an unavailable issuer is tried again. */
const RETRY_MS = 10_000;
const TIMEOUT_MS = 5_000;
const DOCUMENT_BYTES = 512 * 1024;

const discovery = z.object({ issuer: z.string(), jwks_uri: z.url(), userinfo_endpoint: z.url().optional() });
const keySet = z.object({ keys: z.array(z.unknown()).max(100) });
/** Whether a key is usable is determined when a token uses it, so that an invalid one does not affect others. */
const namedKey = z.looseObject({ kty: z.string(), kid: z.string() });

export interface IssuerOptions {
  readonly issuer: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Identifies the key that signed a token. */
export interface KeyName {
  readonly alg: string;
  readonly kid: string;
}

type KeySet = ReturnType<typeof createRemoteJWKSet>;

interface Endpoints {
  readonly keys: KeySet;
  readonly userinfo: string | undefined;
}

/** The issuer returned no usable document. */
class IssuerUnavailableError extends Error {}

/** The discovery document is that of another issuer. */
class OtherIssuerError extends Error {
  constructor(readonly found: string) {
    super('the discovery document has a different issuer');
  }
}

/** Returns the reason of an error for the operator, which `fetch` puts into the cause. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  if (thrown instanceof z.ZodError || thrown instanceof SyntaxError) return 'the response is not a discovery document';
  const { cause } = thrown;
  const inner = cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.message) : undefined;
  return inner === undefined ? thrown.message : `${thrown.message}: ${inner}`;
}

function faultOf(url: string, issuer: string, thrown: unknown): string {
  return thrown instanceof OtherIssuerError
    ? `${url} is the discovery document of ${JSON.stringify(thrown.found.slice(0, 300))}; if that is your issuer, set ASTRO_OIDC_ISSUER to exactly this`
    : `${url} cannot be used (${reasonOf(thrown)}); check ASTRO_OIDC_ISSUER=${issuer} and the network`;
}

/**
 * The signing keys of one issuer, located by its discovery document. A token cannot cause requests to other addresses.
 * While the issuer is unavailable, known keys remain valid.
 */
export class IssuerKeys {
  private endpoints: Promise<Endpoints> | undefined;
  private fetchedMs: number | undefined;
  private unavailableUntilMs = Number.NEGATIVE_INFINITY;
  /** Error in the last document, as a sentence; undefined if it was usable. */
  private fault: string | undefined;
  /** Creating a key object takes longer than finding its key. Cached as long as the key set. */
  private readonly keyObjects = new WeakMap<CryptoKey, KeyObject>();

  constructor(private readonly options: IssuerOptions) {}

  /**
   * Returns the key of a token. Undefined if the issuer has no such key, or an unusable one; `login/issuer-unreachable`
   * if it is unknown and the issuer is unavailable.
   */
  async key({ alg, kid }: KeyName): Promise<Result<KeyObject | undefined, DomainError>> {
    const { clock, logger, issuer } = this.options;
    try {
      const { keys } = await this.discovered();
      this.refreshOld(keys);
      return ok(this.keyObject(await keys({ alg, kid })));
    } catch (error) {
      if (error instanceof IssuerUnavailableError)
        return err(issuerUnreachable(this.unavailableUntilMs - clock.monotonic()));
      if (!(error instanceof errors.JWKSNoMatchingKey))
        logger.warn({ issuer, kid, err: String(error) }, 'a key of the issuer cannot be used');
      return ok(undefined);
    }
  }

  /**
   * Returns the problem with the issuer and what to configure, as a sentence; undefined if its last document was
   * usable.
   */
  problem(): string | undefined {
    return this.fault;
  }

  /**
   * Loads the discovery document and keys before the first request, and retries until it succeeds, so that a mistyped
   * issuer is noticed at startup. Need not be awaited.
   */
  async warmUp(stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) {
      try {
        const { keys } = await this.discovered();
        if (!keys.fresh && !keys.reloading) await keys.reload();
        return;
      } catch {
        await pause(this.options.clock, RETRY_MS, stopped); // the reason was logged, and is `problem()`
      }
    }
  }

  /** Returns the address of the issuer's userinfo, if it has one. */
  async userinfo(): Promise<string | undefined> {
    return (await this.discovered()).userinfo;
  }

  private refreshOld(keys: KeySet): void {
    const isOld = this.fetchedMs !== undefined && this.options.clock.monotonic() - this.fetchedMs >= MAX_AGE_MS;
    if (isOld && !keys.reloading) keys.reload().catch(() => {}); // already logged; known keys remain valid
  }

  private keyObject(key: CryptoKey): KeyObject {
    const known = this.keyObjects.get(key);
    if (known) return known;
    const made = KeyObject.from(key);
    this.keyObjects.set(key, made);
    return made;
  }

  private discovered(): Promise<Endpoints> {
    this.endpoints ??= this.discover().catch((error: unknown) => {
      this.endpoints = undefined;
      throw error;
    });
    return this.endpoints;
  }

  private async discover(): Promise<Endpoints> {
    const { issuer } = this.options;
    const found = await this.document(
      `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, // OpenID Connect Discovery 1.0, section 4
      abortAfter(this.options.clock, TIMEOUT_MS),
      (text) => {
        const parsed = discovery.parse(JSON.parse(text));
        if (parsed.issuer !== issuer) throw new OtherIssuerError(parsed.issuer);
        return parsed;
      },
    );
    const keys = createRemoteJWKSet(new URL(found.jwks_uri), {
      timeoutDuration: TIMEOUT_MS,
      cooldownDuration: COOL_DOWN_MS,
      cacheMaxAge: Number.POSITIVE_INFINITY, // see refreshOld: a request with a known key does not wait
      [customFetch]: async (url, { signal }) => {
        const set = await this.document(url, signal, (text) => keySet.parse(JSON.parse(text)));
        this.fetchedMs = this.options.clock.monotonic();
        return Response.json({ keys: set.keys.filter((key) => namedKey.safeParse(key).success) });
      },
    });
    return { keys, userinfo: found.userinfo_endpoint };
  }

  /**
   * Fetches a document.
   *
   * @throws IssuerAwayError, without a request if the last failure is younger than RETRY_MS
   */
  private async document<T>(url: string, signal: AbortSignal, parse: (text: string) => T): Promise<T> {
    const { fetch, clock, logger, issuer } = this.options;
    if (clock.monotonic() < this.unavailableUntilMs)
      throw new IssuerUnavailableError('the previous request failed a moment ago');
    try {
      const response = await fetch(url, { signal, headers: { accept: 'application/json' }, redirect: 'error' });
      if (!response.ok) throw new Error(`status ${response.status}`);
      const text = await response.text();
      if (text.length > DOCUMENT_BYTES) throw new Error('the response is too long');
      const parsed = parse(text);
      this.fault = undefined;
      return parsed;
    } catch (cause) {
      this.unavailableUntilMs = clock.monotonic() + RETRY_MS;
      this.fault = faultOf(url, issuer, cause);
      logger.warn({ issuer, err: reasonOf(cause), fix: this.fault }, 'the keys of the issuer cannot be read');
      throw new IssuerUnavailableError('the issuer returned no usable response', { cause });
    }
  }
}

/** @param waitMs milliseconds until a retry can succeed */
export const issuerUnreachable = (waitMs: number): DomainError<'login/issuer-unreachable'> =>
  domainError('login/issuer-unreachable', 'unavailable', 'The login service is not reachable.', {
    fix: 'try again; access keys keep working',
    retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1_000)),
  });
