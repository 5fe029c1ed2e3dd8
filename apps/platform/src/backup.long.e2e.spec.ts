import { jest } from '@jest/globals';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  call,
  eventually,
  loginAdmin,
  machine,
  newPerson,
  runProgram,
  startPlatform,
  temporaryFolder,
  type Person,
  type Platform,
} from '#testing';
import { startEventStoreStandIn } from '#testing/eventstore';
import { logOf, vaultNames } from '#testing/log';

jest.setTimeout(300_000);

const NAME = 'Grace Canary Hopper';
const EMAIL = 'grace.canary@astro.localhost';
const EXAMPLE = join(import.meta.dirname, '..', '..', '..', 'examples', 'hello-world.yaml');
const root = temporaryFolder();
const backup = join(root, 'astro.backup');
const later = join(root, 'later.backup');
const sink = join(root, 'sink');

const admin = (
  tool: 'export' | 'import' | 'erasures' | 'verify',
  dataDir: string,
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
) =>
  runProgram(process.execPath, ['--import', './tools/typescript.mjs', `tools/admin/${tool}.ts`, ...args], {
    environment: { ASTRO_DATA_DIR: dataDir, ...environment },
  });

/** Kills a process that has read the backup for the second time, which is when it is imported. */
const KILLS_AFTER_SECOND_READING = `
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  const { createReadStream } = fs;
  let readings = 0;
  fs.createReadStream = (path, ...rest) => {
    const stream = createReadStream(path, ...rest);
    if (String(path).endsWith('.backup') && ++readings === 2)
      stream.once('close', () => process.kill(process.pid, 'SIGKILL'));
    return stream;
  };
  syncBuiltinESMExports();
`;

/** Creates a data folder with the sealing keys of another one. */
function newFolder(name: string, from: Platform): string {
  const folder = join(root, name);
  mkdirSync(folder, { mode: 0o700 });
  cpSync(join(from.dataDir, 'sealing-keys'), join(folder, 'sealing-keys'));
  return folder;
}

