import { readFile } from 'node:fs/promises';
import { PERMISSIONS, type Permission, type Role } from '#access';
import { call, eventually, loginAdmin, startPlatform, type Person, type Platform } from '#testing';
import type { Browser, Locator, Page } from 'playwright-core';
import { z } from 'zod';
import {
  consoleBuilt,
  describeInChromium,
  dialogOf,
  expectAccessible,
  fillLogin,
  forgive,
  loaded,
  logIn,
  newSeat,
  organizationOf,
  rowAction,
  startChromium,
  type Seat,
} from './console.fixture.ts';

const FRIEND = { email: 'friend@example.com', password: 'a long password of a friend' };
const sentInvitation = z.looseObject({ id: z.string(), link: z.string() });

/** What pages offer, with the permission for it, and a request that needs the same one. */
const OFFERS: readonly {
  readonly path: string;
  readonly offer: (page: Page) => Locator;
  readonly permission: Permission;
  readonly request: string;
}[] = [
  {
    path: '/apps',
    offer: (page) => page.getByRole('link', { name: 'New application' }),
    permission: 'application.deploy',
    request: 'POST /applications/shop/rollback?dryRun=true {"to":1}',
  },
  {
    path: '/apps/shop/secrets',
    offer: (page) => page.getByRole('button', { name: 'Set secret' }),
    permission: 'secrets.write',
    request: 'DELETE /applications/shop/secrets/NONE?dryRun=true',
  },
  {
    path: '/settings/members',
    offer: (page) => page.getByRole('button', { name: 'Invite member' }),
    permission: 'members.manage',
    request: 'DELETE /members/nobody@example.com?dryRun=true',
  },
  {
    path: '/settings/credentials',
    offer: (page) => page.getByRole('button', { name: 'Set credential' }),
    permission: 'credentials.manage',
    request: 'GET /credentials',
  },
  {
    path: '/settings/plan',
    offer: (page) => page.getByRole('button', { name: /^Change to/ }),
    permission: 'plan.change',
    request: 'PUT /subscription?dryRun=true {"plan":"enterprise"}',
  },
  {
    path: '/settings/general',
    offer: (page) => page.getByRole('button', { name: 'Delete organization' }),
    permission: 'organization.delete',
    request: 'DELETE ?dryRun=true',
  },
];

/** Whether something is shown and can be used. */
const isUsable = async (offer: Locator): Promise<boolean> =>
  (await offer.count()) > 0 &&
  (await offer.first().isEnabled()) &&
  (await offer.first().getAttribute('data-disabled')) === null;

/** Sends a request, such as `PUT /path {}`, from a page as a script in it could. @returns the status */
const requestFrom = (page: Page, request: string): Promise<number> =>
  page.evaluate(async (request) => {
    const [method = '', path = '', body] = request.split(' ');
    const json = body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body };
    return (await fetch(path, { method, ...json })).status;
  }, request);

const acceptIn = (page: Page): Locator => page.getByRole('button', { name: 'Accept invitation' });

/** Expects an invitation that cannot be accepted, and why. */
async function expectRefused(page: Page, text: RegExp): Promise<void> {
  await page.getByRole('alert').getByText(text).first().waitFor();
  await expectAccessible(page);
  expect(await acceptIn(page).count()).toBe(0);
}

