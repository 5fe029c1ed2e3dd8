// The built-in issuer on loopback, and browsers without scripts, for the tests of this folder.
import { domainError, err, silentLogger, type Clock } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import type { Vault } from '#vault';
import { loadOrCreateSealingKeys, openEmbeddedVault } from '#vault/embedded';
import Fastify from 'fastify';
import { createIssuer, type Issuer } from './create-issuer.ts';
import { DEVICE_GRANT } from './configuration.ts';
import type { PasswordPages } from './password-pages.ts';

const noLink = err(domainError('identity/no-such-link', 'not-found', 'This link is not valid.'));
const noLinks: PasswordPages = {
  find: () => Promise.resolve(noLink),
  setPassword: () => Promise.resolve(noLink),
};

export interface Page {
  readonly status: number;
  readonly text: string;
  readonly url: string;
}

/** A browser without scripts: cookies, redirects, and the first form of a page. */
export interface Browser {
  get(address: string): Promise<Page>;
  post(address: string, form: Record<string, string>): Promise<Page>;
  cookie(name: string): string | undefined;
  setCookie(name: string, value: string): void;
  forget(...names: string[]): void;
}

export interface PageResponse {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export interface Credentials {
  readonly email: string;
  readonly password: string;
}

export interface TestIssuer {
  readonly base: string;
  readonly issuer: Issuer;
  readonly vault: Vault;
  /** Advances the clock of limits. */
  advance(ms: number): void;
  /**
   * Creates a browser.
   *
   * @param address the browser's address, according to the proxy
   */
  browser(address?: string): Browser;
  form(path: string, fields: Record<string, string>): Promise<PageResponse>;
  startDevice(): Promise<Record<string, unknown>>;
  /** Polls one second after the previous poll. */
  poll(deviceCode: unknown): Promise<PageResponse>;
  /** Opens the page that asks to confirm the code, or shows why it is invalid. */
  enterCode(userCode: unknown, pages?: Browser): Promise<{ readonly pages: Browser; readonly confirm: Page }>;
  /**
   * Confirms or refuses the code.
   *
   * @returns the next page: the login page if nobody is logged in
   */
  submitCode(pages: Browser, confirm: Page, word?: 'confirm' | 'abort'): Promise<Page>;
  /** Enters and confirms a code, and returns the login page with its form. */
  loginPage(
    userCode?: unknown,
    pages?: Browser,
  ): Promise<{
    readonly pages: Browser;
    readonly login: Page;
    readonly submit: (fields: Record<string, string>) => Promise<Page>;
  }>;
  /**
   * Enters and confirms a code, and logs in.
   *
   * @returns the last page
   */
  logIn(userCode: unknown, credentials: Credentials, pages?: Browser): Promise<Page>;
  close(): Promise<void>;
}

/**
 * Starts the issuer on a free port, behind a trusted reverse proxy.
 *
 * @param folder for its vault
 * @param passwordPages decides about links. Default: no link is valid.
 */
export async function startTestIssuer(folder: string, passwordPages?: PasswordPages): Promise<TestIssuer> {
  let nowMs = 0;
  const clock: Clock = { ...systemClock, monotonic: () => nowMs };
  const vault = await openEmbeddedVault({
    folder,
    clock: systemClock,
    ids: systemIds,
    log: silentLogger,
    sealingKeys: loadOrCreateSealingKeys(folder),
  });
  const fastify = Fastify({ trustProxy: '127.0.0.1' });
  // The issuer's address contains the port, so a first server finds a free one.
  const probe = Fastify();
  const base = await probe.listen({ port: 0, host: '127.0.0.1' });
  await probe.close();
  const issuer = await createIssuer({ vault, clock, ids: systemIds, logger: silentLogger, publicUrl: base });
  await issuer.mount(fastify, passwordPages ?? noLinks);
  await fastify.listen({ port: Number(new URL(base).port), host: '127.0.0.1' });

  const form: TestIssuer['form'] = async (path, fields) => {
    const response = await fetch(`${base}/oidc${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(fields).toString(),
    });
    return { status: response.status, body: JSON.parse(await response.text()) as Record<string, unknown> };
  };
  const browser = (address?: string) => browserAt(base, address);
  const startDevice = async () =>
    (await form('/device/auth', { client_id: 'astroctl', scope: 'openid email profile' })).body;
  const enterCode: TestIssuer['enterCode'] = async (userCode, pages = browser()) => {
    const entry = await pages.get('/oidc/device');
    const fields = { user_code: String(userCode), xsrf: hiddenField(entry.text, 'xsrf') };
    return { pages, confirm: await pages.post('/oidc/device', fields) };
  };
  const submitCode: TestIssuer['submitCode'] = (pages, { text }, word = 'confirm') =>
    pages.post('/oidc/device', {
      user_code: hiddenField(text, 'user_code'),
      xsrf: hiddenField(text, 'xsrf'),
      [word]: 'yes',
    });
  const loginPage: TestIssuer['loginPage'] = async (userCode, pages = browser()) => {
    const { confirm } = await enterCode(userCode ?? (await startDevice())['user_code'], pages);
    const login = await submitCode(pages, confirm);
    const xsrf = hiddenField(login.text, 'xsrf');
    return { pages, login, submit: (fields) => pages.post(formAction(login.text), { xsrf, ...fields }) };
  };
  return {
    base,
    issuer,
    vault,
    advance: (ms) => void (nowMs += ms),
    browser,
    form,
    startDevice,
    poll(deviceCode) {
      nowMs += 1_000;
      return form('/token', { client_id: 'astroctl', grant_type: DEVICE_GRANT, device_code: String(deviceCode) });
    },
    enterCode,
    submitCode,
    loginPage,
    async logIn(userCode, { email, password }, pages) {
      const { submit } = await loginPage(userCode, pages);
      return submit({ email, password });
    },
    async close() {
      await fastify.close();
      await vault.close();
    },
  };
}

function browserAt(base: string, from: string | undefined): Browser {
  const cookies = new Map<string, string>();
  const send = async (address: string, form?: Record<string, string>): Promise<Page> => {
    const headers: Record<string, string> = {
      cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
      accept: 'text/html',
      ...(from !== undefined && { 'x-forwarded-for': from }),
    };
    if (form) headers['content-type'] = 'application/x-www-form-urlencoded';
    const response = await fetch(new URL(address, base), {
      method: form ? 'POST' : 'GET',
      headers,
      redirect: 'manual',
      ...(form && { body: new URLSearchParams(form).toString() }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (location !== null && !location.includes('/callback')) return send(location);
    return { status: response.status, text: location ?? (await response.text()), url: address };
  };
  return {
    get: (address) => send(address),
    post: (address, form) => send(address, form),
    cookie: (name) => cookies.get(name),
    setCookie: (name, value) => void cookies.set(name, value),
    forget: (...names) => names.forEach((name) => cookies.delete(name)),
  };
}

/** Returns the value of a hidden field. */
export const hiddenField = (page: string, name: string): string =>
  new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? '';
/** Returns the action of the first form of a page. */
export const formAction = (page: string): string => /<form[^>]* action="([^"]+)"/.exec(page)?.[1] ?? '';
