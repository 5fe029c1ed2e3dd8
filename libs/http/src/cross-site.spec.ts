import { isCrossSite } from './cross-site.ts';

const ORIGIN = 'https://astro.acme.dev';
const sent = (method: string, headers: Record<string, string>) => isCrossSite({ method, headers }, ORIGIN);

describe('B21: a request with a session cookie', () => {
  it('may change something if the console sent it', () =>
    expect(sent('POST', { origin: ORIGIN, 'sec-fetch-site': 'same-origin' })).toBe(false));

  it.each([
    ['no header', {}],
    ['no Origin', { 'sec-fetch-site': 'same-origin' }],
    ['no Sec-Fetch-Site', { origin: ORIGIN }],
    ['a form of another site', { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' }],
    ['another host of the same domain', { origin: 'https://x.acme.dev', 'sec-fetch-site': 'same-site' }],
    ['the same host over http', { origin: 'http://astro.acme.dev', 'sec-fetch-site': 'same-origin' }],
    ['another port', { origin: `${ORIGIN}:8443`, 'sec-fetch-site': 'same-origin' }],
    ['an opaque origin', { origin: 'null', 'sec-fetch-site': 'same-origin' }],
    ['two origins', { origin: `${ORIGIN}, ${ORIGIN}`, 'sec-fetch-site': 'same-origin' }],
    ['an address that was typed', { origin: ORIGIN, 'sec-fetch-site': 'none' }],
  ])('may change nothing with %s', (_what, headers) => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) expect(sent(method, headers)).toBe(true);
  });

  it('may read, but not for another site', () => {
    expect(sent('GET', {})).toBe(false); // browsers without these headers
    expect(sent('GET', { 'sec-fetch-site': 'same-origin' })).toBe(false);
    expect(sent('GET', { 'sec-fetch-site': 'none' })).toBe(false);
    expect(sent('GET', { 'sec-fetch-site': 'cross-site' })).toBe(true);
    expect(sent('HEAD', { 'sec-fetch-site': 'same-site' })).toBe(true);
  });
});
