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

describe('keys of an issuer', () => {
  let clock: ManualClock;
  let keys: unknown[];
  let isAway: boolean;
  let fetched: string[];
  let issuer: IssuerKeys;

  beforeEach(() => {
    clock = manualClock();
    jest.spyOn(Date, 'now').mockImplementation(() => clock.now()); // the clock of jose's cool-down
    keys = [publicJwk('one')];
    isAway = false;
    fetched = [];
    issuer = new IssuerKeys({
      issuer: ISSUER,
      clock,
      logger: silentLogger,
      fetch: async (url) => {
        fetched.push(url);
        if (isAway) throw new Error('no route');
        return Response.json(
          url.endsWith('/openid-configuration') ? { issuer: ISSUER, jwks_uri: `${ISSUER}/jwks` } : { keys },
        );
      },
    });
  });
  afterEach(() => jest.restoreAllMocks());

  const sets = () => fetched.filter((url) => url === `${ISSUER}/jwks`).length;

  it('are found by its discovery document, fetched once, and given as they are', async () => {
    const answers = await Promise.all([issuer.key(of('one')), issuer.key(of('one'))]);
    expect(answers).toMatchObject([
      { ok: true, value: { asymmetricKeyType: 'ec' } },
      { ok: true, value: { asymmetricKeyType: 'ec' } },
    ]);
    expect(fetched).toEqual([`${ISSUER}/.well-known/openid-configuration`, `${ISSUER}/jwks`]);
  });

  it('use-I1: are found where the issuer ends in a slash, and the discovery document must say it with that slash', async () => {
    const slashed = (says: string) =>
      new IssuerKeys({
        issuer: `${ISSUER}/`,
        clock,
        logger: silentLogger,
        fetch: async (url) => {
          fetched.push(url);
          return Response.json(url.includes('.well-known') ? { issuer: says, jwks_uri: `${ISSUER}/jwks` } : { keys });
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

  it('use-I8: are tried before anybody needs them, until they are there; in the meantime the problem is named', async () => {
    isAway = true;
    const warmedUp = issuer.warmUp(new AbortController().signal);
    await new Promise(setImmediate);
    expect(issuer.problem()).toBe(
      `${ISSUER}/.well-known/openid-configuration cannot be used (no route); check ASTRO_OIDC_ISSUER=${ISSUER} and the network`,
    );
    isAway = false;
    clock.advance(10_000);
    await warmedUp;
    expect(issuer.problem()).toBeUndefined();
    expect(fetched).toHaveLength(3);
    await issuer.key(of('one'));
    expect(fetched).toHaveLength(3);
  });

  it('use-I8: are tried no more when the process ends', async () => {
    isAway = true;
    const stopping = new AbortController();
    const warmedUp = issuer.warmUp(stopping.signal);
    await new Promise(setImmediate);
    stopping.abort();
    await warmedUp;
    clock.advance(60_000);
    expect(fetched).toHaveLength(1);
  });

  it('use-I4: that cannot be read concern no other key', async () => {
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

  it('use-I4: that are new are found within half a minute, also the second of them', async () => {
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

  it('use-I4: hold while the issuer is away, however old they are, and nobody waits for it', async () => {
    await issuer.key(of('one'));
    isAway = true;
    clock.advance(3_600_000);
    expect(await issuer.key(of('one'))).toMatchObject({ ok: true, value: { type: 'public' } });
    expect(sets()).toBe(2);
    for (let n = 0; n < 5; n++) expect(await issuer.key(of('one'))).toMatchObject({ ok: true });
    expect(sets()).toBe(2);
    isAway = false;
    keys = [publicJwk('two')];
    clock.advance(10_000);
    await issuer.key(of('one')); // starts the fetch
    await new Promise(setImmediate);
    expect(await issuer.key(of('two'))).toMatchObject({ ok: true, value: { type: 'public' } });
    expect(await issuer.key(of('one'))).toEqual({ ok: true, value: undefined }); // removed by the issuer
  });

  it('use-I4: that are not known while the issuer is away are refused with the time at which it is asked next', async () => {
    isAway = true;
    expect(await issuer.key(of('one'))).toMatchObject({
      ok: false,
      error: { code: 'login/issuer-unreachable', kind: 'unavailable', retryAfterSeconds: 10 },
    });
    clock.advance(3_500);
    expect(await issuer.key(of('one'))).toMatchObject({ ok: false, error: { retryAfterSeconds: 7 } });
    expect(fetched).toHaveLength(1);
    isAway = false;
    clock.advance(6_500);
    expect(await issuer.key(of('one'))).toMatchObject({ ok: true, value: { type: 'public' } });
  });

  it.each([
    ['a discovery document of another issuer', () => Response.json({ issuer: 'https://evil.test', jwks_uri: ISSUER })],
    ['a page', () => new Response('<html>')],
    ['an error', () => new Response('{}', { status: 500 })],
    ['a megabyte', () => Response.json({ issuer: ISSUER, jwks_uri: ISSUER, text: 'x'.repeat(1_000_000) })],
    ['no keys', (url: string) => Response.json({ issuer: ISSUER, jwks_uri: `${url}/other` })],
  ])('are none for %s', async (_what, answer) => {
    const odd = new IssuerKeys({
      issuer: ISSUER,
      clock,
      logger: silentLogger,
      fetch: async (url) => answer(url),
    });
    expect(await odd.key(of('one'))).toMatchObject({ ok: false, error: { code: 'login/issuer-unreachable' } });
  });
});
