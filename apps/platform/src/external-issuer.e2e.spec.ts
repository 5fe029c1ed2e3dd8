import { connect } from 'node:net';
import { call, startPlatform, type Platform } from '#testing';
import { logOf } from '#testing/log';
import { startIssuer, type TestIssuer } from './issuer.fixture.ts';

/** Seconds since 1970, rounded down: what an issuer writes now. */
const now = () => Math.floor(Date.now() / 1_000);

describe('access tokens of an external issuer, each good but for one thing', () => {
  let issuer: TestIssuer;
  let platform: Platform;
  let tokens = 0;
  /** Somebody new each time, so that nobody is known from another token. */
  const somebody = () => `person-${tokens++}`;
  const me = (token: string) => call(platform.url, 'GET /v1/me', { credential: token });
  /** Good claims as JSON, with `text` in front of them. */
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
    const answer = await me(issuer.token(payload));
    expect(answer).toMatchObject({ status: 200, body: { userId: expect.stringMatching(/\S/) as unknown } });
    expect(await registered()).toBe(before + 1);
  };
  const expectRefused = async (payload: object | string, code = 'login/token-invalid') => {
    const before = await registered();
    const answer = await me(issuer.token(payload));
    expect(answer).toMatchObject({ status: 401, body: { code, fix: 'astroctl auth login' } });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="astro", error="invalid_token"');
    expect(await registered()).toBe(before);
  };

  it('are taken when all is good, so that the others are refused for what is wrong with them', async () => {
    await expectTaken(issuer.claims(somebody()));
    await expectTaken(inFront('"extra":{"of":["the","issuer"]}'));
  });

  // The clock is the machine's here: of each border the side is exact that time cannot cross. Both sides to the second: libs/http.
  it('B6: have not ended until 60 s after exp', async () => {
    await expectTaken(issuer.claims(somebody(), { exp: now() - 45 }));
    await expectRefused(issuer.claims(somebody(), { exp: now() - 61 }), 'login/token-expired');
    await expectRefused(issuer.claims(somebody(), { exp: now() - 3_600 }), 'login/token-expired');
  });

  it('B6: have begun 60 s before nbf', async () => {
    await expectTaken(issuer.claims(somebody(), { nbf: now() + 60 }));
    await expectRefused(issuer.claims(somebody(), { nbf: now() + 76 }));
    await expectRefused(issuer.claims(somebody(), { nbf: now() + 3_600 }));
  });

  it.each(['"9999999999"', 'null', 'true', '-1', '1.5e0', '{}', '[9999999999]', '1e308', '1e400', 'NaN', 'Infinity'])(
    'B6: whose exp is %s are refused',
    async (exp) => {
      await expectRefused(JSON.stringify(issuer.claims(somebody(), { exp: 'here' })).replace('"here"', exp));
    },
  );

  it('B6: without exp, and with an nbf that is not a number, are refused', async () => {
    await expectRefused(issuer.claims(somebody(), { exp: undefined }));
    await expectRefused(issuer.claims(somebody(), { nbf: '0' }));
  });

  it.each([
    '"__proto__":{"sub":"root"}',
    '"\\u005f_proto__":{}',
    '"a":{"__proto__":{}}',
    '"constructor":{"prototype":{"sub":"root"}}',
  ])('B7: with a member that poisons are refused: %s', async (member) => {
    await expectRefused(inFront(member));
  });

  it.each(['"sub":"root"', '"\\u0073ub":"root"', '"iss":"https://evil.test"', '"exp":9999999999', '"a":{"b":1,"b":2}'])(
    'B7: with a claim twice are refused: %s',
    async (claim) => {
      await expectRefused(inFront(claim));
    },
  );

  it('B7: that nest deeply are refused', async () => {
    await expectRefused(inFront(`"a":${'['.repeat(2_000)}${']'.repeat(2_000)}`));
    await expectRefused(inFront(`"a":${'{"a":'.repeat(1_000)}1${'}'.repeat(1_000)}`));
  });

  it('B7: of more than 16 KB are refused as headers that are too large, and a megabyte is not read to its end', async () => {
    const long = await me(issuer.token(issuer.claims(somebody(), { text: 'x'.repeat(17 * 1024) })));
    expect(long).toMatchObject({ status: 431, body: { code: 'edge/headers-too-large' } });
    const started = await registered();
    expect(await sent(issuer.token(issuer.claims(somebody(), { text: 'x'.repeat(1024 * 1024) })))).toMatch(
      /^HTTP\/1\.1 431 |ECONNRESET|EPIPE/,
    );
    expect(await registered()).toBe(started);
    await expectTaken(issuer.claims(somebody()));
  });

  /** Everything that comes back on a connection of its own until it closes; the error's code when it is cut. */
  const sent = (token: string): Promise<string> =>
    new Promise((resolve) => {
      const { hostname, port } = new URL(platform.url);
      let answer = '';
      const socket = connect(Number(port), hostname, () =>
        socket.write(`GET /v1/me HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${token}\r\n\r\n`),
      );
      socket.setEncoding('utf8').on('data', (part: string) => (answer += part));
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(answer || String(error.code)));
      socket.on('close', () => resolve(answer));
    });
});
