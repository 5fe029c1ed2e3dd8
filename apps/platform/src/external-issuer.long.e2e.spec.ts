import { connect } from 'node:net';
import { call, startPlatform, type Platform } from '#testing';
import { logOf } from '#testing/log';
import { startIssuer, type TestIssuer } from './issuer.fixture.ts';

/** Seconds since 1970, rounded down, as in tokens of an issuer. */
const now = () => Math.floor(Date.now() / 1_000);

describe('access tokens of an external issuer with one defect each', () => {
  let issuer: TestIssuer;
  let platform: Platform;
  let tokens = 0;
  /** Returns a new subject each time, so that no user is known from another token. */
  const somebody = () => `person-${tokens++}`;
  const me = (token: string) => call(platform.url, 'GET /v1/me', { credential: token });
  /** Returns valid claims as JSON, with `text` at the beginning. */
  const inFront = (text: string) => `{${text},${JSON.stringify(issuer.claims(somebody())).slice(1)}`;
  const registered = async () =>
    (await logOf(platform.dataDir)).filter(({ type }) => type === 'user.registered.v1').length;

  beforeAll(async () => {
    issuer = await startIssuer();
    platform = await startPlatform({ environment: issuer.environment });
  });
  afterAll(async () => {
    await platform.stop();
    await issuer.close();
  });

  const expectTaken = async (payload: object | string) => {
    const before = await registered();
    const response = await me(issuer.token(payload));
    expect(response).toMatchObject({ status: 200, body: { userId: expect.stringMatching(/\S/) as unknown } });
    expect(await registered()).toBe(before + 1);
  };
  const expectRefused = async (payload: object | string, code = 'login/token-invalid') => {
    const before = await registered();
    const response = await me(issuer.token(payload));
    expect(response).toMatchObject({ status: 401, body: { code, fix: 'astroctl auth login' } });
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="astro", error="invalid_token"');
    expect(await registered()).toBe(before);
  };

  it('are accepted without the defect, so that the others are rejected only for it', async () => {
    await expectTaken(issuer.claims(somebody()));
    await expectTaken(inFront('"extra":{"of":["the","issuer"]}'));
  });

  // These tests use the system clock, so they check each limit only on the side that elapsed time cannot cross. Tests
  // in libs/http check both sides to the second.
  it('B6: are valid until 60 s after exp', async () => {
    await expectTaken(issuer.claims(somebody(), { exp: now() - 45 }));
    await expectRefused(issuer.claims(somebody(), { exp: now() - 61 }), 'login/token-expired');
    await expectRefused(issuer.claims(somebody(), { exp: now() - 3_600 }), 'login/token-expired');
  });

  it('B6: are valid from 60 s before nbf', async () => {
    await expectTaken(issuer.claims(somebody(), { nbf: now() + 60 }));
    await expectRefused(issuer.claims(somebody(), { nbf: now() + 76 }));
    await expectRefused(issuer.claims(somebody(), { nbf: now() + 3_600 }));
  });

  it.each(['"9999999999"', 'null', 'true', '-1', '1.5e0', '{}', '[9999999999]', '1e308', '1e400', 'NaN', 'Infinity'])(
    'B6: are rejected when exp is %s',
    async (exp) => {
      await expectRefused(JSON.stringify(issuer.claims(somebody(), { exp: 'here' })).replace('"here"', exp));
    },
  );

  it('B6: are rejected without exp, and with an nbf that is not a number', async () => {
    await expectRefused(issuer.claims(somebody(), { exp: undefined }));
    await expectRefused(issuer.claims(somebody(), { nbf: '0' }));
  });

  it.each([
    '"__proto__":{"sub":"root"}',
    '"\\u005f_proto__":{}',
    '"a":{"__proto__":{}}',
    '"constructor":{"prototype":{"sub":"root"}}',
  ])('B7: are rejected with a prototype member: %s', async (member) => {
    await expectRefused(inFront(member));
  });

  it.each(['"sub":"root"', '"\\u0073ub":"root"', '"iss":"https://evil.test"', '"exp":9999999999', '"a":{"b":1,"b":2}'])(
    'B7: are rejected with a duplicate claim: %s',
    async (claim) => {
      await expectRefused(inFront(claim));
    },
  );

  it('B7: are rejected when they nest deeply', async () => {
    await expectRefused(inFront(`"a":${'['.repeat(2_000)}${']'.repeat(2_000)}`));
    await expectRefused(inFront(`"a":${'{"a":'.repeat(1_000)}1${'}'.repeat(1_000)}`));
  });

  it('B7: are rejected over 16 KB as headers that are too large, and a megabyte is not read completely', async () => {
    const long = await me(issuer.token(issuer.claims(somebody(), { text: 'x'.repeat(17 * 1024) })));
    expect(long).toMatchObject({ status: 431, body: { code: 'edge/headers-too-large' } });
    const started = await registered();
    expect(await sent(issuer.token(issuer.claims(somebody(), { text: 'x'.repeat(1024 * 1024) })))).toMatch(
      /^HTTP\/1\.1 431 |ECONNRESET|EPIPE/,
    );
    expect(await registered()).toBe(started);
    await expectTaken(issuer.claims(somebody()));
  });

  /** Returns the complete response on a separate connection, or the error code if the connection is reset. */
  const sent = (token: string): Promise<string> =>
    new Promise((resolve) => {
      const { hostname, port } = new URL(platform.url);
      let response = '';
      const socket = connect(Number(port), hostname, () =>
        socket.write(`GET /v1/me HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${token}\r\n\r\n`),
      );
      socket.setEncoding('utf8').on('data', (part: string) => (response += part));
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(response || String(error.code)));
      socket.on('close', () => resolve(response));
    });
});
