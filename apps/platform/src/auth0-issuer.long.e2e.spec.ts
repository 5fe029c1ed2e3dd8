import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { call, eventually, startPlatform, type Machine, type Platform } from '#testing';
import { startAuth0Issuer, type Auth0Issuer } from './auth0-issuer.fixture.ts';

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
