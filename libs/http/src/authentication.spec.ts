import {
  createHmac,
  createPublicKey,
  createSign,
  generateKeyPairSync,
  sign as signWith,
  type KeyObject,
} from 'node:crypto';
import { jest } from '@jest/globals';
import { inProcessTransport } from '#bus/in-process';
import { manualClock, temporaryFolder, type ManualClock } from '#testing';
import { AUDIENCE, ISSUER, KEY_ENDS_MS, secretKey, startEdge, type Edge } from './edge.fixture.ts';

const START = Date.UTC(2026, 10, 24, 12);
const seconds = (ms: number): number => Math.floor(ms / 1_000);
const folder = temporaryFolder();
const thing = '/v1/organizations/acme/things/web';

let edge: Edge;
let clock: ManualClock;
beforeEach(async () => {
  clock = manualClock(START);
  edge = await startEdge(inProcessTransport(), folder, {
    clock,
    requestsPerMinute: () => 1_000_000,
    anonymousPerMinute: 1_000_000,
  });
});
afterEach(() => edge.close());

const base64 = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const claims = (more: object = {}) => ({
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'auth|ada',
  iat: seconds(START),
  exp: seconds(START) + 3_600,
  ...more,
});

function token(payload: object | string = claims(), head: object = {}, key: KeyObject = edge.signing): string {
  const text = `${base64({ alg: 'ES256', kid: 'k1', typ: 'at+jwt', ...head })}.${base64(payload)}`;
  return `${text}.${signWith('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}
const sendToken = (bearer: string) =>
  edge.send('GET', thing, { key: false, headers: { authorization: `Bearer ${bearer}` } });
const statusOf = async (bearer: string): Promise<number> => (await sendToken(bearer)).status;

describe('access tokens', () => {
  it('are accepted, with a lookup of the user once in five minutes', async () => {
    expect((await sendToken(token())).body).toMatchObject({ principal: 'login' });
    expect(await statusOf(token())).toBe(200);
    expect(edge.loginLookups()).toBe(1);
    clock.advance(5 * 60_000 + 1);
    expect(await statusOf(token())).toBe(200);
    expect(edge.loginLookups()).toBe(2);
  });

  it('B1: are rejected without a signature', async () => {
    for (const alg of ['none', 'nOnE', 'NONE', ''])
      expect(await statusOf(`${base64({ alg, kid: 'k1' })}.${base64(claims())}.`)).toBe(401);
    expect(await statusOf(`${token().split('.').slice(0, 2).join('.')}.`)).toBe(401);
    expect(await statusOf(`${base64({ alg: 'none', kid: 'k1' })}.${base64(claims())}.AAAA`)).toBe(401);
  });

  it('B2: are rejected when signed with the public key as a shared secret', async () => {
    const pem = createPublicKey(edge.signing).export({ type: 'spki', format: 'pem' });
    for (const kid of ['k1', 'rsa']) {
      const text = `${base64({ alg: 'HS256', kid })}.${base64(claims())}`;
      expect(await statusOf(`${text}.${createHmac('sha256', pem).update(text).digest('base64url')}`)).toBe(401);
    }
  });

  it('B2: are rejected when their algorithm is not that of the key', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const text = `${base64({ alg: 'RS256', kid: 'k1' })}.${base64(claims())}`;
    expect(await statusOf(`${text}.${createSign('sha256').update(text).sign(privateKey).toString('base64url')}`)).toBe(
      401,
    );
    expect(await statusOf(token(claims(), { kid: 'rsa' }))).toBe(401);
  });

  it('B3: are rejected with an unknown key ID, with at most two requests to the issuer per minute', async () => {
    const date = jest.spyOn(Date, 'now').mockImplementation(() => clock.now()); // the clock of jose's cooldown
    expect(await statusOf(token())).toBe(200);
    const before = edge.jwksFetches();
    for (const kid of [
      '../../dev/null',
      "' OR 1=1 --",
      '{"$gt":""}',
      'https://evil.test/jwks',
      'unknown',
      '__proto__',
      'constructor',
      '',
      7,
      null,
      'x'.repeat(300),
    ]) {
      expect(await statusOf(token(claims(), { kid }))).toBe(401);
    }
    expect(edge.jwksFetches()).toBe(before);
    clock.advance(29_000);
    expect(await statusOf(token(claims(), { kid: 'unknown' }))).toBe(401);
    expect(edge.jwksFetches()).toBe(before);
    clock.advance(1_000);
    const later = claims({ exp: seconds(clock.now()) + 60 });
    for (let n = 0; n < 20; n++) expect(await statusOf(token(later, { kid: `unknown-${n}` }))).toBe(401);
    expect(edge.jwksFetches()).toBe(before + 1);
    date.mockRestore();
  });

  it('B4: are rejected with an embedded key, without a request', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(await statusOf(token())).toBe(200);
    const before = edge.jwksFetches();
    const own = {
      jku: 'https://evil.test/jwks',
      x5u: 'https://evil.test/cert',
      jwk: publicKey.export({ format: 'jwk' }),
    };
    expect(await statusOf(token(claims(), own, privateKey))).toBe(401);
    expect(edge.jwksFetches()).toBe(before);
  });

  it('B5, use-I6: are rejected for another issuer or audience, as of ID tokens, whatever their other claims', async () => {
    for (const wrong of [
      { iss: 'https://evil.test' },
      { iss: undefined },
      { aud: 'other' },
      { aud: undefined },
      { aud: ['a', 'b'] },
      { aud: [] },
      { aud: null },
      { aud: 'cli', nonce: 'x', at_hash: 'x' },
      { sub: '' },
      { sub: undefined },
    ]) {
      expect([wrong, await statusOf(token(claims(wrong)))]).toEqual([wrong, 401]);
    }
    expect(await statusOf(token(claims(), { typ: 'logout+jwt' }))).toBe(401);
    expect(await statusOf(token(claims({ aud: ['other', AUDIENCE] })))).toBe(200);
    expect(await statusOf(token(claims(), { typ: 'JWT' }))).toBe(200);
    expect(await statusOf(token(claims({ at_hash: 'as Dex writes it', nonce: 'x' })))).toBe(200);
  });

  it.each([
    ['of another API', () => token(claims({ aud: ['https://other.test', 'b'] })), 'audience', 'https://other.test b'],
    ['that is an ID token', () => token(claims({ aud: 'cli', at_hash: 'x' })), 'id-token', 'cli'],
    [
      'whose issuer is written otherwise',
      () => token(claims({ iss: 'https://sts.test/' })),
      'issuer',
      'https://sts.test/',
    ],
    [
      'signed with a shared secret',
      () => `${base64({ alg: 'HS256', kid: 'k1' })}.${base64(claims())}.AAAA`,
      'algorithm',
      'HS256',
    ],
    ['with an elliptic curve of its own', () => token(claims(), { alg: 'ES512' }), 'algorithm', 'ES512'],
    ['that is opaque', () => 'VGhpcyBpcyBub3QgYSBKV1Q', 'opaque', undefined],
    ['that is encrypted', () => `${base64({ alg: 'dir', enc: 'A256GCM' })}..AAAA.AAAA.AAAA`, 'encrypted', undefined],
    ['of another kind', () => token(claims(), { typ: 'logout+jwt' }), 'type', undefined],
    ['signed with a key of nobody', () => token(claims(), { kid: 'k2' }), 'key', undefined],
    ['that was changed', () => `${token().slice(0, -4)}AAAA`, 'signature', undefined],
    ['without sub', () => token(claims({ sub: undefined })), 'claims', undefined],
    ['without a key id', () => token(claims(), { kid: undefined }), 'form', undefined],
  ])(
    'use-I5: a token %s is rejected with the same response, and the log contains reason and fix',
    async (_what, bad, fault, found) => {
      expect((await sendToken(bad())).body).toMatchObject({ status: 401, code: 'login/token-invalid' });
      expect(edge.warned).toEqual([
        expect.objectContaining({
          fault,
          issuer: ISSUER,
          audience: AUDIENCE,
          fix: expect.stringMatching(/\w/) as unknown,
        }),
      ]);
      expect((edge.warned[0] as { readonly found?: string }).found).toBe(found);
    },
  );

  it('use-I5: are logged once a minute for each reason when rejected, without text of the sender', async () => {
    const alg = 'EVIL-WORD';
    for (let n = 0; n < 20; n++)
      expect(await statusOf(`${base64({ alg, kid: alg })}.${base64({ aud: alg })}.AAAA`)).toBe(401);
    expect(edge.warned).toHaveLength(1);
    clock.advance(60_000);
    expect(await statusOf(`${base64({ alg, kid: alg })}.${base64({ aud: alg })}.AAAA`)).toBe(401);
    expect(edge.warned).toHaveLength(2);
    expect(edge.warned[1]).toMatchObject({ refusedSince: 19 });
    expect(JSON.stringify(edge.warned)).not.toContain(alg);
  });

  it('B6: are valid from nbf to exp, with 60 seconds of clock skew', async () => {
    const now = seconds(START);
    expect(await statusOf(token(claims({ exp: now - 60 })))).toBe(200);
    expect(await statusOf(token(claims({ exp: now - 61 })))).toBe(401);
    expect(await statusOf(token(claims({ nbf: now + 60 })))).toBe(200);
    expect(await statusOf(token(claims({ nbf: now + 61 })))).toBe(401);
    for (const exp of [`${now + 100}`, null, undefined, true, -1, 1.5, {}, []])
      expect(await statusOf(token(claims({ exp })))).toBe(401);
    for (const text of ['1e308', '1e400', 'NaN'])
      expect(await statusOf(token(`{"iss":"${ISSUER}","aud":"${AUDIENCE}","sub":"auth|ada","exp":${text}}`))).toBe(401);
    expect((await sendToken(token(claims({ exp: now - 3_600 })))).body.code).toBe('login/token-expired');
  });

  it('B7: are rejected with prototype pollution, repeated claims, or deep nesting, even if signed', async () => {
    const good = JSON.stringify(claims()).slice(1);
    expect(await statusOf(token(`{"deep":${'['.repeat(99)}${']'.repeat(99)},"text":"a:b,{[\\"c\\":",${good}`))).toBe(
      200,
    );
    for (const more of [
      '"__proto__":{"sub":"auth|eve"}',
      '"\\u005f_proto__":{"sub":"auth|eve"}',
      '"deep":{"__proto__":{}}',
      '"constructor":{"prototype":{"sub":"auth|eve"}}',
      '"iss":"https://evil.test"',
      '"sub":"auth|eve"',
      '"\\u0073ub":"auth|eve"',
      `"sub":"auth|ada"`,
      '"deep":{"a":1,"a":1}',
      `"deep":${'['.repeat(100)}${']'.repeat(100)}`,
      `"deep":${'['.repeat(3_000)}${']'.repeat(3_000)}`,
    ]) {
      expect([more, await statusOf(token(`{${more},${good}`))]).toEqual([more, 401]);
    }
    expect(({} as { sub?: unknown }).sub).toBeUndefined();
    expect(await statusOf(token('[]'))).toBe(401);
    expect(await statusOf(token('"x"'))).toBe(401);
    expect(await statusOf(token('nothing'))).toBe(401);
  });

  it('B7: are rejected with repeated members or prototype pollution in the header', async () => {
    const signed = (head: string) => {
      const text = `${base64(head)}.${base64(claims())}`;
      return `${text}.${signWith('sha256', Buffer.from(text), { key: edge.signing, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
    };
    expect(await statusOf(signed('{"alg":"ES256","kid":"k1"}'))).toBe(200);
    expect(await statusOf(signed('{"alg":"none","alg":"ES256","kid":"k1"}'))).toBe(401);
    expect(await statusOf(signed('{"kid":"rsa","alg":"ES256","kid":"k1"}'))).toBe(401);
    expect(await statusOf(signed('{"__proto__":{},"alg":"ES256","kid":"k1"}'))).toBe(401);
  });

  it('B7: are rejected with a size of one megabyte, as headers that are too large', async () => {
    expect(await statusOf(`a.${'x'.repeat(17 * 1024)}.b`)).toBe(431);
    const response = await edge
      .raw(`GET ${thing} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${'x'.repeat(1024 * 1024)}\r\n\r\n`)
      .catch(String);
    expect(response).toMatch(/^HTTP\/1\.1 431 |ECONNRESET|EPIPE/);
  });

  it('are verified with cached keys while the issuer is unavailable, and are a 503 if there are none', async () => {
    const away = await startEdge(inProcessTransport(), folder, {
      clock,
      fetch: () => Promise.reject(new Error('no route')),
    });
    const response = await away.send('GET', thing, { key: false, headers: { authorization: `Bearer ${token()}` } });
    expect([response.status, response.body.code]).toEqual([503, 'login/issuer-unreachable']);
    expect((await away.send('GET', thing)).status).toBe(200); // access keys remain valid
    await away.close();
  });
});

describe('access keys', () => {
  it('are accepted in either header, but not in both', async () => {
    expect((await edge.send('GET', thing)).body).toMatchObject({ principal: 'key' });
    expect((await edge.send('GET', thing, { key: false, headers: { 'x-astro-api-key': secretKey(1) } })).status).toBe(
      200,
    );
    expect((await edge.send('GET', thing, { headers: { 'x-astro-api-key': secretKey(1) } })).body.code).toBe(
      'access/credential-invalid',
    );
  });

  it('B8: are rejected without a lookup if malformed', async () => {
    const good = secretKey(1);
    const lookups = edge.lookups();
    for (const garbage of [
      'astro_',
      `${good.slice(0, -1)}x`,
      `${good}x`,
      good.replace('testkey1', 'testkey2'),
      'astro_' + 'x'.repeat(57),
    ]) {
      const response = await edge.send('GET', thing, { key: false, headers: { authorization: `Bearer ${garbage}` } });
      expect([response.status, response.body.code]).toEqual([401, 'key/invalid']);
      expect(response.headers['www-authenticate']).toBe('Bearer realm="astro", error="invalid_token"');
    }
    expect(edge.lookups()).toBe(lookups);
  });

  it('are rejected if well-formed but unknown', async () => {
    expect((await edge.send('GET', thing, { key: 9 })).body).toMatchObject({ status: 401, code: 'key/invalid' });
  });

  it('B9: are rejected from the millisecond of their expiry', async () => {
    clock.jump(KEY_ENDS_MS - 1 - clock.now());
    expect((await edge.send('GET', thing, { key: 2 })).status).toBe(200);
    clock.jump(1);
    expect((await edge.send('GET', thing, { key: 2 })).body).toMatchObject({ status: 401, code: 'key/expired' });
  });

  it('B10, B11: are rejected after revocation, and when their member or organization is removed', async () => {
    expect((await edge.send('GET', thing, { key: 4 })).body.code).toBe('key/revoked');
    expect((await edge.send('GET', thing, { key: 5 })).body.code).toBe('key/invalid');
    const organization = edge.directory.organizations.get('0193f2a4-11de-7a90-b6c7-2f8f0b6d9c02');
    if (!organization) throw new Error('no organization');
    organization.status = 'DELETED';
    expect((await edge.send('GET', thing, { key: 1 })).body.code).toBe('key/invalid');
  });

  it('have at most the permissions of their member', async () => {
    expect((await edge.send('GET', thing, { key: 3 })).status).toBe(200);
    expect((await edge.send('PUT', thing, { key: 3, json: { text: 'x' } })).body).toMatchObject({
      status: 403,
      code: 'access/not-permitted',
    });
  });

  it('B15, use-S12: are rejected in a URL, and reported as leaked, anywhere in it', async () => {
    const leaked: string[] = [];
    const watching = await startEdge(inProcessTransport(), folder, {
      clock,
      onLeakedKey: (key) => void leaked.push(key),
    });
    const response = await watching.send('GET', `${thing}?key=${secretKey(1)}`, { key: false });
    expect([response.status, response.body.code]).toEqual([401, 'key/in-url']);
    expect(response.text).not.toContain(secretKey(1));
    await watching.send('GET', `/v1/organizations/${secretKey(2)}`);
    await watching.send('GET', `/nowhere/at/all?key=%61stro${secretKey(3).slice(5)}`, { key: false });
    await watching.send('GET', '/v1/organizations/astro_acme?key=astro_', { key: false });
    expect(leaked).toEqual([secretKey(1), secretKey(2), secretKey(3)]);
    await watching.close();
  });
});

describe('without a credential', () => {
  it('public routes respond, and others return 401 with WWW-Authenticate', async () => {
    expect((await edge.send('GET', '/v1/about', { key: false })).status).toBe(200);
    const response = await edge.send('GET', thing, { key: false });
    expect([response.status, response.body.code, response.headers['www-authenticate']]).toEqual([
      401,
      'access/not-signed-in',
      'Bearer realm="astro"',
    ]);
    for (const authorization of ['Basic YTpi', 'Bearer', 'Bearer ', 'Bearer a b', 'x']) {
      expect((await edge.send('GET', thing, { key: false, headers: { authorization } })).status).toBe(401);
    }
  });

  it('no part of a body is read', async () => {
    const response = await edge.raw(
      `PUT ${thing} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000000\r\nConnection: close\r\n\r\n`,
    );
    expect(response).toMatch(/^HTTP\/1\.1 401 /);
  });
});

describe('B13: too many requests', () => {
  it('are rejected with 429 and Retry-After, for that address and that key only', async () => {
    const limited = await startEdge(inProcessTransport(), folder, {
      clock,
      requestsPerMinute: () => 3,
      anonymousPerMinute: 2,
    });
    const statuses = [];
    for (let n = 0; n < 5; n++) statuses.push((await limited.send('GET', thing, { key: 9 })).status);
    expect(statuses).toEqual([401, 401, 429, 429, 429]);
    const response = await limited.send('GET', thing, { key: 1 });
    expect(response.headers).toMatchObject({ 'ratelimit-limit': '3', 'ratelimit-remaining': '2' });
    await limited.send('GET', thing, { key: 1 });
    await limited.send('GET', thing, { key: 1 });
    const refused = await limited.send('GET', thing, { key: 1 });
    expect([refused.status, refused.body.code, refused.headers['ratelimit-remaining']]).toEqual([
      429,
      'edge/too-many-requests',
      '0',
    ]);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await limited.send('GET', thing, { key: 3 })).status).toBe(200);
    await limited.close();
  });
});
