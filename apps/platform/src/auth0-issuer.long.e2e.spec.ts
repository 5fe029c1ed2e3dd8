import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { call, eventually, newBrowser, startPlatform, type Machine, type Platform } from '#testing';
import { startAuth0Issuer, type Auth0Issuer } from './auth0-issuer.fixture.ts';

/** Returns a port that was free a moment ago: the console is registered with the address of its platform. */
async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo; // a TCP address, since the server listens on TCP
  server.close();
  return port;
}

describe('a platform with Auth0 as its issuer', () => {
  let auth0: Auth0Issuer;
  let platform: Platform | undefined;

  beforeEach(async () => {
    auth0 = await startAuth0Issuer();
  });
  afterEach(async () => {
    await platform?.stop();
    platform = undefined;
    await auth0.close();
  });

  const start = async (more: Readonly<Record<string, string>> = {}) =>
    (platform = await startPlatform({ environment: { ...auth0.environment, ...more } }));
  const login = async (machine: Machine) => {
    const done = await machine.astroctl(['auth', 'login', '--no-browser']);
    if (done.code !== 0) throw new Error(done.stderr);
    return done;
  };
  const whoami = (machine: Machine) => machine.run('whoami');
  const logOf = ({ dataDir }: Platform) => readFileSync(join(dataDir, 'platform.log'), 'utf8');

  describe('the login of the console', () => {
    const startWithConsole = async (secret?: string): Promise<Platform> => {
      const port = await freePort();
      const registered = auth0.registerConsole(`http://127.0.0.1:${port}`);
      const other = secret === undefined ? {} : { ASTRO_OIDC_CONSOLE_CLIENT_SECRET: secret };
      return (platform = await startPlatform({ port, environment: { ...auth0.environment, ...registered, ...other } }));
    };

    it('B28, B32: is that of a web application with a secret; it ends at the issuer, and is renewed with max_age', async () => {
      const { url, dataDir, person } = await startWithConsole();
      auth0.person = { sub: 'auth0|1', email: 'root@acme.dev', emailVerified: true };
      const browser = newBrowser(url);
      expect((await browser.send('GET', '/console/login?return_to=/openapi.json')).url).toBe(`${url}/openapi.json`);
      const me = await browser.request('GET /v1/me');
      expect(me.body).toMatchObject({ email: 'root@acme.dev', globalRole: 'admin', keyId: null });
      expect((await browser.request('GET /v1/users')).status).toBe(200);

      const laptop = person('root'); // the same person with astroctl
      await login(laptop);
      expect(await laptop.run('whoami')).toContain(String((me.body as { readonly userId: string }).userId));

      await browser.send('GET', '/console/login?max_age=0&return_to=/openapi.json');
      expect((await browser.request('GET /v1/users')).status).toBe(200);
      const done = await browser.request('POST /console/logout');
      const { location } = done.body as { readonly location: string };
      const page = new URL(location);
      expect(location.startsWith(`${auth0.issuer}session/end?`)).toBe(true);
      expect(page.searchParams.get('post_logout_redirect_uri')).toBe(`${url}/`);
      expect(page.searchParams.get('id_token_hint')).toMatch(/^eyJ/);
      expect((await browser.request('GET /v1/me')).status).toBe(401);
      expect(logOf({ dataDir } as Platform)).not.toMatch(/the-secret-of-the-console|eyJ|root@acme/);
    });

    it('says to the operator that the secret is wrong, and to the person only that the login failed', async () => {
      const started = await startWithConsole('another-secret');
      const browser = newBrowser(started.url);
      const back = await browser.send('GET', '/console/login');
      expect([back.status, browser.cookies.has('astro_session')]).toEqual([401, false]);
      expect(back.text).toContain('The login could not be verified');
      expect(logOf(started)).toContain('check ASTRO_OIDC_CONSOLE_CLIENT_ID and ASTRO_OIDC_CONSOLE_CLIENT_SECRET');
      expect(logOf(started)).not.toContain('another-secret');
    });

    it('does not exist without a client for it', async () => {
      const { url } = await start();
      expect(await call(url, 'GET /console/login')).toMatchObject({
        status: 404,
        body: { code: 'login/not-configured' },
      });
    });
  });

  it('use-I1: astroctl logs in with the device grant, and the address comes from userinfo', async () => {
    const { url, person } = await start();
    expect((await call(url, 'GET /v1/about')).body).toMatchObject({ issuer: auth0.issuer, consoleClientId: null });
    auth0.person = { sub: 'auth0|1', email: 'root@acme.dev', emailVerified: true };
    const root = person('root');
    expect((await login(root)).stderr).toContain('Logged in to');
    expect(auth0.asked.at(-1)).toMatchObject({
      audience: 'https://astro.acme.dev/api',
      scope: 'openid profile email offline_access',
    });
    expect(await whoami(root)).toMatch(/^email: +root@acme\.dev\nglobalRole: +admin$/m);
    auth0.person = { sub: 'auth0|2', email: 'grace@acme.dev', emailVerified: true };
    const grace = person('grace');
    await login(grace);
    expect(await whoami(grace)).toMatch(/^email: +grace@acme\.dev\nglobalRole: +developer$/m);
    expect(await root.run('user list')).toContain('grace@acme.dev');
  });

  it('use-I2: a login while userinfo is rate-limited is a developer; known addresses are kept', async () => {
    const { person } = await start();
    auth0.person = { sub: 'auth0|1', email: 'root@acme.dev', emailVerified: true };
    auth0.userinfoStatus = 429;
    const root = person('root');
    await login(root);
    expect(await whoami(root)).toMatch(/^email: +-?\nglobalRole: +developer$/m);
    expect(logOf(platform as Platform)).toContain('the userinfo endpoint of the issuer returned no e-mail address');
    auth0.userinfoStatus = undefined;
    await login(root);
    expect(await whoami(root)).toMatch(/^email: +root@acme\.dev\nglobalRole: +admin$/m);
    auth0.userinfoStatus = 429;
    const elsewhere = person('elsewhere');
    await login(elsewhere);
    expect(await whoami(elsewhere)).toMatch(/^email: +root@acme\.dev\nglobalRole: +admin$/m);
  });

  it('use-I3, use-I6: addresses in namespaced claims make an admin; no resource is sent by default', async () => {
    auth0.addsClaims = true;
    auth0.userinfoStatus = 500;
    const { person } = await start({
      ASTRO_OIDC_CLAIM_EMAIL: 'https://acme.dev/email',
      ASTRO_OIDC_RESOURCE: '',
      ASTRO_OIDC_SCOPE: 'openid',
    });
    auth0.person = { sub: 'auth0|1', email: 'root@acme.dev', emailVerified: true };
    const root = person('root');
    await login(root);
    expect(auth0.asked.at(-1)).toMatchObject({ scope: 'openid' });
    expect(await whoami(root)).toMatch(/^email: +root@acme\.dev\nglobalRole: +admin$/m);
  });

  it('use-I5: a wrong audience fails the login, and the log names the setting to change', async () => {
    auth0.hasOneApi = true;
    const { person } = await start({ ASTRO_OIDC_AUDIENCE: 'https://other.acme.dev/' });
    const done = await person('root').astroctl(['auth', 'login', '--no-browser']);
    expect([done.code, done.stderr]).toEqual([4, expect.stringContaining('login/token-invalid')]);
    const line = logOf(platform as Platform)
      .split('\n')
      .find((text) => text.includes('an access token was refused'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({
      fault: 'audience',
      audience: 'https://other.acme.dev/',
      found: 'https://astro.acme.dev/api',
      fix: expect.stringContaining('ASTRO_OIDC_AUDIENCE') as unknown,
    });
  });

  it('use-I8: /readyz and the log name a mistyped issuer, and access keys still work', async () => {
    const { url } = await start({ ASTRO_OIDC_ISSUER: auth0.issuer.slice(0, -1) });
    const readiness = await eventually(async () => {
      const response = await call(url, 'GET /readyz');
      expect(JSON.stringify(response.body)).toContain('ASTRO_OIDC_ISSUER');
      return response;
    });
    expect(readiness).toMatchObject({
      status: 200,
      body: {
        dependencies: expect.arrayContaining([expect.objectContaining({ name: 'login issuer', ok: false })]) as unknown,
      },
    });
    expect(logOf(platform as Platform)).toContain('set ASTRO_OIDC_ISSUER to exactly this');
  });
});
