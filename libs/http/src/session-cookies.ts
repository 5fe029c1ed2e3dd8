/** Cookies of the console, by purpose: the session, and the login in progress. */
export type ConsoleCookie = 'session' | 'login';

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
  const start = `${nameOf(cookie, isSecure)}=`;
  const found = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(start));
  return found.length === 1 ? found[0]?.slice(start.length) : undefined;
}
