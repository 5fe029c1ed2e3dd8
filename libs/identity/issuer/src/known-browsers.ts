import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Clock, Ids } from '#kernel';

const COOKIE = 'astro_browser';
/** Seconds; browsers keep no cookie longer. */
const LIVES_SECONDS = 400 * 86_400;
/** Of one browser; the one that was not used longest is forgotten. */
const ACCOUNTS_AT_MOST = 5;
const FORM = /^([\w-]{22})\.(\d{1,12})\.([\w-]{16}(?:~[\w-]{16})*)\.([\w-]{43})$/;

export interface KnownBrowser {
  /** Of the browser. */
  readonly id: string;
  /** What stands for the accounts that were logged in to with it, the latest first. */
  readonly accounts: readonly string[];
}

/**
 * Browsers that have logged in before, known by a signed cookie (OWASP's device cookies). Their attempts are counted apart, so
 * that nobody who guesses from elsewhere keeps the owner of an account out. The cookie proves nothing else.
 */
export interface KnownBrowsers {
  /** The browser that sent a request, when it is known. */
  of(request: IncomingMessage): KnownBrowser | undefined;
  /** Whether it has logged in to this account. */
  knows(browser: KnownBrowser | undefined, email: string): browser is KnownBrowser;
  /** The header `Set-Cookie` after a login with this browser. */
  remember(request: IncomingMessage, email: string): string;
}

/** @param secret signs the cookies, and hides the addresses in them */
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
      const signed = `${id}.${nowSeconds()}.${accounts.slice(0, ACCOUNTS_AT_MOST).join('~')}`;
      const attributes = `Path=/oidc; Max-Age=${LIVES_SECONDS}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
      return `${COOKIE}=${signed}.${mac('cookie', signed)}; ${attributes}`;
    },
  };
}
