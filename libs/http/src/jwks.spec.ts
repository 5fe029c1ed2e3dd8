import { jest } from '@jest/globals';
import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { silentLogger } from '#kernel';
import { manualClock, type ManualClock } from '#testing';
import { IssuerKeys } from './jwks.ts';

const ISSUER = 'https://issuer.test';
const publicJwk = (kid: string, more: object = {}): JsonWebKey => ({
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
  kid,
  use: 'sig',
  alg: 'ES256',
  ...more,
});
const of = (kid: string, alg = 'ES256') => ({ alg, kid });

describe('the keys of an issuer', () => {
  let clock: ManualClock;
  let keys: unknown[];
  let isUnavailable: boolean;
  let fetched: string[];
  let issuer: IssuerKeys;

  beforeEach(() => {
    clock = manualClock();
    jest.spyOn(Date, 'now').mockImplementation(() => clock.now()); // the clock of jose's cooldown
    keys = [publicJwk('one')];
    isUnavailable = false;
    fetched = [];
    issuer = new IssuerKeys({
      issuer: ISSUER,
      clock,
      logger: silentLogger,
      fetch: async (url) => {
        fetched.push(url);
        if (isUnavailable) throw new Error('no route');
        return Response.json(
          url.endsWith('/openid-configuration') ? { issuer: ISSUER, jwks_uri: `${ISSUER}/jwks` } : { keys },
        );
      },
    });
  });
  afterEach(() => jest.restoreAllMocks());

  const sets = () => fetched.filter((url) => url === `${ISSUER}/jwks`).length;

  it('are located by its discovery document, fetched once, and returned unchanged', async () => {
    const results = await Promise.all([issuer.key(of('one')), issuer.key(of('one'))]);
    expect(results).toMatchObject([
      { ok: true, value: { asymmetricKeyType: 'ec' } },
      { ok: true, value: { asymmetricKeyType: 'ec' } },
    ]);
    expect(fetched).toEqual([`${ISSUER}/.well-known/openid-configuration`, `${ISSUER}/jwks`]);
  });

  it('use-I1: are located for an issuer with a trailing slash, as in its discovery document', async () => {
    const slashed = (issuerUrl: string) =>
      new IssuerKeys({
        issuer: `${ISSUER}/`,
        clock,
        logger: silentLogger,
        fetch: async (url) => {
          fetched.push(url);
          return Response.json(
            url.includes('.well-known') ? { issuer: issuerUrl, jwks_uri: `${ISSUER}/jwks` } : { keys },
          );
        },
      });
    expect(await slashed(`${ISSUER}/`).key(of('one'))).toMatchObject({ ok: true, value: { type: 'public' } });
    expect(fetched[0]).toBe(`${ISSUER}/.well-known/openid-configuration`);
    const other = slashed(ISSUER);
    expect(await other.key(of('one'))).toMatchObject({ ok: false });
    expect(other.problem()).toBe(
      `${ISSUER}/.well-known/openid-configuration is the discovery document of "${ISSUER}"; if that is your issuer, set ASTRO_OIDC_ISSUER to exactly this`,
    );
  });

  it('use-I8: are fetched before the first request, until successful, while the problem is reported', async () => {
    isUnavailable = true;
    const warmedUp = issuer.warmUp(new AbortController().signal);
    await new Promise(setImmediate);
    expect(issuer.problem()).toBe(
      `${ISSUER}/.well-known/openid-configuration cannot be used (no route); check ASTRO_OIDC_ISSUER=${ISSUER} and the network`,
    );
    isUnavailable = false;
    clock.advance(10_000);
    await warmedUp;
    expect(issuer.problem()).toBeUndefined();
    expect(fetched).toHaveLength(3);
    await issuer.key(of('one'));
    expect(fetched).toHaveLength(3);
  });

  it('use-I8: are not fetched after the process has ended', async () => {
    isUnavailable = true;
    const stopping = new AbortController();
    const warmedUp = issuer.warmUp(stopping.signal);
    await new Promise(setImmediate);
    stopping.abort();
    await warmedUp;
    clock.advance(60_000);
    expect(fetched).toHaveLength(1);
  });

  it('use-I4: do not affect other keys if they are invalid', async () => {
    keys = [
      publicJwk('broken', { x: 'AAAA' }),
      { kty: 'RSA', kid: 'empty', e: 'AQAB' },
      { kty: 'OKP', kid: 'odd', crv: 'none' },
      null,
      'text',
      { kid: 7 },
      publicJwk('for-encryption', { use: 'enc' }),
      publicJwk('one'),
    ];
    expect(await issuer.key(of('one'))).toMatchObject({ ok: true, value: { type: 'public' } });
    for (const kid of ['broken', 'empty', 'odd', 'for-encryption'])
      expect(await issuer.key(of(kid))).toEqual({ ok: true, value: undefined });
    expect(await issuer.key(of('empty', 'RS256'))).toEqual({ ok: true, value: undefined });
    expect(await issuer.key(of('one', 'RS256'))).toEqual({ ok: true, value: undefined });
  });

  it('use-I4: are found within half a minute when added, including a second one', async () => {
    await issuer.key(of('one'));
    for (const kid of ['two', 'three']) {
      keys = [publicJwk(kid)];
      clock.advance(29_000);
      expect(await issuer.key(of(kid))).toEqual({ ok: true, value: undefined });
      clock.advance(1_000);
      expect(await issuer.key(of(kid))).toMatchObject({ ok: true, value: { type: 'public' } });
    }
    expect(sets()).toBe(3);
  });

  it('use-I4: remain valid while the issuer is unavailable, at any age, without delaying requests', async () => {
    await issuer.key(of('one'));
    isUnavailable = true;
    clock.advance(3_600_000);
    expect(await issuer.key(of('one'))).toMatchObject({ ok: true, value: { type: 'public' } });
    expect(sets()).toBe(2);
    for (let n = 0; n < 5; n++) expect(await issuer.key(of('one'))).toMatchObject({ ok: true });
    expect(sets()).toBe(2);
    isUnavailable = false;
    keys = [publicJwk('two')];
    clock.advance(10_000);
    await issuer.key(of('one')); // starts the fetch
    await new Promise(setImmediate);
    expect(await issuer.key(of('two'))).toMatchObject({ ok: true, value: { type: 'public' } });
    expect(await issuer.key(of('one'))).toEqual({ ok: true, value: undefined }); // removed by the issuer
  });

  it('use-I4: are rejected if unknown while the issuer is unavailable, with the time of the next attempt', async () => {
    isUnavailable = true;
    expect(await issuer.key(of('one'))).toMatchObject({
      ok: false,
      error: { code: 'login/issuer-unreachable', kind: 'unavailable', retryAfterSeconds: 10 },
    });
    clock.advance(3_500);
    expect(await issuer.key(of('one'))).toMatchObject({ ok: false, error: { retryAfterSeconds: 7 } });
    expect(fetched).toHaveLength(1);
    isUnavailable = false;
    clock.advance(6_500);
    expect(await issuer.key(of('one'))).toMatchObject({ ok: true, value: { type: 'public' } });
  });

  it.each([
    ['a discovery document of another issuer', () => Response.json({ issuer: 'https://evil.test', jwks_uri: ISSUER })],
    ['a page', () => new Response('<html>')],
    ['an error', () => new Response('{}', { status: 500 })],
    ['a megabyte', () => Response.json({ issuer: ISSUER, jwks_uri: ISSUER, text: 'x'.repeat(1_000_000) })],
    ['no keys', (url: string) => Response.json({ issuer: ISSUER, jwks_uri: `${url}/other` })],
  ])('are empty for %s', async (_what, respond) => {
    const odd = new IssuerKeys({
      issuer: ISSUER,
      clock,
      logger: silentLogger,
      fetch: async (url) => respond(url),
    });
    expect(await odd.key(of('one'))).toMatchObject({ ok: false, error: { code: 'login/issuer-unreachable' } });
  });
});