describeInChromium('journeys in the console', () => {
  let platform: Platform;
  let person: Person;
  let browser: Browser;
  let seat: Seat;
  let friend: Seat;
  let org: string;
  /** Path of an invitation that nobody answers. */
  let forgotten: string;
  beforeAll(async () => {
    platform = await startPlatform({ entry: 'testing/days-later.ts' });
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

  const stateOf = (page: Page, state: string) => page.getByRole('main').getByText(state, { exact: true }).first();

  const apply = async (tag: string): Promise<void> => {
    const example = await readFile('examples/hello-world.yaml', 'utf8');
    await person.machine.run(
      'app apply -f -',
      example.replace('name: hello-world', 'name: shop').replace('1.4.2', tag),
    );
  };

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
    const masked = await page
      .getByRole('row', { name: /pipeline/ })
      .locator('code')
      .textContent();
    expect(masked).toMatch(/^astro_.{4}\.\.\..{4}$/);

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
    await stateOf(page, 'Healthy').waitFor();
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
    await loaded(other);
    await expectAccessible(other);
    await other.getByRole('button', { name: 'Accept invitation' }).click();
    await other.waitForURL(`**/o/${org}`);
    await page
      .getByRole('region', { name: 'members' })
      .getByRole('row', { name: FRIEND.email })
      .getByText('viewer')
      .waitFor();
  });

  async function changeRole(role: Role): Promise<void> {
    await seat.open(`/o/${org}/settings/members`);
    await rowAction(seat.page, FRIEND.email, 'Change member');
    const dialog = await dialogOf(seat.page, `Change ${FRIEND.email}`);
    await dialog.getByLabel('Role').selectOption(role);
    await dialog.getByRole('button', { name: 'Change member' }).click();
    await dialog.waitFor({ state: 'detached' });
  }

  it('shows a changed role without a reload, and what it may do', async () => {
    await friend.open(`/o/${org}/apps/shop`);
    const sync = friend.page.getByRole('button', { name: 'Sync' });
    await friend.page.getByText(/^viewer · /).waitFor();
    expect(await isUsable(sync)).toBe(false);
    await changeRole('editor');
    await friend.page.getByText(/^editor · /).waitFor();
    await sync.click();
    const dialog = await dialogOf(friend.page, 'Sync shop');
    await dialog.getByRole('button', { name: 'Sync application' }).click();
    await dialog.waitFor({ state: 'detached' });
  });

  it.each(['viewer', 'editor', 'admin'] as const)(
    'offers a member with the role %s what it may do, and the server refuses the rest',
    async (role) => {
      await changeRole(role);
      for (const { path, offer, permission, request } of OFFERS) {
        const isAllowed = PERMISSIONS[permission].roles.some((one) => one === role);
        await friend.open(`/o/${org}${path}`);
        await eventually(async () =>
          expect({ path, isOffered: await isUsable(offer(friend.page)) }).toEqual({ path, isOffered: isAllowed }),
        );
        const status = await requestFrom(friend.page, request.replace(' ', ` /v1/organizations/${org}`));
        expect({ request, isRefused: status === 403 }).toEqual({ request, isRefused: !isAllowed });
      }
      forgive(friend, /status of 4(03|04|09|22)/);
    },
  );

  it('shows what each invitation offers, and what to do about one that cannot be accepted', async () => {
    const { page } = friend;
    const credential = person.accessToken;
    for (const slug of ['labs', 'works'])
      await call(platform.url, 'POST /v1/organizations', { credential, body: { name: `The ${slug}`, slug } });
    const invite = async (slug: string, email: string, role: Role = 'viewer') => {
      const path = `/v1/organizations/${slug}/invitations`;
      const sent = sentInvitation.parse(
        (await call(platform.url, `POST ${path}`, { credential, body: { email, role } })).body,
      );
      const revoke = () => call(platform.url, `DELETE ${path}/${sent.id}`, { credential });
      return { path: `/invite/${sent.link.split('/').at(-1)}`, revoke };
    };
    const accept = acceptIn(page);
    const isRefused = (text: RegExp) => expectRefused(page, text);

    const [labs, works] = [await invite('labs', FRIEND.email), await invite('works', FRIEND.email, 'admin')];
    for (const [{ path }, ...terms] of [
      [labs, 'The labs', 'viewer'],
      [works, 'The works', 'admin'],
    ] as const) {
      await friend.open(path);
      for (const text of [...terms, platform.adminEmail]) await page.getByText(text, { exact: true }).waitFor();
      await expectAccessible(page);
    }
    await works.revoke();
    await accept.click();
    await isRefused(/was revoked/);

    await friend.open(labs.path);
    await page.getByRole('button', { name: 'Decline invitation' }).click();
    await page.getByText('The invitation is declined').waitFor();
    await expectAccessible(page);
    await friend.open(labs.path);
    await isRefused(/was declined/);

    await friend.open((await invite('labs', 'somebody@example.com')).path);
    await isRefused(/for another e-mail address/);
    await page.getByRole('button', { name: 'Log in with another account' }).waitFor();

    forgotten = (await invite('labs', FRIEND.email)).path;
    await friend.open('/invite/none');
    await isRefused(/not found/);
    forgive(friend, /status of 40[349]/);
  });

  it('restarts, pauses, and resumes the application', async () => {
    const { page } = seat;
    const main = page.getByRole('main');
    await seat.open(`/o/${org}/apps/shop`);
    const choose = async (action: string) => {
      await main.getByRole('button', { name: 'Actions' }).click();
      await page.getByRole('menuitem', { name: action }).click();
    };
    const confirm = async (title: string, verb: string) => {
      const dialog = await dialogOf(page, title);
      await dialog.getByRole('button', { name: verb }).click();
      await dialog.waitFor({ state: 'detached' });
    };
    await choose('Restart');
    await confirm('Restart shop', 'Restart application');
    await page.getByText('The pods of shop are replaced one by one.').waitFor();
    await choose('Pause');
    await confirm('Pause shop', 'Pause application');
    await stateOf(page, 'PAUSED').waitFor();
    await main.getByRole('button', { name: 'Resume' }).click();
    await confirm('Resume shop', 'Resume application');
    await stateOf(page, 'RUNNING').waitFor();
  });

  it('stores a secret that no page shows again', async () => {
    const { page } = seat;
    const value = 'postgres://shop:a-long-password@db.example.com/shop';
    await seat.open(`/o/${org}/apps/shop/secrets`);
    await page.getByRole('button', { name: 'Set secret' }).click();
    const first = await dialogOf(page, 'Set secret');
    await first.getByLabel('Key').fill('DATABASE_URL');
    await first.getByLabel('Value').fill(value);
    await first.getByRole('button', { name: 'Set secret' }).click();
    const row = page.getByRole('row', { name: /DATABASE_URL/ });
    await row.getByText('v1', { exact: true }).waitFor();
    await seat.open(`/o/${org}/apps/shop/secrets`);
    await rowAction(page, 'DATABASE_URL', 'Set new value');
    const second = await dialogOf(page, 'Set DATABASE_URL');
    expect(await second.getByLabel('Value').inputValue()).toBe('');
    expect(await page.content()).not.toContain('a-long-password');
    await second.getByLabel('Value').fill(`${value}2`);
    await second.getByRole('button', { name: 'Set secret' }).click();
    await row.getByText('v2', { exact: true }).waitFor();
    await rowAction(page, 'DATABASE_URL', 'Unset secret');
    const third = await dialogOf(page, 'Unset DATABASE_URL');
    await third.getByRole('button', { name: 'Unset secret' }).click();
    await page.getByText('No secrets yet').waitFor();
  });

  it('compares two revisions, and rolls back after it has shown what would change', async () => {
    const { page } = seat;
    await person.machine.run('app wait shop');
    await apply('1.4.3');
    await person.machine.run('app wait shop');
    await seat.open(`/o/${org}/apps/shop/history`);
    await page.getByRole('link', { name: 'Diff of v2' }).click();
    await page.getByText('1.4.3').first().waitFor();
    await expectAccessible(page);
    await page.goBack();
    await page.getByRole('button', { name: 'Roll back to v1' }).click();
    const dialog = await dialogOf(page, 'Roll back shop to v1');
    await dialog.getByText('1.4.2').first().waitFor();
    await dialog.getByRole('button', { name: 'Roll back to v1' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.waitForURL(`**/o/${org}/apps/shop`);
    await stateOf(page, 'v3').waitFor();
    await stateOf(page, 'RUNNING').waitFor();
    await page.getByRole('button', { name: 'Resume tracking' }).click();
    const resume = await dialogOf(page, 'Resume tracking of shop');
    await resume.getByRole('button', { name: 'Resume tracking' }).click();
    await resume.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Sync' }).waitFor();
  });

  it('refuses a manifest that somebody else changed in the meantime, and keeps what was typed', async () => {
    const { page } = seat;
    await seat.open(`/o/${org}/apps/shop/manifest`);
    const editor = page.getByRole('textbox', { name: 'Manifest' });
    const shows = (tag: string) => editor.getByText(`tag: ${tag}`).waitFor();
    /** Types another last digit. */
    const retag = async (tag: string, digit: string) => {
      await editor.getByText(`tag: ${tag}`).click();
      await page.keyboard.press('End');
      await page.keyboard.press('Backspace');
      await page.keyboard.type(digit);
    };
    await shows('1.4.2');
    await apply('1.4.4');
    await shows('1.4.4'); // nothing is typed, so that the editor follows
    await apply('1.4.5');
    await shows('1.4.5');
    await retag('1.4.5', '6');
    const button = page.getByRole('button', { name: 'Apply manifest' });
    await eventually(async () => expect(await isUsable(button)).toBe(true));
    await apply('1.4.7');
    await page.getByText(/was applied while you edited v/).waitFor();
    await button.click();
    await page
      .getByRole('alert')
      .getByText(/revision/)
      .first()
      .waitFor();
    await shows('1.4.6');
    await expectAccessible(page);
    await page.getByRole('button', { name: /^Discard changes and edit v/ }).click();
    await shows('1.4.7');
    await retag('1.4.7', '8');
    await eventually(async () => expect(await isUsable(button)).toBe(true));
    await button.click();
    await page.waitForURL(`**/o/${org}/apps/shop`);
    forgive(seat, /status of 412/);
  });

  it('refuses settings that somebody else changed in the meantime, and keeps what was typed', async () => {
    const { page } = seat;
    await seat.open(`/o/${org}/settings/general`);
    const contact = page.getByLabel('Contact');
    await contact.fill('ada@example.com');
    await person.machine.run('org set contact=grace@example.com');
    await page.getByRole('button', { name: 'Discard changes and show the present settings' }).waitFor();
    await page.getByRole('button', { name: 'Save settings' }).click();
    await page
      .getByRole('alert')
      .getByText(/revision/)
      .first()
      .waitFor();
    expect(await contact.inputValue()).toBe('ada@example.com');
    await page.getByRole('button', { name: 'Discard changes and show the present settings' }).click();
    expect(await contact.inputValue()).toBe('grace@example.com');
    await contact.fill('ada@example.com');
    await page.getByRole('button', { name: 'Save settings' }).click();
    await page.getByText('The settings are saved.').waitFor();
    forgive(seat, /status of 412/);
  });

  it('keeps search, filters, and order in the address: after a reload, back, and forward', async () => {
    const { page } = seat;
    await seat.open(`/o/${org}/apps`);
    const search = page.getByLabel('Search applications');
    await search.fill('sho');
    await page.getByRole('columnheader').getByRole('button', { name: 'Name' }).click();
    await page.getByRole('combobox', { name: 'Status' }).click();
    await page.getByRole('option', { name: 'RUNNING' }).click();
    await page.waitForURL((url) => url.search !== '' && url.searchParams.has('status'));
    const { href, searchParams } = new URL(page.url());
    expect(Object.fromEntries(searchParams)).toEqual({ q: 'sho', sort: 'name', status: 'RUNNING' });
    const isKept = async () => {
      await page.waitForURL(href);
      await page.getByRole('row', { name: /shop/ }).waitFor();
      expect(await search.inputValue()).toBe('sho');
      expect(await page.getByRole('columnheader', { name: 'Name' }).getAttribute('aria-sort')).toBe('ascending');
    };
    await page.keyboard.press('Escape');
    await page.reload();
    await isKept();
    await page.getByRole('link', { name: 'shop', exact: true }).click();
    await page.getByRole('heading', { name: 'shop', level: 1 }).waitFor();
    await page.goBack();
    await isKept();
    await page.goForward();
    await page.getByRole('heading', { name: 'shop', level: 1 }).waitFor();
    await page.goBack();
    await isKept();
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
    forgive(seat, /status of 401/);
    await second.close();
  });

  it('shows days later that the session and an invitation have expired', async () => {
    const { page } = friend;
    await friend.open('/signed-out');
    platform.process.signal('SIGUSR2');
    await eventually(async () => expect(await requestFrom(page, 'GET /v1/me')).toBe(401));
    await logIn(friend, FRIEND, forgotten);
    await expectRefused(page, /has expired/);
    forgive(friend, /status of (40[19]|503)/); // 503: its deadline passed when the clock was set
  });
});
