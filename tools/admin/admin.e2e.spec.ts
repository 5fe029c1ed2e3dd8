import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram, startPlatform, temporaryFolder, type Platform } from '#testing';

const tool = (name: string, dataDir: string, args: readonly string[] = [], input = '') =>
  runProgram(process.execPath, ['--import', './tools/typescript.mjs', `tools/admin/${name}.ts`, ...args], {
    input,
    environment: { ASTRO_DATA_DIR: dataDir },
  });

describe('accounts of the built-in issuer, with a running platform', () => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await startPlatform();
  });
  afterAll(() => platform.stop());

  it('sets a new password for the admin, deletes the file with the initial one, and rejects the old one', async () => {
    const { adminPassword, adminEmail, dataDir } = platform;
    const done = await tool('password', dataDir);
    expect(done).toMatchObject({ code: 0, stderr: '' });
    const password = /^admin@astro\.localhost has a new password: (\S+)$/m.exec(done.stdout)?.[1] ?? '';
    expect(existsSync(join(dataDir, 'initial-admin-password'))).toBe(false);
    expect(await platform.person('old').login(adminEmail, adminPassword)).toMatchObject({ code: 4 });
    expect(await platform.person('new').login(adminEmail, password)).toMatchObject({ code: 0 });
  });

  it('reads a password from standard input and prints none', async () => {
    const done = await tool('password', platform.dataDir, [], 'a password that was chosen\n');
    expect(done).toMatchObject({ code: 0, stdout: 'admin@astro.localhost has a new password.\n' });
    expect(await platform.person('chosen').login(platform.adminEmail, 'a password that was chosen')).toMatchObject({
      code: 0,
    });
  });

  it('creates an account once', async () => {
    const make = () => tool('account', platform.dataDir, ['grace@astro.localhost'], 'a password of grace\n');
    expect(await make()).toMatchObject({ code: 0 });
    expect(await make()).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'Error: An account with this address already exists.\n',
    });
    expect(await platform.person('grace').login('grace@astro.localhost', 'a password of grace')).toMatchObject({
      code: 0,
    });
  });
});

describe('accounts of the built-in issuer, with invalid arguments or folders', () => {
  const folder = temporaryFolder();
  it.each([
    ['account', ['grace@astro.localhost'], '', 'Missing password'],
    ['account', [], 'x\n', 'Missing e-mail address'],
    ['account', ['grace@astro.localhost'], 'a password of grace\n', 'is not the data folder of a platform'],
    ['password', ['nobody@astro.localhost'], '', 'is not the data folder of a platform'],
  ] as const)('%s %j reports what to do, and creates nothing', async (name, args, input, sentence) => {
    const done = await tool(name, folder, args, input);
    expect(done).toMatchObject({ code: 1, stdout: '' });
    expect(done.stderr).toMatch(/^Error: .+\n$/);
    expect(done.stderr).toContain(sentence);
    expect(existsSync(join(folder, 'vault.sqlite'))).toBe(false);
  });
});
