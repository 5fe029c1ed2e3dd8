import { readFile } from 'node:fs/promises';
import { call, loginAdmin, startAgain, startPlatform, type Person, type Platform } from '#testing';
import type { Browser } from 'playwright-core';
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
    await page.getByPlaceholder('Go to …').waitFor();
    await page.keyboard.type('clusters');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/o/${org}/clusters`);
    await page.goBack();
    await page.waitForURL(`**/o/${org}/apps/hello-world`);
    await page.goForward();
    await page.waitForURL(`**/o/${org}/clusters`);
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
