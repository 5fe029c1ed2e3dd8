import { readFile } from 'node:fs/promises';
import { call, loginAdmin, startAgain, startPlatform, type Person, type Platform } from '#testing';
import type { Browser, Locator } from 'playwright-core';
import { z } from 'zod';
import {
  consoleBuilt,
  describeInChromium,
  dialogOf,
  expectAccessible,
  fillLogin,
  forgive,
  logIn,
  newSeat,
  organizationOf,
  reach,
  startChromium,
  type Look,
  type Seat,
} from './console.fixture.ts';

const sessionList = z.looseObject({ items: z.array(z.looseObject({ id: z.string(), kind: z.string() })) });
const PAGES = [
  '/o/:org',
  '/o/:org/apps',
  '/o/:org/apps/-/new',
  ...['', '/logs', '/events', '/history', '/diff?from=1&to=1', '/manifest', '/secrets'].map(
    (tab) => `/o/:org/apps/hello-world${tab}`,
  ),
  '/o/:org/profiles',
  '/o/:org/clusters',
  '/o/:org/clusters/sandbox',
  ...['general', 'members', 'keys', 'credentials', 'plan'].map((name) => `/o/:org/settings/${name}`),
  '/o/:org/audit',
  ...['state', 'access', 'verification'].map((view) => `/o/:org/audit?view=${view}`),
  '/o/:org/nothing',
  '/account',
  '/signed-out',
  ...['organizations', 'organizations?create=true', 'users', 'egress', 'projections', 'doctor'].map(
    (name) => `/admin/${name}`,
  ),
];

/** Looks of pages: the last is that in which the next one is opened. */
const EVERY_LOOK: readonly Look[] = [
  [360, 'light'],
  [360, 'dark'],
  [1440, 'dark'],
  [1440, 'light'],
];

