import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { call, loginAdmin, newPerson, startPlatform, type Person, type Platform } from '#testing';
import type { Browser, Locator, Page } from 'playwright-core';
import {
  consoleBuilt,
  describeInChromium,
  dialogOf,
  forgive,
  loaded,
  logIn,
  newSeat,
  rowAction,
  startChromium,
  violationsOf,
  type Look,
  type Seat,
} from './console.fixture.ts';
import { startSmallCluster } from './testing/small-cluster.ts';

/** Folder for the pictures of docs/console.md, which `npm run screenshots` sets. */
const PICTURES = process.env['ASTRO_TEST_SCREENSHOTS'];
const ADA = { email: 'ada@acme.dev', password: 'a long password of Ada' };
const GRACE = 'grace@acme.dev';
const DIALOG_LOOKS: readonly Look[] = [
  [360, 'dark'],
  [1440, 'light'],
];

const manifest = (name: string, image: string, more = '') =>
  `name: ${name}\nsource:\n  type: image\n  image: { ${image}, port: 8080${more} }\n`;
const shop = (tag: string) =>
  manifest('web', `registry: images.acme.dev, repository: shop/web, tag: ${tag}`, ', replicas: 2, health: { path: / }');

/** Milliseconds for all dialogs on a busy machine. */
const DIALOGS_MS = 300_000;

