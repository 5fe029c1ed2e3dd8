import {
  call,
  logInToConsole,
  newBrowser,
  newPerson,
  startPlatform,
  type Person,
  type Platform,
  type PlatformBrowser,
} from '#testing';
import { logOf } from '#testing/log';
import { z } from 'zod';

const PASSWORD = 'a long pass phrase';
const COOKIE = 'astro_session';
const sessionList = z.looseObject({
  items: z.array(z.looseObject({ id: z.string(), kind: z.string(), current: z.boolean() })),
});

describe('the login of the console at the built-in issuer', () => {
  let platform: Platform;
  let admin: { readonly email: string; readonly password: string };
  beforeAll(async () => {
    platform = await startPlatform();
    admin = { email: platform.adminEmail, password: platform.adminPassword };
  });
  afterAll(() => platform.stop());

  const loggedIn = async (who = admin): Promise<PlatformBrowser> => {
    const browser = newBrowser(platform.url);
    await logInToConsole(browser, who);
    expect(browser.cookies.get(COOKIE)).toMatch(/^[\w-]{43}$/);
    return browser;
  };
  const me = (browser: PlatformBrowser) => browser.request('GET /v1/me');
  /** A copy of a browser's cookies, as a thief has it. */
  const copyOf = (browser: PlatformBrowser): PlatformBrowser => {
    const copy = newBrowser(platform.url);
    for (const [name, value] of browser.cookies) copy.cookies.set(name, value);
    return copy;
  };

  it('makes the default organization at a first login, and no key; returns to the page; shows no token', async () => {
    const browser = newBrowser(platform.url);
    const back = await logInToConsole(browser, admin, '/console/login?return_to=/openapi.json%3Fa=b');
    expect([back.status, back.url]).toEqual([200, `${platform.url}/openapi.json?a=b`]);
    expect(await me(browser)).toMatchObject({
      status: 200,
      body: { email: admin.email, globalRole: 'admin', accessKey: null, keyId: null },
    });
    const { body } = await browser.request('GET /v1/organizations');
    expect(body).toMatchObject({ items: [{ role: 'owner' }] });
    const types = (await logOf(platform.dataDir)).map(({ type }) => type);
    expect(types).toEqual(expect.arrayContaining(['organization.created.v1', 'session.started.v1']));
    expect(types).not.toContain('access-key.created.v1');
    expect([...browser.cookies.values()].join()).not.toMatch(/eyJ/); // no token, and no login in progress
  });

  it('B33: sets cookies that scripts cannot read', async () => {
    const browser = newBrowser(platform.url);
    const first = await browser.send('GET', '/console/login', { isFollowing: () => false });
    expect(first).toMatchObject({ status: 303 });
    expect(first.headers.get('cache-control')).toBe('no-store');
    expect(first.setCookies).toEqual([
      expect.stringMatching(/^astro_login_[\w-]{16}=[\w.-]+; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax$/),
    ]);
    const back = await logInToConsole(browser, admin);
    expect(back.setCookies.filter((cookie) => /^astro_(login_.+|session)=/.test(cookie))).toEqual([
      expect.stringMatching(/^astro_login_[\w-]{16}=; Path=\/; Max-Age=0; HttpOnly; SameSite=Lax$/),
      expect.stringMatching(/^astro_session=[\w-]{43}; Path=\/; Max-Age=86\d{3}; HttpOnly; SameSite=Lax$/),
    ]);
  });

  it.each(['https://evil.test/', '//evil.test', '/\\evil.test'])('B30: does not return to %s', async (text) => {
    const address = `/console/login?return_to=${encodeURIComponent(text)}`;
    const browser = newBrowser(platform.url);
    const headers = { accept: 'application/json' };
    expect(await browser.send('GET', address, { headers })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/return_to' }] },
    });
    expect(browser.cookies.size).toBe(0);
    expect(await browser.send('GET', '/console/login?next=/', { headers })).toMatchObject({ status: 422 });
  });

  describe('B31: a callback', () => {
    const stopAtCallback = async (browser: PlatformBrowser, returnTo = '/'): Promise<string> => {
      const known = await loggedIn();
      for (const [name, value] of known.cookies) if (name !== COOKIE) browser.cookies.set(name, value);
      const stopped = await browser.send('GET', `/console/login?return_to=${returnTo}`, {
        isFollowing: ({ pathname }) => pathname !== '/callback',
      });
      const location = stopped.headers.get('location') ?? '';
      expect(location).toMatch(/\/callback\?code=/);
      return location;
    };
    const loginCookies = (browser: PlatformBrowser) =>
      [...browser.cookies].filter(([name]) => name.startsWith('astro_login_'));
    const expectRefused = async (browser: PlatformBrowser, address: string, code: string) => {
      expect(await browser.send('GET', address, { headers: { accept: 'application/json' } })).toMatchObject({
        status: 401,
        body: { code },
      });
      expect(browser.cookies.has(COOKIE)).toBe(false);
    };

    it('of another browser, without its own login, or repeated, starts no session', async () => {
      const browser = newBrowser(platform.url);
      const callback = await stopAtCallback(browser);
      await expectRefused(newBrowser(platform.url), callback, 'login/attempt-lost');
      const victim = newBrowser(platform.url);
      await victim.send('GET', '/console/login', { isFollowing: () => false });
      await expectRefused(victim, callback, 'login/attempt-lost'); // the state is that of another login
      const [[name, cookie] = ['', '']] = loginCookies(browser);
      await browser.send('GET', callback, { isFollowing: () => false });
      expect(browser.cookies.has(COOKIE)).toBe(true);
      const thief = newBrowser(platform.url);
      thief.cookies.set(name, cookie);
      await expectRefused(thief, callback, 'login/failed'); // the code was redeemed
    });

    it('ends the login of its own tab, in any order, and no other', async () => {
      const browser = newBrowser(platform.url);
      const callbacks = [await stopAtCallback(browser, '/o/first'), await stopAtCallback(browser, '/o/second')];
      expect(loginCookies(browser)).toHaveLength(2);
      for (const [left, path] of [
        [1, '/o/second'],
        [0, '/o/first'],
      ] as const) {
        const ended = await browser.send('GET', callbacks.pop() ?? '', { isFollowing: () => false });
        expect([ended.status, ended.headers.get('location')]).toEqual([303, path]);
        expect(loginCookies(browser)).toHaveLength(left);
        expect((await me(browser)).status).toBe(200);
      }
    });

    it('with a changed state, issuer, or code, or an error, starts no session', async () => {
      for (const [change, code] of [
        [(address: string) => address.replace(/state=[^&]*/, 'state=forged'), 'login/attempt-lost'],
        [(address: string) => address.replace(/iss=[^&]*/, 'iss=https%3A%2F%2Fevil.test'), 'login/failed'],
        [(address: string) => address.replace(/code=[^&]*/, 'code=forged'), 'login/failed'],
        [(address: string) => address.replace(/code=[^&]*/, 'error=access_denied'), 'login/refused'],
      ] as const) {
        const browser = newBrowser(platform.url);
        await expectRefused(browser, change(await stopAtCallback(browser)), code);
      }
    });
  });

  it('B27: replaces the secret at each login, also one that was planted', async () => {
    const browser = await loggedIn();
    const former = copyOf(browser);
    expect((await me(former)).status).toBe(200);
    await logInToConsole(browser, admin);
    expect(browser.cookies.get(COOKIE)).not.toBe(former.cookies.get(COOKIE));
    expect((await me(browser)).status).toBe(200);
    expect(await me(former)).toMatchObject({ status: 401, body: { code: 'login/session-ended' } });

    const planted = newBrowser(platform.url);
    planted.cookies.set(COOKIE, 'A'.repeat(43));
    await logInToConsole(planted, admin);
    expect(planted.cookies.get(COOKIE)).not.toBe('A'.repeat(43));
  });

  it('B28: ends with the logout on every tab and at the issuer; a copy of the cookie is worth nothing', async () => {
    const browser = await loggedIn();
    const [copy, other] = [copyOf(browser), await loggedIn()];
    const done = await browser.request('POST /console/logout');
    expect(done).toMatchObject({ status: 200, body: { location: '/' } });
    expect(done.setCookies).toEqual(['astro_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax']);
    expect(await me(copy)).toMatchObject({ status: 401, body: { code: 'login/session-ended' } });
    expect((await browser.send('GET', '/console/login')).text).toContain('name="password"');
    expect((await copy.send('GET', '/console/login')).text).toContain('name="password"');
    expect((await me(other)).status).toBe(200);
    expect(await browser.request('POST /console/logout')).toMatchObject({ status: 200, body: { location: '/' } });
  });

  it('B21: does not act for another site, neither a form nor a script, and the logout neither', async () => {
    const browser = await loggedIn();
    const origin = platform.url;
    const attempts: readonly Readonly<Record<string, string>>[] = [
      {},
      { origin },
      { 'sec-fetch-site': 'same-origin' },
      { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' },
      { origin: 'null', 'sec-fetch-site': 'same-origin' },
      { origin: 'http://127.0.0.1', 'sec-fetch-site': 'same-site' },
      { origin, 'sec-fetch-site': 'none' },
    ];
    for (const headers of attempts)
      for (const path of ['/v1/organizations', '/console/logout'])
        expect(
          await browser.send('POST', path, {
            headers: { ...headers, accept: 'application/json' },
            ...(path === '/console/logout' ? { form: { a: 'b' } } : { body: { name: 'Stolen' } }),
          }),
        ).toMatchObject({ status: 403, body: { code: 'login/cross-site' } });
    for (const site of ['cross-site', 'same-site'])
      expect(
        await browser.send('GET', '/v1/me', { headers: { accept: 'application/json', 'sec-fetch-site': site } }),
      ).toMatchObject({ status: 403, body: { code: 'login/cross-site' } });
    const allowed = await browser.send('OPTIONS', '/v1/me', { headers: { origin: 'https://evil.test' } });
    expect(allowed.headers.get('access-control-allow-origin')).toBeNull();
    expect((await browser.request('POST /v1/organizations', { name: 'Own', slug: 'own' })).status).toBe(201);
  });

  it('B32: asks for the password again with max_age, and the new session is recent', async () => {
    const browser = await loggedIn();
    expect((await browser.send('GET', '/console/login')).text).not.toContain('name="password"');
    await new Promise((resolve) => setTimeout(resolve, 2_100)); // more than 1 in whole seconds
    const page = await browser.send('GET', '/console/login?max_age=1');
    expect(page.text).toContain('name="password"');
    await logInToConsole(browser, admin, '/console/login?max_age=900');
    expect((await browser.request('GET /v1/users')).status).toBe(200);
  });

  describe('the sessions of a user', () => {
    let ada: Person;
    const credentials = { email: 'ada@acme.dev', password: PASSWORD };
    beforeAll(async () => {
      ada = await newPerson(platform, credentials.email, PASSWORD);
    });
    const list = async (browser: PlatformBrowser) =>
      sessionList.parse((await browser.request('GET /v1/me/sessions')).body).items;

    it('are listed and ended over REST, and open streams end with them', async () => {
      const [laptop, phone] = [await loggedIn(credentials), await loggedIn(credentials)];
      const mine = (await list(phone)).find(({ current, kind }) => current && kind === 'console'); // the login at the issuer is current, too
      const inConsole = (await list(laptop)).filter(({ kind }) => kind === 'console');
      expect(inConsole.map(({ current }) => current).toSorted()).toEqual([false, true]);
      const organization = `/v1/organizations/${ada.organization.id}`;
      const stream = phone.send('GET', `${organization}/watch`, {
        headers: { accept: 'text/event-stream', 'sec-fetch-site': 'same-origin' },
      });
      expect((await laptop.request(`DELETE /v1/me/sessions/${mine?.id}`)).status).toBe(200);
      expect(await me(phone)).toMatchObject({ status: 401, body: { code: 'login/session-ended' } });
      expect((await stream).text).toContain('login/session-ended');
      expect((await me(laptop)).status).toBe(200);
    });

    it('end except the one that asks with others=true, and the login that it came from continues', async () => {
      const [laptop, phone] = [await loggedIn(credentials), await loggedIn(credentials)];
      const ended = await laptop.request('DELETE /v1/me/sessions?others=true');
      expect(ended).toMatchObject({ status: 200, body: { issuer: 'built-in', keys: [] } });
      expect(await me(phone)).toMatchObject({ status: 401, body: { code: 'login/session-ended' } });
      expect((await list(laptop)).map(({ kind, current }) => [kind, current])).toEqual([
        ['console', true],
        ['browser', true],
      ]);
      expect((await laptop.request('DELETE /v1/me/sessions?keep=any')).status).toBe(422);
      expect((await laptop.request('DELETE /v1/me/sessions?others=true&keep=any')).status).toBe(404);
      expect((await me(laptop)).status).toBe(200);
      expect((await call(platform.url, 'GET /v1/me', { credential: ada.key })).status).toBe(200);
    });

    it('use-S11: end with auth logout --everywhere', async () => {
      const browser = await loggedIn(credentials);
      expect((await ada.machine.astroctl(['auth', 'logout', '--everywhere'])).code).toBe(0);
      expect((await me(browser)).status).toBe(401);
    });

    it('B28: end when the user is suspended, and a restore does not revive them', async () => {
      const [root, browser] = [await loggedIn(), await loggedIn(credentials)];
      const state = (value: string) => root.request(`PUT /v1/users/${ada.userId}/state`, { state: value });
      expect((await state('SUSPENDED')).status).toBe(200);
      expect((await me(browser)).status).toBe(401);
      expect((await state('ACTIVE')).status).toBe(200);
      expect((await me(browser)).status).toBe(401);
    });
  });

  it('answers browsers that cannot log in with a page, and other methods with 405', async () => {
    const page = await newBrowser(platform.url).send('GET', '/callback?code=x&state=y');
    expect([page.status, page.headers.get('content-type')]).toEqual([401, 'text/html; charset=utf-8']);
    expect(page.text).toContain('No login is in progress');
    expect(await call(platform.url, 'GET /console/logout')).toMatchObject({ status: 405 });
    expect(await call(platform.url, 'POST /console/login')).toMatchObject({ status: 405 });
  });
});
