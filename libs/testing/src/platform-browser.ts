import type { PersonResponse } from './platform-people.ts';

/** A page or response that a browser got, after redirects within the platform. */
export interface BrowserResponse extends PersonResponse {
  /** Address of the last request. */
  readonly url: string;
  /** `Set-Cookie` headers of all responses. */
  readonly setCookies: readonly string[];
}

/** A browser without scripts: cookies, redirects, and forms. */
export interface PlatformBrowser {
  readonly cookies: Map<string, string>;
  /** Sends a request, and follows redirects. `isFollowing`: false stops at the first response. */
  send(
    method: string,
    address: string,
    options?: {
      readonly headers?: Readonly<Record<string, string>>;
      readonly form?: Readonly<Record<string, string>>;
      readonly body?: unknown;
      readonly isFollowing?: (location: URL) => boolean;
    },
  ): Promise<BrowserResponse>;
  /** Sends a request as the pages of the console do. */
  request(what: string, body?: unknown): Promise<BrowserResponse>;
}

const MAX_REDIRECTS = 10;

/** Creates a browser without cookies at a platform. */
export function newBrowser(platformUrl: string): PlatformBrowser {
  const cookies = new Map<string, string>();
  const origin = new URL(platformUrl).origin;
  const send: PlatformBrowser['send'] = async (method, address, options = {}) => {
    const { headers = {}, form, body, isFollowing = () => true } = options;
    const setCookies: string[] = [];
    let url = new URL(address, platformUrl);
    let sent: RequestInit = {
      method,
      headers: {
        accept: 'text/html',
        ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(form && { body: new URLSearchParams(form).toString() }),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    };
    for (let n = 0; n < MAX_REDIRECTS; n++) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await fetch(url, {
        ...sent,
        redirect: 'manual',
        headers: { ...(sent.headers as Record<string, string>), ...(cookie !== '' && { cookie }) },
      });
      for (const header of response.headers.getSetCookie()) {
        setCookies.push(header);
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(header) ?? [];
        if (value === '') cookies.delete(name);
        else cookies.set(name, value);
      }
      const location = response.headers.get('location');
      const isRedirect = response.status >= 300 && response.status < 400;
      const next = location === null || !isRedirect ? undefined : new URL(location, url);
      if (!next || !isFollowing(next)) {
        const text = await response.text();
        const { status, headers: received } = response;
        return {
          status,
          headers: received,
          text,
          body: parsed(text),
          url: url.href,
          setCookies,
        };
      }
      await response.body?.cancel();
      url = next;
      sent = { method: 'GET', headers: { accept: 'text/html' } };
    }
    throw new Error(`${address} redirects without end`);
  };
  return {
    cookies,
    send,
    request(what, body) {
      const [method = 'GET', path = '/'] = what.split(' ');
      return send(method, path, {
        headers: { accept: 'application/json', 'sec-fetch-site': 'same-origin', origin },
        ...(body !== undefined && { body }),
      });
    },
  };
}

/** Returns text as JSON; undefined if it is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Logs a browser in to the console with an account of the built-in issuer.
 *
 * @param path of the login; defaults to `/console/login`
 * @returns the response to which the login returned
 */
export async function logInToConsole(
  browser: PlatformBrowser,
  { email, password }: { readonly email: string; readonly password: string },
  path = '/console/login',
): Promise<BrowserResponse> {
  const page = await browser.send('GET', path);
  if (!page.text.includes('name="password"')) return page; // the issuer knows the browser
  const action = /<form[^>]* action="([^"]+)"/.exec(page.text)?.[1] ?? '';
  const xsrf = /name="xsrf" value="([^"]*)"/.exec(page.text)?.[1] ?? '';
  return browser.send('POST', action, { form: { email, password, xsrf } });
}