describe('a platform that is restored from a backup', () => {
  let platform: Platform;
  let ada: Person;
  let grace: Person;
  const restored: Platform[] = [];
  const users = async ({ url }: Platform) =>
    (
      (await call(url, 'GET /v1/users', { credential: ada.accessToken })).body as {
        items: { id: string; email: string | null; state: string }[];
      }
    ).items;
  const personalRecords = async (dataDir: string) =>
    (await vaultNames(dataDir)).filter(
      (name) => name.includes(grace.userId) || /^(address|issuer\/account)/.test(name),
    );

  beforeAll(async () => {
    platform = await startPlatform({ environment: { ASTRO_AUDIT_SINK: sink } });
    ada = await loginAdmin(platform);
    await eventually(
      async () => expect(await ada.machine.run('clusters get sandbox')).toMatch(/^state: +READY$/m),
      20_000,
    );
    await ada.machine.run(`app apply -f ${EXAMPLE} --wait`);
    grace = await newPerson(platform, EMAIL, 'a password of grace', NAME);
    await ada.machine.run(`org add-user --user ${EMAIL} --role editor`);
    expect(await admin('export', platform.dataDir, [backup])).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^Exported \d+ events up to position \S+ and \d+ records of the vault to /),
    });
    await grace.machine.run(`org delete --confirm ${grace.organization.slug}`);
    await ada.machine.run(`user erase ${EMAIL} -y`);
    await eventually(() => expect(readdirSync(join(sink, 'erasures'))).toEqual([`${grace.userId}.json`]));
    expect(await admin('export', platform.dataDir, [later])).toMatchObject({ code: 0 });
  });
  afterAll(async () => {
    for (const one of restored) await one.stop();
    await platform.stop();
  });

  it('was exported beside the running platform, without personal data, and the export is in the log', async () => {
    for (const personal of [NAME, EMAIL]) expect(readFileSync(backup, 'utf8')).not.toContain(personal);
    const exports = (await logOf(platform.dataDir)).filter(({ type }) => type === 'platform.exported.v1');
    expect(exports).toHaveLength(2);
    expect(exports[0]).toMatchObject({ actor: 'system:operator', stream: 'backups-platform' });
  });

  it.each([
    ['without sealing keys', false, ['--without-erasures'], /^Error: Missing sealing keys; copy the file sealing-keys/],
    [
      'without a list of erasures',
      true,
      [],
      /^Error: Who was erased after the backup was made is not known.+--erasures/,
    ],
    [
      'with a list that is missing',
      true,
      ['--erasures', join(root, 'nothing')],
      /^Error: The list of erasures .+ cannot/,
    ],
  ])('is not imported %s, and nothing is written', async (name, hasKeys, args, sentence) => {
    const folder = hasKeys ? newFolder(name, platform) : join(root, name);
    expect(await admin('import', folder, [backup, ...args])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(sentence),
    });
    expect(() => readFileSync(join(folder, 'events.sqlite'))).toThrow();
  });

  it.each(['the audit sink', 'a list', 'a later backup'] as const)(
    'F30: from before a person was erased, erases the person again according to %s, before it can start',
    async (source) => {
      const folder = newFolder(source, platform);
      const list = join(root, `${source}.jsonl`);
      if (source === 'a list') expect(await admin('erasures', platform.dataDir, [list])).toMatchObject({ code: 0 });
      const args = { 'the audit sink': [], 'a list': ['--erasures', list], 'a later backup': ['--erasures', later] }[
        source
      ];
      const environment = source === 'the audit sink' ? { ASTRO_AUDIT_SINK: sink } : undefined;
      const before = await personalRecords(platform.dataDir);
      expect(await admin('import', folder, [backup, ...args], environment)).toMatchObject({
        code: 0,
        stderr: '',
        stdout: expect.stringContaining('Erased again: 1 people. The hash chains of all'),
      });
      // As in the platform, in which the erasure is complete: only records of the admin are left.
      expect(await personalRecords(folder)).toEqual(before);
      expect(await admin('verify', folder)).toMatchObject({ code: 0 });
      const events = await logOf(folder);
      expect(events.filter(({ type }) => type === 'user.erased.v1')).toMatchObject([
        { stream: `user-${grace.userId}`, actor: 'system:operator' },
      ]);
      expect(events.at(-1)).toMatchObject({ type: 'platform.imported.v1', data: { erasures: 1 } });
    },
  );

  it.each([
    ['a running platform', () => platform.dataDir, /^Error: The data folder .+ is in use by process \d+/],
    [
      'another log',
      () => join(root, 'a list'),
      /^Error: The event log is already in use\. Import into a new data folder/,
    ],
  ])('is not imported over %s', async (_, folder, sentence) => {
    expect(await admin('import', folder(), [backup, '--without-erasures'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(sentence),
    });
  });

  it('F30: shows the person as erased, ends the membership, and works with keys, logins, and applications', async () => {
    await platform.process.stop();
    const folder = join(root, 'the audit sink');
    cpSync(join(platform.dataDir, 'sandbox'), join(folder, 'sandbox'), { recursive: true });
    const again = await startPlatform({ dataDir: folder, port: Number(new URL(platform.url).port) });
    restored.push(again);
    expect(await users(again)).toContainEqual(
      expect.objectContaining({ id: grace.userId, email: null, state: 'ERASED' }),
    );
    expect(await call(again.url, 'GET /v1/me', { credential: ada.key })).toMatchObject({ status: 200 });
    for (const credential of [grace.key, grace.accessToken])
      expect([401, 403]).toContain((await call(again.url, 'GET /v1/me', { credential })).status);
    expect(await machine(join(root, 'home'), again.url).login(EMAIL, 'a password of grace')).toMatchObject({ code: 4 });
    await eventually(async () => expect(await ada.machine.run('org members')).not.toContain('erased user'), 60_000);
    expect(await ada.machine.run('app get')).toContain('hello-world');
    await ada.machine.run(`app apply -f ${EXAMPLE} --wait`);
    for (const file of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      const content = readFileSync(join(file.parentPath, file.name));
      for (const personal of [NAME, EMAIL]) expect([file.name, content.includes(personal)]).toEqual([file.name, false]);
    }
    await again.process.stop();
    expect(await admin('verify', folder)).toMatchObject({ code: 0 });
  });

  it('is not started after an interrupted import, and says what to do', async () => {
    const folder = newFolder('interrupted', platform);
    writeFileSync(join(root, 'kill.mjs'), KILLS_AFTER_SECOND_READING);
    const killed = await admin('import', folder, [backup, '--without-erasures'], {
      NODE_OPTIONS: `--import=${join(root, 'kill.mjs')}`,
    });
    expect(killed).toMatchObject({ stdout: '', stderr: '' });
    const started = await runProgram(
      process.execPath,
      ['--import', './tools/typescript.mjs', 'apps/platform/src/main.ts'],
      {
        environment: { ASTRO_DATA_DIR: folder, PORT: '0' },
      },
    );
    expect(started).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('The import of a backup was interrupted'),
    });
    expect(await admin('import', folder, [backup, '--without-erasures'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^Error: The import of a backup was interrupted.+delete both.+run npm run admin:import/,
      ),
    });
    for (const name of readdirSync(folder))
      if (name !== 'sealing-keys') rmSync(join(folder, name), { recursive: true });
    expect(await admin('import', folder, [backup, '--without-erasures'])).toMatchObject({ code: 0 });
  });

  it('moves to another engine: from a file to EventStoreDB', async () => {
    const server = await startEventStoreStandIn();
    const environment = { ASTRO_EVENT_STORE: `esdb://127.0.0.1:${server.port}?tls=false` };
    const folder = newFolder('moved', platform);
    expect(await admin('import', folder, [backup, '--without-erasures'], environment)).toMatchObject({ code: 0 });
    expect(await admin('verify', folder, [], environment)).toMatchObject({ code: 0 });
    expect(await admin('export', folder, [join(root, 'moved.backup')], environment)).toMatchObject({ code: 0 });
    await server.close();
  });
});
