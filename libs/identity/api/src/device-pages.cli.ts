import { EXIT_CODES, localError, type CommandError } from '#cli';

/** Maximum number of pages: more than the code, login, consent, and result of the device flow. */
const MAX_PAGES = 10;

/**
 * Completes an issuer's device pages like a browser without scripts: fills `user_code`, `email` (or `login`,
 * `username`), and `password` into the forms, and submits them until a page has no such field.
 */
export async function driveDevicePages(
  address: string,
  userCode: string,
  account: { readonly email: string; readonly password: string },
): Promise<true | CommandError> {
  const cookies = new Map<string, string>();
  const filled: Readonly<Record<string, string>> = {
    user_code: userCode,
    email: account.email,
    login: account.email,
    username: account.email,
    password: account.password,
  };
  let page = await load(new URL(address), cookies);
  let passwordSent = false;
  for (let count = 0; count < MAX_PAGES; count++) {
    const form = formOf(page.body);
    if (!form)
      return page.status < 400
        ? true
        : localError(EXIT_CODES.unauthenticated, `The login page returned ${page.status}.`, 'Run: astroctl auth login');
    const hasPasswordField = form.names.includes('password');
    if (hasPasswordField && passwordSent)
      return localError(
        EXIT_CODES.unauthenticated,
        'The issuer did not accept that address and password.',
        'check both, then: astroctl auth login --username EMAIL --password-stdin',
      );
    passwordSent ||= hasPasswordField;
    const body = new URLSearchParams(form.hidden);
    for (const name of form.names) if (filled[name] !== undefined) body.set(name, filled[name]);
    const target = new URL(form.action || page.url, page.url);
    if (target.origin !== new URL(address).origin)
      return localError(
        EXIT_CODES.unauthenticated,
        'The login continues on another site, which astroctl cannot automate.',
        'Run: astroctl auth login',
      );
    page = await load(target, cookies, body);
  }
  return localError(
    EXIT_CODES.unauthenticated,
    'The login pages require more than an address and a password.',
    'Run: astroctl auth login',
  );
}

interface LoadedPage {
  readonly url: string;
  readonly status: number;
  readonly body: string;
}

/** Sends a request with the cookies so far. Redirects are followed here, because each may set cookies. */
async function load(url: URL, cookies: Map<string, string>, form?: URLSearchParams): Promise<LoadedPage> {
  let next = url;
  let body = form;
  for (let hops = 0; hops < 10; hops++) {
    const response = await fetch(next, {
      method: body ? 'POST' : 'GET',
      redirect: 'manual',
      headers: { accept: 'text/html', cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(body && { body }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';');
      const at = pair.indexOf('=');
      cookies.set(pair.slice(0, at).trim(), pair.slice(at + 1));
    }
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || location === null)
      return { url: next.href, status: response.status, body: await response.text() };
    await response.body?.cancel();
    next = new URL(location, next);
    body = undefined;
  }
  return { url: next.href, status: 508, body: '' };
}

interface Form {
  readonly action: string;
  readonly hidden: Record<string, string>;
  /** Names of the fields that a person fills in. */
  readonly names: readonly string[];
}

/** Returns the first form of a page; `undefined` if there is none. */
function formOf(html: string): Form | undefined {
  const [, attributes, content] = /<form\b([^>]*)>([\s\S]*?)<\/form>/i.exec(html) ?? [];
  if (attributes === undefined || content === undefined) return undefined;
  const hidden: Record<string, string> = {};
  const names: string[] = [];
  for (const [tag] of content.matchAll(/<(?:input|button)\b[^>]*>/gi)) {
    const name = attribute(tag, 'name');
    if (name === undefined) continue;
    const type = attribute(tag, 'type') ?? 'text';
    if (type === 'hidden' || tag.startsWith('<button')) hidden[name] ??= attribute(tag, 'value') ?? '';
    else names.push(name);
  }
  return { action: attribute(attributes, 'action') ?? '', hidden, names };
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&quot;': '"',
  '&#39;': "'",
  '&#x27;': "'",
  '&lt;': '<',
  '&gt;': '>',
  '&#x2F;': '/',
};

function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\b${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s>]+))`, 'i').exec(tag);
  const raw = value?.[1] ?? value?.[2] ?? value?.[3];
  return raw?.replace(/&(?:amp|quot|#39|#x27|lt|gt|#x2F);/g, (entity) => ENTITIES[entity] ?? entity);
}
