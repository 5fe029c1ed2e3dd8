import { createHash, createPublicKey, verify } from 'node:crypto';
import { temporaryFolder } from '#testing';
import { DEVICE_GRANT } from './configuration.ts';
import { formAction, hiddenField, startTestIssuer, type TestIssuer } from './issuer.fixture.ts';

const CREDENTIALS = { email: 'ada-canary@acme.dev', password: 'a long pass phrase' };
const ADA = { ...CREDENTIALS, name: 'Ada Canary' };

describe('the built-in issuer over HTTP', () => {
  const folder = temporaryFolder();
  let at: TestIssuer;

  beforeAll(async () => {
    at = await startTestIssuer(folder);
    await at.issuer.accounts.create(ADA);
    await at.issuer.accounts.create({ email: 'grace@acme.dev', password: 'another pass phrase' });
  });
  beforeEach(() => at.advance(3_600_000));
  afterAll(() => at.close());

  it('logs in a person on a device without scripts, and signs a token with audience and subject', async () => {
    const device = await at.startDevice();
    expect(device).toMatchObject({
      interval: 1,
      verification_uri: `${at.base}/oidc/device`,
      user_code: expect.stringMatching(/^[A-Z]{4}-[A-Z]{4}$/),
    });
    expect(await at.poll(device['device_code'])).toMatchObject({
      status: 400,
      body: { error: 'authorization_pending' },
    });

    const done = await at.logIn(device['user_code'], ADA);
    expect(done).toMatchObject({ status: 200, text: expect.stringContaining('Logged in') });

    const { status, body } = await at.poll(device['device_code']);
    expect(status).toBe(200);
    const [header = '', payload = '', signature = ''] = String(body['access_token']).split('.');
    const [jwk] = at.issuer.jwks().keys;
    const key = createPublicKey({ key: { ...jwk }, format: 'jwk' });
    expect(
      verify(
        'sha256',
        Buffer.from(`${header}.${payload}`),
        { key, dsaEncoding: 'ieee-p1363' },
        Buffer.from(signature, 'base64url'),
      ),
    ).toBe(true);
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toMatchObject({ alg: 'ES256', kid: jwk?.kid });
    const account = await at.issuer.accounts.byAddress(ADA.email);
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
      iss: at.issuer.issuer,
      aud: `${at.base}/v1`,
      sub: account?.id,
      email: ADA.email,
      email_verified: true,
      name: ADA.name,
    });

    const refreshed = await at.form('/token', {
      client_id: 'astroctl',
      grant_type: 'refresh_token',
      refresh_token: String(body['refresh_token']),
    });
    expect(refreshed).toMatchObject({ status: 200, body: { access_token: expect.any(String) } });
    expect(await at.poll(device['device_code'])).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  it('publishes discovery and keys for other gateways', async () => {
    const discovery = (await (await fetch(`${at.base}/oidc/.well-known/openid-configuration`)).json()) as Record<
      string,
      unknown
    >;
    expect(discovery).toMatchObject({
      issuer: `${at.base}/oidc`,
      device_authorization_endpoint: `${at.base}/oidc/device/auth`,
      jwks_uri: `${at.base}/oidc/jwks`,
    });
    expect(await (await fetch(`${at.base}/oidc/jwks`)).json()).toEqual({
      keys: [expect.objectContaining({ kid: at.issuer.jwks().keys[0]?.kid, alg: 'ES256' })],
    });
  });

  it('B20: returns slow_down to a poller that is faster than the interval', async () => {
    const device = await at.startDevice();
    await at.poll(device['device_code']);
    const hurried = await at.form('/token', {
      client_id: 'astroctl',
      grant_type: DEVICE_GRANT,
      device_code: String(device['device_code']),
    });
    expect(hurried).toMatchObject({ status: 400, body: { error: 'slow_down' } });
  });

  it('B20: returns access_denied for a refused device, whose code cannot be used again', async () => {
    const device = await at.startDevice();
    const { pages, confirm } = await at.enterCode(device['user_code']);
    const refused = await at.submitCode(pages, confirm, 'abort');
    expect(refused.text).toContain('Refused');
    expect((await at.enterCode(device['user_code'])).confirm.text).toContain('already been used');
    expect(await at.poll(device['device_code'])).toMatchObject({ status: 400, body: { error: 'access_denied' } });
  });

  it('B20: returns expired_token for an expired code', async () => {
    const device = await at.startDevice();
    const now = Date.now;
    try {
      Date.now = () => now() + 601_000;
      expect(await at.poll(device['device_code'])).toMatchObject({ status: 400, body: { error: 'expired_token' } });
    } finally {
      Date.now = now;
    }
  });

  it('B20: rejects every user code of an address after five wrong ones, even a correct one', async () => {
    const device = await at.startDevice();
    for (let guess = 0; guess < 5; guess++)
      expect((await at.enterCode(`BBBB-BBB${'CDFGH'[guess]}`)).confirm.text).toContain('Unknown code');
    expect((await at.enterCode(device['user_code'])).confirm).toMatchObject({ status: 429 });
  });

  it('rejects a wrong password like an unknown address, and every password after five attempts', async () => {
    const { submit } = await at.loginPage();
    const tryWith = (email: string, password: string) => submit({ email, password });
    const unknown = await tryWith('nobody@acme.dev', 'whatever it is');
    expect(unknown).toMatchObject({
      status: 401,
      text: expect.stringContaining('Incorrect e-mail address or password.'),
    });
    for (let attempt = 0; attempt < 5; attempt++)
      expect((await tryWith(ADA.email, `wrong ${attempt}`)).status).toBe(401);
    expect((await tryWith(ADA.email, ADA.password)).status).toBe(429);
    expect((await tryWith('grace@acme.dev', 'another pass phrase')).status).toBe(200);
  });

  it('has the refusal in a second form, so that no client that submits the first one refuses', async () => {
    const device = await at.startDevice();
    const { pages, confirm } = await at.enterCode(device['user_code']);
    const login = await at.submitCode(pages, confirm);
    for (const { text } of [confirm, login])
      expect(text.split('</form>').map((form) => form.includes('name="abort"'))).toEqual([false, true, false]);
    const cancelled = await pages.post(formAction(login.text), { xsrf: hiddenField(login.text, 'xsrf'), abort: 'yes' });
    expect(cancelled.text).toContain('Refused');
    expect(await at.poll(device['device_code'])).toMatchObject({ status: 400, body: { error: 'access_denied' } });
  });

  it('rejects a login form that is not from its own page', async () => {
    const { login, submit } = await at.loginPage();
    const xsrf = hiddenField(login.text, 'xsrf');
    expect((await submit({ ...CREDENTIALS, xsrf: 'forged' })).status).toBe(403);
    expect((await at.browser().post(formAction(login.text), { ...CREDENTIALS, xsrf })).status).toBe(400);
  });

  it('accepts the authorization code of the console once, and only with PKCE', async () => {
    const verifier = 'v'.repeat(64);
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    const query = {
      client_id: 'astro-console',
      response_type: 'code',
      scope: 'openid email',
      redirect_uri: `${at.base}/callback`,
      state: 's',
    };
    const withoutChallenge = await at.browser().get(`/oidc/auth?${new URLSearchParams(query).toString()}`);
    expect(withoutChallenge.text).toContain('error=invalid_request');
    const pages = at.browser();
    const login = await pages.get(
      `/oidc/auth?${new URLSearchParams({ ...query, code_challenge: challenge, code_challenge_method: 'S256' }).toString()}`,
    );
    const back = await pages.post(formAction(login.text), { ...CREDENTIALS, xsrf: hiddenField(login.text, 'xsrf') });
    const code = new URL(back.text).searchParams.get('code') ?? '';
    const redeem = (codeVerifier: string) =>
      at.form('/token', {
        client_id: 'astro-console',
        grant_type: 'authorization_code',
        code,
        redirect_uri: `${at.base}/callback`,
        code_verifier: codeVerifier,
      });
    expect(await redeem(verifier)).toMatchObject({
      status: 200,
      body: { access_token: expect.any(String), id_token: expect.any(String) },
    });
    expect(await redeem(verifier)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  describe('use-S7: an anonymous client', () => {
    const recordNames = async () => {
      const names: string[] = [];
      for await (const { name } of at.vault.list('oidc/')) names.push(name);
      return names;
    };

    it('stores nothing before a login, with any number of codes, pages, and cancelled logins', async () => {
      const before = await recordNames();
      const devices = await Promise.all(Array.from({ length: 20 }, at.startDevice));
      expect(new Set(devices.map(({ user_code: code }) => code)).size).toBe(20);
      await Promise.all(Array.from({ length: 20 }, () => at.browser().get('/oidc/device')));
      const { login, submit } = await at.loginPage(devices[0]?.['user_code']);
      expect(login.text).toContain('name="password"');
      await submit({ abort: 'yes' });
      expect(await recordNames()).toEqual(before);
      expect(await at.poll(devices[0]?.['device_code'])).toMatchObject({ body: { error: 'access_denied' } });
      expect(await at.poll(devices[1]?.['device_code'])).toMatchObject({ body: { error: 'authorization_pending' } });
      await at.logIn(devices[1]?.['user_code'], ADA);
      expect((await recordNames()).length).toBeGreaterThan(before.length);
    });

    it('is limited in requests and in started logins per minute and address', async () => {
      const responses = await Promise.all(
        Array.from({ length: 150 }, () => at.form('/device/auth', { client_id: 'astroctl', scope: 'openid' })),
      );
      expect(responses.filter(({ status }) => status === 200)).toHaveLength(120);
      expect(responses.find(({ status }) => status === 429)?.body).toMatchObject({ error: 'temporarily_unavailable' });
      const page = await fetch(`${at.base}/oidc/device`);
      expect([page.status, page.headers.get('content-type')]).toEqual([429, 'text/html; charset=utf-8']);
      expect(Number(page.headers.get('retry-after'))).toBeGreaterThan(0);
      const jwksResponses = await Promise.all(Array.from({ length: 500 }, () => fetch(`${at.base}/oidc/jwks`)));
      expect(jwksResponses.filter(({ status }) => status === 200)).toHaveLength(600 - 151);
      const polled = await at.form('/token', { client_id: 'astroctl', grant_type: DEVICE_GRANT, device_code: 'x' });
      expect(polled).toMatchObject({ status: 429, body: { error: 'slow_down' } });
      at.advance(60_000);
      expect(await at.startDevice()).toHaveProperty('device_code');
    });

    it('can try five passwords, even if it sends many simultaneously', async () => {
      const { submit } = await at.loginPage();
      const tries = await Promise.all(
        Array.from({ length: 120 }, (_, n) => submit({ email: ADA.email, password: `guess ${n}` })),
      );
      expect(tries.filter(({ status }) => status === 401)).toHaveLength(5);
      expect(tries.filter(({ status }) => status === 429)).toHaveLength(115);
    });

    it('can try five user codes, even if it sends many simultaneously', async () => {
      const ready = await Promise.all(
        Array.from({ length: 40 }, async () => {
          const pages = at.browser();
          return { pages, xsrf: hiddenField((await pages.get('/oidc/device')).text, 'xsrf') };
        }),
      );
      const guesses = await Promise.all(
        ready.map(({ pages, xsrf }, n) =>
          pages.post('/oidc/device', { user_code: `BBBB-BB${'BCDFGHJKLM'[n % 10]}${'BCDF'[n % 4]}`, xsrf }),
        ),
      );
      expect(guesses.filter(({ text }) => text.includes('Unknown code'))).toHaveLength(5);
      expect(guesses.filter(({ status }) => status === 429)).toHaveLength(35);
    });

    const long = 'x'.repeat(2_049);
    it.each([
      ['an unknown parameter', '/device/auth', 'client_id=astroctl&scope=openid&more=1', 'unknown parameter more'],
      ['one that another endpoint takes', '/token', 'user_code=BBBB-BBBB', 'unknown parameter user_code'],
      [
        'a long parameter',
        '/device/auth',
        `client_id=astroctl&scope=${long}`,
        'the parameter scope is longer than 2048',
      ],
      ['a parameter twice', '/token', 'client_id=a&client_id=b', 'the parameter client_id is repeated'],
      ['markup as a name', '/token', '<b>=1', 'unknown parameter'],
    ])('is rejected with %s', async (_what, path, body, words) => {
      const response = await fetch(`${at.base}/oidc${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body,
      });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        error: 'invalid_request',
        error_description: expect.stringContaining(words),
      });
    });

    it('is rejected for the same errors in queries, with a page where people see the response', async () => {
      const pages = at.browser();
      const more = await pages.get('/oidc/device?user_code=BBBB-BBBB&next=https://evil.test');
      expect(more).toMatchObject({ status: 400, text: expect.stringContaining('unknown parameter next') });
      expect((await pages.get(`/oidc/auth?client_id=astro-console&state=${long}`)).status).toBe(400);
      expect((await fetch(`${at.base}/oidc/jwks?x=1`)).status).toBe(400);
    });

    it('is rejected with a large form before it was received', async () => {
      const response = await fetch(`${at.base}/oidc/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `client_id=${'x'.repeat(1_000_000)}`,
      });
      expect(response.status).toBe(413);
    });
  });

  it('has no addresses, names, or passwords in the names of its records', async () => {
    for await (const { name } of at.vault.list('')) expect(name).not.toMatch(/canary|acme|pass phrase/i);
  });

  it('serves pages without scripts, external resources, or frames', async () => {
    const response = await fetch(`${at.base}/oidc/device`, { headers: { accept: 'text/html' } });
    expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(await response.text()).not.toMatch(/<script|https?:\/\/(?!127)/);
  });
});
