import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { call, eventually, loginAdmin, startPlatform, type Machine, type Person, type Platform } from '#testing';

describe('an invitation, with the real astroctl and without a mail server', () => {
  let platform: Platform;
  let ada: Person;
  let grace: Machine;
  beforeAll(async () => {
    platform = await startPlatform();
    ada = await loginAdmin(platform);
    grace = platform.person('grace');
  });
  afterAll(() => platform.stop());

  const EMAIL = 'grace@acme.dev';
  const PASSWORD = 'a password of grace';
  const outbox = () => join(platform.dataDir, 'outbox');
  const linkIn = (text: string) => /https?:\/\/\S+\/oidc\/(?:invitation|password)\/\S+/.exec(text)?.[0] ?? '';
  const invite = async (email: string, ...more: string[]) => {
    const done = await ada.machine.astroctl(['org', 'invite', email, '--role', 'editor', ...more]);
    if (done.code !== 0) throw new Error(done.stderr);
    return { ...done, link: linkIn(done.stderr), id: /inv_[0-9a-f]{16}/.exec(done.stdout)?.[0] ?? '' };
  };
  const setPassword = (link: string, password: string) =>
    fetch(link, { method: 'POST', body: new URLSearchParams({ password }), redirect: 'manual' });
  const tokenOf = (link: string) => link.split('/').at(-1) ?? '';
  const invitations = async () => (await ada.machine.run('org invitations')).split('\n');

  it('is handed over, sets a password, is offered at the first login, and makes a member', async () => {
    const sent = await invite(EMAIL);
    expect(sent.stderr).toContain(
      `No mail server is configured. Hand over this link yourself (only ${EMAIL} can use it):`,
    );
    await eventually(() => expect(readdirSync(outbox())).toHaveLength(1));
    const [file = ''] = readdirSync(outbox());
    expect(statSync(outbox()).mode & 0o777).toBe(0o700);
    expect(statSync(join(outbox(), file)).mode & 0o777).toBe(0o600);
    const mail = readFileSync(join(outbox(), file), 'utf8').replaceAll('=\n', '').replaceAll('=3D', '=');
    expect(mail).toContain(`To: ${EMAIL}`);
    expect(linkIn(mail)).toBe(sent.link);
    expect((await invitations())[0]).toMatch(/^EMAIL +ROLE +STATE +EXPIRES +BY$/);
    expect((await invitations()).join()).toContain('PENDING');

    expect(await (await fetch(sent.link)).text()).toContain('autocomplete="new-password"');
    expect((await setPassword(sent.link, 'short')).status).toBe(422);
    expect((await setPassword(sent.link, PASSWORD)).status).toBe(200);
    expect((await setPassword(sent.link, 'another password')).status).toBe(409); // an account is never changed

    const login = await grace.login(EMAIL, PASSWORD);
    expect(login).toMatchObject({ code: 7, stderr: expect.stringContaining('and have pending invitations') });
    expect(login.stderr).toContain(`${sent.id}  ${ada.organization.slug}  editor  ${ada.email}`);
    expect(await grace.astroctl(['org', 'accept'])).toMatchObject({ code: 0 });
    expect(await grace.run('whoami')).toMatch(/^orgRole: +editor$/m);
    expect(await grace.run('org list')).toContain(ada.organization.slug); // and no organization of her own
    expect((await grace.run('org list')).trim().split('\n')).toHaveLength(2);
    expect(await ada.machine.run('org members')).toContain(EMAIL);

    expect(await grace.astroctl(['org', 'accept', tokenOf(sent.link)])).toMatchObject({
      code: 7,
      stderr: expect.stringContaining('invitation/used'),
    });
    expect((await setPassword(sent.link, 'another password')).status).toBe(409);
  });

  it('A12: is seen by admins only, and accepted by nobody else', async () => {
    const { link, id } = await invite('linus@acme.dev');
    expect(await grace.astroctl(['org', 'invitations'])).toMatchObject({ code: 5 });
    expect(await grace.astroctl(['org', 'accept', tokenOf(link)])).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('invitation/other-address'),
    });
    expect(await grace.astroctl(['org', 'accept', id])).toMatchObject({ code: 6 });
    const log = readFileSync(join(platform.dataDir, 'platform.log'), 'utf8');
    expect(log).not.toContain(tokenOf(link));
    expect(log).not.toContain('linus@acme.dev');
  });

  it('ends when it is revoked, sent again, or declined', async () => {
    const first = await invite('edith@acme.dev');
    const again = await ada.machine.astroctl(['org', 'resend-invitation', first.id]);
    const link = linkIn(again.stderr);
    expect(link).not.toBe(first.link);
    expect((await fetch(first.link)).status).toBe(404);
    expect((await setPassword(link, 'a password of edith')).status).toBe(200);
    const edith = platform.person('edith');
    await edith.login('edith@acme.dev', 'a password of edith');
    expect(await edith.astroctl(['org', 'decline'])).toMatchObject({ code: 0 });
    expect(await edith.astroctl(['org', 'accept', tokenOf(link)])).toMatchObject({
      code: 7,
      stderr: expect.stringContaining('invitation/declined'),
    });
    expect(await edith.login('edith@acme.dev', 'a password of edith')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('Created your organization'),
    });

    const second = await invite('edith@acme.dev');
    expect(await ada.machine.astroctl(['org', 'revoke-invitation', second.id])).toMatchObject({ code: 0 });
    expect((await fetch(second.link)).status).toBe(409);
    expect(await edith.astroctl(['org', 'accept', tokenOf(second.link)])).toMatchObject({
      code: 7,
      stderr: expect.stringContaining('invitation/revoked'),
    });
    expect((await invitations()).join('\n')).toMatch(/REVOKED(.|\n)*DECLINED/);
  });

  it('resets a password with a link that works once, and ends the sessions', async () => {
    const created = await ada.machine.astroctl(['user', 'reset-password', EMAIL]);
    expect(created).toMatchObject({ code: 0, stderr: expect.stringContaining('Hand over this link yourself') });
    const link = linkIn(created.stderr);
    const config = readFileSync(join(grace.home, '.config', 'astropulse', 'config.yaml'), 'utf8');
    const credential = /accessToken: (\S+)/.exec(config)?.[1] ?? '';
    const sessions = async () => (await call(platform.url, 'GET /v1/me/sessions', { credential })).body;
    expect(await sessions()).toMatchObject({ items: expect.arrayContaining([expect.anything()]) });
    expect((await setPassword(link, 'the new password')).status).toBe(200);
    expect(await sessions()).toMatchObject({ items: [] });
    expect((await setPassword(link, 'one more password')).status).toBe(409);
    expect(await grace.login(EMAIL, PASSWORD)).toMatchObject({ code: 4 });
    expect(await grace.login(EMAIL, 'the new password')).toMatchObject({ code: 0 });
  });
});