describeInChromium('the console in a browser', () => {
  let platform: Platform;
  let admin: { readonly email: string; readonly password: string };
  let person: Person;
  let browser: Browser;
  let seat: Seat;
  let org: string;
  beforeAll(async () => {
    platform = await startPlatform();
    admin = { email: platform.adminEmail, password: platform.adminPassword };
    person = await loginAdmin(platform);
    org = person.organization.slug;
    await consoleBuilt(platform.url);
    browser = await startChromium();
    seat = await newSeat(browser, platform.url);
    await logIn(seat, admin);
  });
  afterAll(async () => {
    await browser?.close();
    await platform?.stop();
  });
  const stateOf = (state: string) => seat.page.getByRole('row', { name: /hello-world/ }).getByText(state);
  afterEach(() => expect(seat.faults.splice(0)).toEqual([]));

  it('leads to the organization after the login, and a deep link survives the login and a reload', async () => {
    expect(organizationOf(seat.page)).toBe(org);
    const other = await newSeat(browser, platform.url);
    await logIn(other, admin, `/o/${org}/apps?q=shop`);
    expect(other.page.url()).toBe(`${platform.url}/o/${org}/apps?q=shop`);
    await other.page.reload();
    await other.page.getByRole('heading', { name: 'Applications', level: 1 }).waitFor();
    expect(other.page.url()).toBe(`${platform.url}/o/${org}/apps?q=shop`);
    expect(other.faults).toEqual([]);
    await other.close();
  });

  it('is one page with hashed files, and a strict Content-Security-Policy', async () => {
    const cookie = (await seat.context.cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
    const pageOf = () => fetch(`${platform.url}/o/${org}`, { headers: { cookie } });
    const first = await pageOf();
    const policy = first.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self' 'nonce-[\w+/=]+';/);
    expect(policy).not.toContain('unsafe');
    expect(first.headers.get('cache-control')).toBe('no-store');
    expect((await pageOf()).headers.get('content-security-policy')).not.toBe(policy);
    const scripts = [...(await first.text()).matchAll(/(?:src|href)="(\/assets\/[^"]+\.js)"/g)].map(
      ([, path = '']) => path,
    );
    for (const path of scripts) {
      const file = await fetch(platform.url + path, { headers: { 'accept-encoding': 'gzip' } });
      expect(file.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(file.headers.get('content-encoding')).toBe('gzip');
    }
    expect(scripts.length).toBeGreaterThan(0); // their size is limited by the build, tools/console/build.mjs
  });

  it('shows changes within a second of the event, without a reload, also after the connection was lost', async () => {
    await seat.open(`/o/${org}/apps`);
    await seat.page.getByText('No applications yet').waitFor();
    await person.machine.run('app apply -f examples/hello-world.yaml');
    await seat.page.getByRole('link', { name: 'hello-world' }).waitFor();
    await stateOf('RUNNING').waitFor();
    await platform.process.kill();
    await seat.page.getByText(/^Reconnecting; data as of \d\d:\d\d:\d\d UTC$/).waitFor();
    platform = await startAgain(platform);
    await person.machine.run('app pause hello-world'); // before or after the page has connected again
    await stateOf('PAUSED').waitFor();
    await seat.page.getByText('Reconnecting').waitFor({ state: 'detached' });
    await person.machine.run('app resume hello-world');
    await stateOf('RUNNING').waitFor();
    forgive(seat, /net::ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING|CONNECTION_RESET|EMPTY_RESPONSE)/);
  });

  it('asks for the login in a second window when the session ends in the middle of a form, and loses nothing', async () => {
    await seat.open(`/o/${org}/apps`);
    await seat.page.getByLabel('Search applications').fill('hel');
    const { body } = await call(platform.url, 'GET /v1/me/sessions', { credential: person.accessToken });
    const { items } = sessionList.parse(body);
    for (const { id } of items.filter(({ kind }) => kind === 'console'))
      await call(platform.url, `DELETE /v1/me/sessions/${id}`, { credential: person.accessToken });
    const dialog = await dialogOf(seat.page, 'Log in again');
    const [second] = await Promise.all([
      seat.context.waitForEvent('page'),
      dialog.getByRole('button', { name: 'Log in' }).click(),
    ]);
    await fillLogin(second, admin.email, admin.password);
    await dialog.waitFor({ state: 'detached' });
    expect(await seat.page.getByLabel('Search applications').inputValue()).toBe('hel');
    await person.machine.run('app pause hello-world');
    await stateOf('PAUSED').waitFor();
    await person.machine.run('app resume hello-world');
    forgive(seat, /status of 401/);
  });

  it('B21: refuses changes that another site sends with the cookie of the session', async () => {
    const cookie = (await seat.context.cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
    for (const headers of [
      { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' },
      { origin: 'null', 'sec-fetch-site': 'same-origin' },
      { origin: platform.url, 'sec-fetch-site': 'same-site' },
    ]) {
      const { status } = await call(platform.url, `DELETE /v1/organizations/${org}/applications/hello-world`, {
        headers: { cookie, ...headers },
      });
      expect([headers, status]).toEqual([headers, 403]);
    }
  });

  it('leads by the keyboard alone: skip link, places, search, palette, and rows', async () => {
    const { page } = seat;
    await seat.open(`/o/${org}`);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('content');
    await page.keyboard.press('g');
    await page.keyboard.press('a');
    await page.getByRole('heading', { name: 'Applications', level: 1 }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('hello');
    expect(await page.getByLabel('Search applications').inputValue()).toBe('hello');
    await page.getByRole('row', { name: /hello-world/ }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/o/${org}/apps/hello-world`);
    await page.keyboard.press('Shift+?');
    const keys = await dialogOf(page, 'Keyboard');
    await page.keyboard.press('Escape');
    await keys.waitFor({ state: 'detached' });
    await page.keyboard.press('Control+k');
    await dialogOf(page, 'Command palette');
    await page.keyboard.type('clusters');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/o/${org}/clusters`);
    await page.goBack();
    await page.waitForURL(`**/o/${org}/apps/hello-world`);
    await page.goForward();
    await page.waitForURL(`**/o/${org}/clusters`);
  });

  it('is used by the keyboard alone: login, API key, invitation, restart, rollback, and logout', async () => {
    const guest = 'guest@example.com';
    await person.machine.run(
      'app apply -f - --wait',
      (await readFile('examples/hello-world.yaml', 'utf8')).replace('1.4.2', '1.4.3'),
    );
    const own = await newSeat(browser, platform.url);
    const { page } = own;
    const { keyboard } = page;
    const inMain = (name: string | RegExp) => page.getByRole('main').getByRole('button', { name }).first();
    const choose = async (target: Locator, key?: string) => {
      await reach(target, key);
      await keyboard.press('Enter');
    };
    const go = async (place: string, title: string) => {
      await page.getByRole('heading', { level: 1 }).waitFor();
      await keyboard.press('g');
      await keyboard.press(place);
      await page.getByRole('heading', { name: title, level: 1 }).waitFor();
    };
    /** Opens a dialog, fills in the field that has the focus in it, and stores the secret that it shows afterwards. */
    const create = async (verb: string, text: string, result: string) => {
      await choose(inMain(verb));
      await page.getByRole('dialog', { name: verb }).locator('input:focus').waitFor();
      await keyboard.type(text);
      await keyboard.press('Enter');
      const shown = page.getByRole('dialog', { name: result });
      await reach(shown.getByLabel('I have stored it'));
      await keyboard.press('Space');
      await choose(shown.getByRole('button', { name: 'Close' }));
      await shown.waitFor({ state: 'detached' });
    };
    const confirm = (verb: string) => choose(page.getByRole('dialog').getByRole('button', { name: verb }));

    await page.goto('/');
    await reach(page.getByLabel('E-mail address'));
    await keyboard.type(admin.email);
    await reach(page.getByLabel('Password'));
    await keyboard.type(admin.password);
    await keyboard.press('Enter');
    await page.waitForURL(`**/o/${org}`);

    await go('k', 'API keys');
    await create('Create API key', 'by-keyboard', 'API key by-keyboard');
    await page.getByRole('row', { name: /by-keyboard/ }).waitFor();

    await go('m', 'Members');
    await create('Invite member', guest, `Invitation of ${guest}`);
    await page.getByRole('row', { name: guest }).waitFor();

    await go('a', 'Applications');
    await choose(page.getByRole('link', { name: 'hello-world' }));
    await page.waitForURL(`**/o/${org}/apps/hello-world`);
    await choose(inMain(/^Actions$/));
    await choose(page.getByRole('menuitem', { name: 'Restart' }), 'ArrowDown');
    await confirm('Restart application');
    await page.getByText('The pods of hello-world are replaced one by one.').waitFor();
    await choose(page.getByRole('navigation', { name: 'Application' }).getByText('History'));
    await choose(inMain('Roll back to v1'));
    await confirm('Roll back to v1');
    await page.waitForURL(`**/o/${org}/apps/hello-world`);
    await inMain('Resume tracking').waitFor();

    await choose(page.getByRole('button', { name: /^Account / }));
    await choose(page.getByRole('menuitem', { name: 'Log out' }), 'ArrowDown');
    await page.getByRole('heading', { name: 'You are logged out' }).waitFor();
    expect(own.faults).toEqual([]);
    await own.close();
  });

  it('opens an application by every name, also by that of an action', async () => {
    await person.machine.run(
      'app apply -f -',
      (await readFile('examples/hello-world.yaml', 'utf8')).replace('name: hello-world', 'name: new'),
    );
    await seat.open(`/o/${org}/apps`);
    await seat.page.getByRole('link', { name: 'new', exact: true }).click();
    await seat.page.getByRole('heading', { name: 'new', level: 1, exact: true }).waitFor();
    await seat.page.getByRole('navigation', { name: 'Application' }).waitFor();
  });

  it.each(PAGES)('%s has no accessibility violation, and fits, at 1440 and 360 px, light and dark', async (path) => {
    await seat.open(path.replace(':org', org));
    await expectAccessible(seat.page, EVERY_LOOK);
  });
});
