import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Clock, Ids } from '#kernel';

const COOKIE = 'astro_browser';
/** Lifetime of the cookie in seconds, the longest that browsers accept. */
const LIVES_SECONDS = 400 * 86_400;
/** Maximum number of accounts of one browser. The least recently used one is removed. */
const MAX_ACCOUNTS = 5;
const FORM = /^([\w-]{22})\.(\d{1,12})\.([\w-]{16}(?:~[\w-]{16})*)\.([\w-]{43})$/;

export interface KnownBrowser {
  /** ID of the browser. */
  readonly id: string;
  /** Digests of the accounts that have logged in with it, the latest first. */
  readonly accounts: readonly string[];
}

/**
 * Recognizes browsers that have logged in before by a signed cookie (OWASP's device cookies). Their attempts are
 * counted separately, so that attempts from elsewhere cannot lock out the owner of an account. The cookie proves
 * nothing else.
 */
export interface KnownBrowsers {
  /** Returns the browser that sent a request, if it has a valid cookie. */
  of(request: IncomingMessage): KnownBrowser | undefined;
  /** Returns whether the browser has logged in to this account. */
  knows(browser: KnownBrowser | undefined, email: string): browser is KnownBrowser;
  /** Returns the header `Set-Cookie` for a login with this browser. */
  remember(request: IncomingMessage, email: string): string;
}

/**
 * Creates the recognition of browsers.
 *
 * @param secret signs the cookies, and hides the addresses in them
 */
export function createKnownBrowsers({
  secret,
  clock,
  ids,
  isSecure,
}: {
  readonly secret: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly isSecure: boolean;
}): KnownBrowsers {
  const mac = (kind: string, text: string): string =>
    createHmac('sha256', secret).update(`known browser ${kind}\n${text}`).digest('base64url');
  const accountOf = (email: string): string =>
    mac('account', email.normalize('NFKC').trim().toLowerCase()).slice(0, 16);
  const nowSeconds = (): number => Math.floor(clock.now() / 1_000);

  function of({ headers }: IncomingMessage): KnownBrowser | undefined {
    const value = new RegExp(`(?:^|;\\s*)${COOKIE}=([^;]+)`).exec(headers.cookie ?? '')?.[1];
    const [, id = '', since = '', accounts = '', signature] = FORM.exec(value ?? '') ?? [];
    if (signature === undefined) return undefined;
    const right = mac('cookie', `${id}.${since}.${accounts}`);
    const isRight = timingSafeEqual(Buffer.from(signature), Buffer.from(right));
    return isRight && nowSeconds() - Number(since) < LIVES_SECONDS ? { id, accounts: accounts.split('~') } : undefined;
  }

  return {
    of,
    knows: (browser, email): browser is KnownBrowser => browser?.accounts.includes(accountOf(email)) ?? false,
    remember(request, email) {
      const known = of(request);
      const id = known?.id ?? Buffer.from(ids.random(16)).toString('base64url');
      const account = accountOf(email);
      const accounts = [account, ...(known?.accounts ?? []).filter((other) => other !== account)];
      const signed = `${id}.${nowSeconds()}.${accounts.slice(0, MAX_ACCOUNTS).join('~')}`;
      const attributes = `Path=/oidc; Max-Age=${LIVES_SECONDS}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
      return `${COOKIE}=${signed}.${mac('cookie', signed)}; ${attributes}`;
    },
  };
}
