import type { IncomingMessage } from 'node:http';
import { domainError, type DomainError } from '#kernel';

/**
 * Returns whether a request with a cookie may have been caused by another site. Browsers set both headers, and pages
 * cannot change them. A change must have both, and exactly our origin; a read must not be from another site.
 *
 * @param origin of the console, such as `https://astro.acme.dev`
 */
export function isCrossSite({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>, origin: string): boolean {
  const { 'sec-fetch-site': site, origin: sentFrom } = headers;
  return method === 'GET' || method === 'HEAD'
    ? site !== undefined && site !== 'same-origin' && site !== 'none' // none: the person typed the address
    : site !== 'same-origin' || sentFrom !== origin;
}

/** Returns the error for a request with a session cookie that another site may have caused. */
export const crossSite = (): DomainError<'login/cross-site'> =>
  domainError('login/cross-site', 'forbidden', 'The request was not sent by the console of this platform.', {
    fix: 'use the console at its public address (ASTRO_PUBLIC_URL), or send an access key instead of the cookie',
  });
