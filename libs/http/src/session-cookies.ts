/** Cookie of one login in progress, by its `state`: tabs that log in at the same time have one each. */
export type LoginCookie = `login_${string}`;
/** Cookies of the console, by purpose. */
export type ConsoleCookie = 'session' | LoginCookie;

const nameOf = (cookie: ConsoleCookie, isSecure: boolean): string => `${isSecure ? '__Host-' : ''}astro_${cookie}`;

/**
 * Returns a `Set-Cookie` header for a cookie that scripts cannot read, and that no other site's requests contain,
 * except for links. Over https, the prefix `__Host-` prevents that another host of the domain or plain http sets it.
 *
 * @param maxAgeSeconds 0 deletes the cookie
 */
export const setCookie = (cookie: ConsoleCookie, value: string, isSecure: boolean, maxAgeSeconds: number): string =>
  `${nameOf(cookie, isSecure)}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;

/**
 * Returns the value of a cookie in a `Cookie` header; undefined if it is absent, or there are several: then it is
 * unknown which one is ours. Over https, only a cookie with the prefix counts.
 */
export function cookieIn(header: string | undefined, cookie: ConsoleCookie, isSecure: boolean): string | undefined {
  const found = pairsIn(header, `${nameOf(cookie, isSecure)}=`);
  return found.length === 1 ? found[0] : undefined;
}

/** Returns the logins in progress in a `Cookie` header, in its order: browsers send the oldest first (RFC 6265). */
export const loginCookiesIn = (header: string | undefined, isSecure: boolean): readonly LoginCookie[] =>
  pairsIn(header, nameOf('login_', isSecure)).flatMap((rest) => {
    const [, id] = /^([\w-]{1,64})=/.exec(rest) ?? [];
    return id === undefined ? [] : [`login_${id}` as const];
  });

/** Returns what follows a text in those parts of a `Cookie` header that begin with it. */
const pairsIn = (header: string | undefined, start: string): readonly string[] =>
  (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(start))
    .map((pair) => pair.slice(start.length));
