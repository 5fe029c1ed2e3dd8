import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { call, loginAdmin, newPerson, runProgram, startPlatform, type Person, type Platform } from '#testing';

const PASSWORD = 'a long pass phrase';

describe('the logins of a user', () => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await startPlatform();
  });
  afterAll(() => platform.stop());

  const setPassword = (email: string, password: string) =>
    runProgram(process.execPath, ['--import', './tools/typescript.mjs', 'tools/admin/password.ts', email], {
      input: `${password}\n`,
      environment: { ASTRO_DATA_DIR: platform.dataDir },
    });
  const sessions = async ({ accessToken }: Person) => {
    const response = await call(platform.url, 'GET /v1/me/sessions', { credential: accessToken });
    return {
      status: response.status,
      items: (response.body as { readonly items: readonly { readonly id: string }[] }).items,
    };
  };

  it('use-S11: end everywhere with auth logout --everywhere; keys that users created are kept', async () => {
    const ada = await newPerson(platform, 'ada@acme.dev', PASSWORD);
    const other = platform.person('other-machine');
    expect((await other.login(ada.email, PASSWORD)).code).toBe(0);
    // One key: both machines have the same name, and a login replaces the key of its machine.
    const made = (await ada.machine.run('key create --name ci')).trim();
    expect((await sessions(ada)).items.length).toBeGreaterThanOrEqual(4); // a browser session and a refresh token each

    const done = await ada.machine.astroctl(['auth', 'logout', '--everywhere']);
    expect([done.code, done.stderr]).toEqual([0, expect.stringContaining('Login keys revoked: 1.')]);
    expect((await other.astroctl(['whoami'])).code).toBe(4);
    expect((await ada.machine.astroctl(['whoami'])).code).toBe(4);
    expect((await sessions(ada)).items).toEqual([]);
    expect((await call(platform.url, 'GET /v1/me', { credential: made })).status).toBe(200);
  });

  it('use-S11: end with auth sessions end --others, except the one that is kept; keys are kept', async () => {
    const hopper = await newPerson(platform, 'hopper@acme.dev', PASSWORD);
    const other = platform.person('another-machine');
    expect((await other.login(hopper.email, PASSWORD)).code).toBe(0);
    const [kept] = (await sessions(hopper)).items;
    const end = (...words: string[]) => hopper.machine.astroctl(['auth', 'sessions', 'end', ...words]);
    expect(await end('--others', '--keep', 'none')).toMatchObject({ code: 6, stdout: '' });
    expect(await end('--others', '--keep', kept?.id ?? '')).toMatchObject({ code: 0, stdout: 'sessions ended: 3\n' });
    expect((await sessions(hopper)).items).toEqual([kept]);
    expect(await end('--others')).toMatchObject({ code: 0, stdout: 'sessions ended: 1\n' });
    expect((await sessions(hopper)).items).toEqual([]);
    expect((await other.astroctl(['whoami'])).code).toBe(0);
  });

  it('use-S11, use-S15: end with a change of the password', async () => {
    const grace = await newPerson(platform, 'grace@acme.dev', PASSWORD);
    expect((await sessions(grace)).items).toHaveLength(2);
    expect((await setPassword(grace.email, 'another pass phrase')).code).toBe(0);
    expect((await sessions(grace)).items).toEqual([]);
    expect(existsSync(join(platform.dataDir, 'initial-admin-password'))).toBe(true);
    const root = await loginAdmin(platform);
    expect((await setPassword(root.email, 'the admin’s own phrase')).code).toBe(0);
    expect(existsSync(join(platform.dataDir, 'initial-admin-password'))).toBe(false);
  });

  it('use-S19: are required by a command even with the key of another user, and the error names both', async () => {
    const [linus, hedy] = [
      await newPerson(platform, 'linus@acme.dev', PASSWORD),
      await newPerson(platform, 'hedy@acme.dev', PASSWORD),
    ];
    const done = await linus.machine.astroctl(['key', 'create', '--name', 'taken'], {
      environment: { ASTROPULSE_API_KEY: hedy.key },
    });
    expect(done).toMatchObject({ code: 2, stdout: '' });
    expect(done.stderr).toMatch(/ASTROPULSE_API_KEY is of hedy@acme\.dev, but the login is of linus@acme\.dev/);
    expect(await linus.machine.run('key list -o name')).not.toContain('taken');
  });
});
