import { readFile } from 'node:fs/promises';
import { call, loginAdmin, startPlatform, type Person, type Platform } from '#testing';
import type { Browser, Page } from 'playwright-core';
import {
  consoleBuilt,
  describeInChromium,
  fillLogin,
  loaded,
  logIn,
  newSeat,
  organizationOf,
  refusedRequests,
  startChromium,
  violationsOf,
  type Seat,
} from './console.fixture.ts';

const FRIEND = { email: 'friend@example.com', password: 'a long password of a friend' };

describeInChromium('journeys in the console', () => {
  let platform: Platform;
  let person: Person;
  let browser: Browser;
  let seat: Seat;
  let friend: Seat;
  let org: string;
  beforeAll(async () => {
    platform = await startPlatform();
    await consoleBuilt(platform.url);
    browser = await startChromium();
    seat = await newSeat(browser, platform.url);
    friend = await newSeat(browser, platform.url);
    await logIn(seat, { email: platform.adminEmail, password: platform.adminPassword });
    org = organizationOf(seat.page);
    person = await loginAdmin(platform);
  });
  afterAll(async () => {
    await browser?.close();
    await platform?.stop();
  });
  afterEach(() =>
    expect({ first: seat.faults.splice(0), second: friend.faults.splice(0) }).toEqual({ first: [], second: [] }),
  );

  /** Returns the dialog of a title, after it was checked for accessibility. */
  async function dialogOf(page: Page, name: string | RegExp) {
    const dialog = page.getByRole('dialog', { name });
    await dialog.waitFor();
    expect(await violationsOf(page)).toEqual([]);
    return dialog;
  }
  async function rowAction(page: Page, row: string, action: string): Promise<void> {
    await page.getByRole('button', { name: `Actions for ${row}` }).click();
    await page.getByRole('menuitem', { name: action }).click();
  }
  const stateOf = (page: Page, state: string) => page.getByRole('main').getByText(state, { exact: true }).first();

  it('shows a new key once, with which astroctl acts as the person', async () => {
    const { page } = seat;
    await seat.open(`/o/${org}/settings/keys`);
    await page.getByRole('button', { name: 'Create API key' }).first().click();
    const dialog = await dialogOf(page, 'Create API key');
    await dialog.getByLabel('Name').fill('pipeline');
    await dialog.getByRole('button', { name: 'Create API key' }).click();
    const issued = await dialogOf(page, 'API key pipeline');
    const lines = await issued.locator('pre').allTextContents();
    const [secret = ''] = lines;
    expect(lines.slice(1)).toEqual([
      `export ASTROPULSE_API_KEY=${secret}`,
      `export ASTROPULSE_API_URL=${platform.url}`,
    ]);
    await page.keyboard.press('Escape');
    expect(await issued.getByRole('button', { name: 'Close' }).isDisabled()).toBe(true);
    await issued.getByLabel('I have stored it').check();
    await issued.getByRole('button', { name: 'Close' }).click();
    await page.reload();
    await page
      .getByRole('row', { name: /pipeline/ })
      .getByText('ACTIVE')
      .waitFor();
    expect(await page.content()).not.toContain(secret);

    const keys = (await call(platform.url, `GET /v1/organizations/${org}/access-keys`, { credential: secret })).body;
    expect(keys).toMatchObject({
      items: expect.arrayContaining([expect.objectContaining({ name: 'pipeline', source: 'console' })]),
    });
    const environment = { ASTROPULSE_API_KEY: secret, ASTROPULSE_API_URL: platform.url };
    const whoami = await platform.person('pipeline').astroctl(['whoami'], { environment });
    expect(whoami).toMatchObject({ code: 0, stdout: expect.stringContaining(platform.adminEmail) });
  });

  it('creates the first application from an image, which is RUNNING', async () => {
    const { page } = seat;
    await seat.open(`/o/${org}/apps`);
    await page.getByRole('main').getByRole('link', { name: 'New application' }).first().click();
    await page.getByRole('heading', { name: 'New application', level: 1 }).waitFor();
    await page.getByLabel('Name').fill('shop');
    await page.getByRole('textbox', { name: 'Image' }).fill('images.example.com/examples/hello-world:1.4.2');
    await page.getByRole('button', { name: 'Create application' }).click();
    await page.getByRole('heading', { name: 'shop', level: 1 }).waitFor();
    await stateOf(page, 'RUNNING').waitFor();
  });

  it('invites a person, who joins in another browser, and whose pages follow a change of the role', async () => {
    const { page } = seat;
    await seat.open(`/o/${org}/settings/members`);
    await page.getByRole('button', { name: 'Invite member' }).click();
    const dialog = await dialogOf(page, 'Invite member');
    await dialog.getByLabel('E-mail address').fill(FRIEND.email);
    await dialog.getByRole('button', { name: 'Invite member' }).click();
    const sent = await dialogOf(page, `Invitation of ${FRIEND.email}`);
    const [link = ''] = await sent.locator('pre').allTextContents();
    await sent.getByLabel('I have stored it').check();
    await sent.getByRole('button', { name: 'Close' }).click();

    const other = friend.page;
    await other.goto(link);
    await other.getByLabel('Password').fill(FRIEND.password);
    await other.getByRole('button', { name: 'Set password' }).click();
    await other.locator('a.button').click();
    await fillLogin(other, FRIEND.email, FRIEND.password);
    await other.getByRole('heading', { name: 'Invitation', level: 1 }).waitFor();
    expect(await violationsOf(other)).toEqual([]);
    await other.getByRole('button', { name: 'Accept invitation' }).click();
    await other.waitForURL(`**/o/${org}`);
    await page.getByRole('row', { name: FRIEND.email }).getByText('viewer').waitFor();

    await friend.open(`/o/${org}/apps/shop`);
    await other.locator('button[aria-disabled="true"]', { hasText: 'Sync' }).waitFor();
    const refused = await other.evaluate(
      async (path) => (await fetch(path, { method: 'DELETE' })).status,
      `/v1/organizations/${org}/applications/shop`,
    );
    expect(refused).toBe(403);
    refusedRequests(friend, 403);

    await rowAction(page, FRIEND.email, 'Change member');
    const change = await dialogOf(page, `Change ${FRIEND.email}`);
    await change.getByLabel('Role').selectOption('editor');
    await change.getByRole('button', { name: 'Change member' }).click();
    await change.waitFor({ state: 'detached' });
    await other.locator('button:not([aria-disabled])', { hasText: 'Sync' }).click();
    const asked = await dialogOf(other, /^Sync shop/);
    await asked.getByRole('button', { name: /^Sync/ }).click();
    await asked.waitFor({ state: 'detached' });
  });

  it('compares two revisions, and rolls back after it has shown what would change', async () => {
    const { page } = seat;
    await person.machine.run('app wait shop');
    const manifest = await readFile('examples/hello-world.yaml', 'utf8');
    await person.machine.run(
      'app apply -f - --wait',
      manifest.replace('name: hello-world', 'name: shop').replace('1.4.2', '1.4.3'),
    );
    await seat.open(`/o/${org}/apps/shop/history`);
    await page.getByRole('link', { name: 'Diff of v2' }).click();
    await page.getByText('1.4.3').first().waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.goBack();
    await page.getByRole('button', { name: 'Roll back to v1' }).click();
    const dialog = await dialogOf(page, 'Roll back shop to v1');
    await dialog.getByText('1.4.2').first().waitFor();
    await dialog.getByRole('button', { name: 'Roll back to v1' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.waitForURL(`**/o/${org}/apps/shop`);
    await stateOf(page, 'v3').waitFor();
    await stateOf(page, 'RUNNING').waitFor();
    await page.getByRole('button', { name: 'Resume tracking' }).waitFor();
  });

  it('shows the organization as it was, who could deploy then, and that the log is whole', async () => {
    const { page } = seat;
    await seat.open(`/o/${org}/audit?view=state`);
    const member = page.getByRole('row', { name: FRIEND.email }).first();
    await member.waitFor();
    const previous = page.getByRole('button', { name: 'Previous change' });
    while (await member.isVisible()) {
      const address = page.url();
      await previous.click();
      await page.waitForURL((url) => url.href !== address);
      await page.getByText(/^You see the past, as of/).waitFor();
      await loaded(page);
    }
    const past = new URL(page.url()).searchParams.get('at') ?? '';
    await page.getByRole('tab', { name: 'Who could do it' }).click();
    await page.getByText(platform.adminEmail).last().waitFor();
    expect(await page.getByRole('main').getByText(FRIEND.email).count()).toBe(0);
    expect(new URL(page.url()).searchParams.get('at')).toBe(past);
    await page.getByRole('button', { name: 'Return to now' }).click();
    await page.getByRole('main').getByText(FRIEND.email).first().waitFor();
    await page.getByRole('tab', { name: 'Verification' }).click();
    await page.getByRole('button', { name: 'Verify' }).click();
    await page.getByText('The log is what was recorded.').waitFor();
  });

  it('ends the session in every tab at the logout', async () => {
    const { page, context } = seat;
    await seat.open(`/o/${org}/apps`);
    const second = await context.newPage();
    await second.goto(`/o/${org}`);
    await second.getByRole('button', { name: /^Account / }).click();
    await second.getByRole('menuitem', { name: 'Log out' }).click();
    await second.getByRole('heading', { name: 'You are logged out' }).waitFor();
    await page.getByRole('dialog', { name: 'Log in again' }).waitFor();
    refusedRequests(seat, 401);
    await second.close();
  });
});