describeInChromium('forms of the console', () => {
  let platform: Platform;
  let ada: Person;
  let browser: Browser;
  let seat: Seat;
  let page: Page;
  beforeAll(async () => {
    platform = await startPlatform();
    const admin = await loginAdmin(platform);
    ada = await newPerson(platform, ADA.email, ADA.password, 'Ada Lovelace');
    await admin.machine.run(`user set-global-role ${ADA.email} admin`);
    await ada.machine.run('org rename Acme --slug acme');
    await ada.machine.run(`org invite ${GRACE} --role editor`);
    await ada.machine.run('org add-user --service ci-deploy --role editor');
    await ada.machine.run('app apply -f - --wait', shop('1.4.2'));
    await ada.machine.run('app apply -f - --wait', shop('1.5.0'));
    await ada.machine.run('app secrets set web SESSION_KEY', 'a-secret');
    await consoleBuilt(platform.url);
    browser = await startChromium();
    seat = await newSeat(browser, platform.url);
    ({ page } = seat);
    await logIn(seat, ADA);
  });
  afterAll(async () => {
    await browser?.close();
    await platform?.stop();
  });
  afterEach(() => expect(seat.faults.splice(0)).toEqual([]));

  const button = (name: string | RegExp, within: Locator = page.getByRole('main')) =>
    within.getByRole('button', { name, exact: true });
  const menuAction = async (action: string) => {
    await button('Actions').click();
    await page.getByRole('menuitem', { name: action }).click();
  };
  /** Returns the command that a dialog shows below everything else. */
  const commandIn = async (dialog: Locator): Promise<string> =>
    (await dialog
      .locator('code')
      .filter({ hasText: /^astroctl / })
      .last()
      .textContent()) ?? '';

  it('changes the policy of a cluster: errors at their field, what would change, and the same as a command', async () => {
    await seat.open('/o/acme/clusters/sandbox');
    await button('Change policy').click();
    const dialog = await dialogOf(page, 'Change the policy of sandbox');
    const change = button('Change policy', dialog);
    expect(await change.isDisabled()).toBe(true);
    const namespaces = dialog.getByLabel('Namespaces');
    await namespaces.fill('Team A');
    await dialog.getByText('must be a namespace glob such as team-*').waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await namespaces.fill('acme-*, team-*');
    await dialog.getByLabel('Pod security').selectOption('restricted');
    await dialog.getByText('What would change').waitFor();
    await dialog.locator('ins').filter({ hasText: 'acme-*, team-*' }).waitFor();
    expect(await dialog.locator('ins').allTextContents()).toEqual(['acme-*, team-*', 'restricted']);
    expect(await commandIn(dialog)).toBe(
      "astroctl clusters policy set sandbox --namespaces 'acme-*,team-*' --pod-security restricted --org acme",
    );
    await change.click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByText('acme-*, team-*').waitFor();
    expect(await ada.machine.run('clusters policy get sandbox')).toContain('restricted');
    await ada.machine.run('clusters policy set sandbox --namespaces * --pod-security baseline');
  });

  it('changes the ingress settings of a cluster, and keeps what somebody else changes in the meantime', async () => {
    await seat.open('/o/acme/clusters/sandbox');
    await button('Change ingress settings').click();
    const dialog = await dialogOf(page, 'Change the ingress settings of sandbox');
    await dialog.getByLabel('Domain').fill('apps.acme.dev');
    await dialog.getByLabel('TLS').selectOption('issuer');
    await dialog.getByText('must be none, secret:NAME, or issuer:NAME').waitFor();
    await dialog.getByLabel('Name of the ClusterIssuer').fill('letsencrypt');
    await dialog.locator('ins').filter({ hasText: 'issuer:letsencrypt' }).waitFor();
    expect(await commandIn(dialog)).toBe(
      'astroctl clusters ingress set sandbox --domain apps.acme.dev --tls issuer:letsencrypt --org acme',
    );
    await ada.machine.run('clusters ingress set sandbox --class nginx');
    await button('Change ingress settings', dialog).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await ada.machine.run('clusters ingress get sandbox')).toMatch(
      /class: +nginx\ndomain: +apps\.acme\.dev\ntls: +issuer:letsencrypt/,
    );
  });

  it('creates, changes, and deletes a profile, also by the command that the dialog shows', async () => {
    await seat.open('/o/acme/profiles');
    await button('Create profile').click();
    const create = await dialogOf(page, 'Create profile');
    await button('Create profile', create).click();
    await create.getByText('Required').waitFor();
    await create.getByLabel('Name').fill('production');
    await create.getByLabel('Cluster').selectOption('sandbox');
    await create.getByLabel(/^Protected/).check();
    await create.locator('ins').filter({ hasText: 'sandbox' }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    const [command = '', ...lines] = (await commandIn(create)).split('\n');
    expect(command).toBe("astroctl app profile apply -f - --org acme <<'EOF'");
    await ada.machine.run('app profile apply -f -', lines.slice(0, -1).join('\n'));
    await create.getByText('A profile with this name exists already.', { exact: false }).waitFor();
    await button('Cancel', create).click();

    await rowAction(page, 'production', 'Change profile');
    const change = await dialogOf(page, 'Change production');
    await change.getByLabel('Tier').selectOption('standard');
    await change.locator('ins').filter({ hasText: 'standard' }).waitFor();
    expect(await change.locator('ins').allTextContents()).toEqual(['standard']);
    await button('Change profile', change).click();
    await page
      .getByRole('row', { name: /production/ })
      .getByText('standard')
      .waitFor();

    await ada.machine.run(
      'app profile apply -f -',
      'profileName: staging\nclusterName: sandbox\ndefaults: { port: 3000 }\n',
    );
    await page.getByRole('button', { name: 'Actions for staging' }).click();
    const refused = page.getByRole('menuitem', { name: 'Change profile' });
    await refused.getByText('Apply its manifest').waitFor();
    expect(await refused.isDisabled()).toBe(true);
    await page.keyboard.press('Escape');
    await rowAction(page, 'staging', 'Delete profile');
    const remove = await dialogOf(page, 'Delete staging');
    await remove.getByRole('textbox').fill('staging');
    await button('Delete profile', remove).click();
    await page.getByRole('row', { name: /staging/ }).waitFor({ state: 'detached' });
  });

  /** Prepares what dialogs act on: a cluster, a credential, a profile, and an object that its application left behind. */
  async function prepareActions(clusterUrl: string): Promise<void> {
    const { run } = ada.machine;
    const source = { type: 'yaml', yaml: { manifests: 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: left }\n' } };
    const holder = (name: string) => JSON.stringify({ name, namespace: 'adoption', profileName: 'default', source });
    await run('admin egress allow 127.0.0.0/8');
    const cluster = { clusterName: 'small', server: clusterUrl, token: 'token' };
    const { status, text } = await call(platform.url, 'PUT /v1/organizations/acme/clusters/small', {
      credential: ada.accessToken,
      body: cluster,
    });
    expect([status, text]).toEqual([201, text]);
    await run('credentials set git.acme.dev --kind git', 'token');
    await run('app profile apply -f -', 'profileName: spare\nclusterName: sandbox\n');
    await run('app apply -f - --wait', holder('leaver'));
    await run('app delete leaver --orphan -y');
    await run('app apply -f -', holder('adopter'));
  }

  it(
    'shows the command of astroctl in every dialog, which has no accessibility violation, and fits',
    async () => {
      const small = await startSmallCluster();
      await prepareActions(small.url);
      const onRow = (row: string, action: string) => () => rowAction(page, row, action);
      const actions: readonly (readonly [path: string, command: RegExp, open: () => Promise<void>])[] = [
        ['apps/web', /^astroctl app sync web --wait --org acme$/, () => button('Sync').click()],
        ['apps/web', /^astroctl app restart web /, () => menuAction('Restart')],
        ['apps/web', /^astroctl app pause web /, () => menuAction('Pause')],
        ['apps/web', /^astroctl app delete web /, () => menuAction('Delete application')],
        ['apps/adopter', /^astroctl app adopt adopter /, () => menuAction('Take over objects')],
        ['apps/web/history', /^astroctl app rollback web --to v1 /, () => button('Roll back to v1').click()],
        ['apps/web/secrets', /^astroctl app secrets set web KEY .* < FILE$/, () => button('Set secret').click()],
        ['apps/web/secrets', /^astroctl app secrets set web SESSION_KEY /, onRow('SESSION_KEY', 'Set new')],
        ['apps/web/secrets', /^astroctl app secrets unset web SESSION_KEY /, onRow('SESSION_KEY', 'Unset')],
        ['profiles', /^astroctl app profile apply -f - /, () => button('Create profile').click()],
        ['profiles', /^astroctl app profile apply -f - /, onRow('spare', 'Change profile')],
        ['profiles', /^astroctl app profile delete spare /, onRow('spare', 'Delete profile')],
        ['clusters/small', /^astroctl clusters policy set small /, () => button('Change policy').click()],
        ['clusters/small', /^astroctl clusters ingress set small /, () => button('Change ingress settings').click()],
        ['clusters/small', /^astroctl clusters delete small /, () => button('Delete cluster').click()],
        ['settings/members', /^astroctl org invite EMAIL /, () => button('Invite member').click()],
        ['settings/members', /^astroctl org add-user --user EMAIL /, () => button('Add member').click()],
        ['settings/members', /^astroctl org set-role ci-deploy editor /, onRow('ci-deploy', 'Change member')],
        ['settings/members', /^astroctl org remove-user --service ci/, onRow('ci-deploy', 'Remove member')],
        ['settings/members', /^astroctl org leave /, onRow(ADA.email, 'Leave organization')],
        ['settings/members', /^astroctl org resend-invitation /, onRow('the invitation', 'Send invitation')],
        ['settings/members', /^astroctl org revoke-invitation /, onRow('the invitation', 'Revoke invitation')],
        ['settings/keys', /^astroctl key create --name NAME /, () => button('Create API key').click()],
        ['settings/keys', /^astroctl key rotate .* --grace 1h /, onRow('key', 'Rotate key')],
        ['settings/keys', /^astroctl key revoke /, onRow('key', 'Revoke key')],
        ['settings/credentials', /^astroctl credentials set HOST /, () => button('Set credential').first().click()],
        ['settings/credentials', /^astroctl credentials set git.acme.dev /, onRow('git', 'Replace')],
        ['settings/credentials', /^astroctl credentials delete git.acme.dev /, onRow('git', 'Delete')],
        [
          'settings/plan',
          /^astroctl org plan set /,
          () =>
            button(/^Change to /)
              .first()
              .click(),
        ],
        ['settings/general', /^astroctl org delete --confirm acme /, () => button('Delete organization').click()],
        ['account', /^astroctl auth sessions end /, onRow('the session', 'End session')],
        ['account', /^astroctl auth sessions end --others --keep /, () => button('End all other sessions').click()],
        ['account', /^astroctl auth logout --everywhere$/, () => button('Log out everywhere').click()],
        ['admin/users', /^astroctl user set-global-role /, onRow(ADA.email, 'Make developer')],
        ['admin/users', /^astroctl user suspend /, onRow(ADA.email, 'Suspend user')],
        ['admin/users', /^astroctl user erase /, onRow(ADA.email, 'Erase user')],
        ['admin/users', /^astroctl user reset-password /, onRow(ADA.email, 'Create password link')],
        ['admin/egress', /^astroctl admin egress deny 127.0.0.0\/8/, () => button('Withdraw 127.0.0.0/8').click()],
        [
          'admin/projections',
          /^astroctl admin projections rebuild /,
          () =>
            button(/^Rebuild /)
              .first()
              .click(),
        ],
      ];
      let present = '';
      for (const [path, command, open] of actions) {
        if (path === present) await page.keyboard.press('Escape');
        else await seat.open(/^a(ccount|dmin)/.test(path) ? `/${path}` : `/o/acme/${path}`);
        present = path;
        await page.getByRole('dialog').waitFor({ state: 'detached' });
        await open();
        const dialog = await dialogOf(page, /./, DIALOG_LOOKS);
        expect(await commandIn(dialog)).toMatch(command);
      }
      await small.close();
      forgive(seat, /status of 409/); // the only owner can neither leave nor be erased
    },
    DIALOGS_MS,
  );

  it('ends all other sessions with one request, and this one continues', async () => {
    const phone = await newSeat(browser, platform.url);
    await logIn(phone, ADA);
    await seat.open('/account');
    await button('End all other sessions').click();
    const dialog = await dialogOf(page, 'End all other sessions');
    const command = await commandIn(dialog);
    expect(command).toMatch(/^astroctl auth sessions end --others --keep [\w-]+$/);
    const sent: string[] = [];
    page.on('request', (request) => request.method() === 'DELETE' && sent.push(new URL(request.url()).search));
    await button('End other sessions', dialog).click();
    await dialog.waitFor({ state: 'detached' });
    await button('End all other sessions').and(page.locator(':disabled')).waitFor();
    expect(sent).toEqual([`?others=true&keep=${command.split(' ').at(-1)}`]);
    expect(await ada.machine.run('whoami')).toContain(ADA.email);
    await phone.page.reload();
    await phone.page.getByLabel('Password').waitFor();
    await phone.page.close();
  });

  if (PICTURES !== undefined)
    it('takes the pictures of the documentation', async () => {
      const { run } = ada.machine;
      await mkdir(PICTURES, { recursive: true });
      await page.setViewportSize({ width: 1280, height: 800 });
      await page.emulateMedia({ colorScheme: 'light' });
      const take = async (name: string) => {
        await loaded(page);
        await page.mouse.move(0, 0);
        await page.screenshot({ path: join(PICTURES, `${name}.png`), animations: 'disabled' });
      };
      await run('app profile apply -f -', 'profileName: shop\nclusterName: sandbox\n');
      await run('org add-user --service release-bot --role viewer');
      for (const [name, repository, tag] of [
        ['api', 'shop/api', '2.8.1'],
        ['cart', 'shop/cart', '0.14.0'],
        ['search', 'shop/search', '3.2.5'],
        ['newsletter', 'marketing/newsletter', '1.0.9'],
      ] as const)
        await run(
          'app apply -f - --wait',
          `profileName: shop\n${manifest(name, `registry: images.acme.dev, repository: ${repository}, tag: ${tag}`)}`,
        );
      await run('app pause newsletter -m campaign');
      await run(
        'app apply -f -',
        `profileName: shop\n${manifest('payments', 'registry: sandbox.invalid, repository: shop/payments, tag: crash-5.1.0')}`,
      );
      await seat.open('/o/acme/apps');
      await page.getByText('CrashLoopBackOff').or(page.getByText('DEGRADED')).first().waitFor();
      await take('applications');
      await seat.open('/o/acme/apps/web');
      await page.getByText('Healthy').first().waitFor();
      await take('application');
      await seat.open('/o/acme/clusters/sandbox');
      await button('Change policy').click();
      const policy = await dialogOf(page, 'Change the policy of sandbox', []);
      await policy.getByLabel('Namespaces').fill('acme-*');
      await policy.getByLabel('Pod security').selectOption('restricted');
      await policy.locator('ins').first().waitFor();
      await take('policy');
      await seat.open('/o/acme/apps/web/history');
      await button('Roll back to v1').click();
      await (await dialogOf(page, 'Roll back web to v1', [])).getByText('1.4.2').first().waitFor();
      await take('rollback');
    });
});
