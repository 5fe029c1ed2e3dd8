import { jest } from '@jest/globals';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VARIABLES, type Variable } from '#runtime';
import { call, loginAdmin, runProgram, startPlatform, temporaryFolder, type Finished, type Platform } from '#testing';

jest.setTimeout(180_000);

const ours = Object.values(VARIABLES).map(({ name }) => name);

/** Starts a process that is expected to fail. */
function start(environment: Readonly<Record<string, string>>): Promise<Finished> {
  return runProgram(process.execPath, ['--import', './tools/typescript.mjs', 'apps/platform/src/main.ts'], {
    environment: { PORT: '0', ...environment },
    withinMs: 30_000,
  });
}

/** Expects one sentence on standard error, exit code 1, and no stack trace. */
function expectRefused({ code, stdout, stderr }: Finished, sentence: string | RegExp): void {
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  const lines = stderr
    .trimEnd()
    .split('\n')
    .filter((line) => !line.startsWith('Warning:'));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^Error: .+\.$/);
  expect(lines[0]).toMatch(sentence);
  expect(stderr).not.toMatch(/^\s+at /m);
}

describe('a start that fails reports in one sentence what to change', () => {
  const folder = temporaryFolder();

  it('without variables of the platform in the environment of the tests', () => {
    expect(ours.filter((name) => process.env[name] !== undefined)).toEqual([]);
  });

  // All variables are invalid at the same time, so that one start reports each of them. The n-th start uses the n-th
  // invalid value.
  const faulty = Object.values<Variable>(VARIABLES).map(({ name, bad, mayBeEmpty }) => ({
    name,
    texts: [...(mayBeEmpty ? [] : ['']), ...bad].filter((text) => !text.includes('\0')),
  }));
  const most = Math.max(...faulty.map(({ texts }) => texts.length));
  it.each(Array.from({ length: most }, (_, index) => index))(
    'for each variable that is empty or invalid, and no other: round %#',
    async (index) => {
      const wrong = faulty.flatMap(({ name, texts }) =>
        texts[index] === undefined ? [] : [{ name, text: texts[index] }],
      );
      const right = Object.values(VARIABLES).flatMap(({ name, good }) =>
        wrong.some((other) => other.name === name) ? [] : [[name, good] as const],
      );
      const done = await start({
        ...Object.fromEntries(right),
        ...Object.fromEntries(wrong.map(({ name, text }) => [name, text])),
      });
      expect({ code: done.code, stdout: done.stdout }).toEqual({ code: 1, stdout: '' });
      const lines = done.stderr.trimEnd().split('\n');
      expect(lines.map((line) => /^Error: (\S+) .+\.$/.exec(line)?.[1])).toEqual(wrong.map(({ name }) => name));
      for (const { text } of wrong) if (text.includes('pass')) expect(done.stderr).not.toContain(text);
    },
  );

  it('for missing settings of an external issuer', async () => {
    const done = await start({ ASTRO_OIDC_ISSUER: 'https://acme.eu.auth0.com' });
    expect(done.code).toBe(1);
    expect(
      done.stderr
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' ')[1]),
    ).toEqual(['ASTRO_OIDC_AUDIENCE', 'ASTRO_OIDC_CLI_CLIENT_ID', 'ASTRO_ADMIN_EMAILS']);
  });

  it.each(['ASTRO_BUS', 'ASTRO_QUEUE'])('for %s without a server', async (name) => {
    expectRefused(
      await start({ ASTRO_DATA_DIR: join(folder, name), [name]: 'nats://127.0.0.1:1' }),
      /no NATS server responds at nats:\/\/127\.0\.0\.1:1/,
    );
  });

  it('for a port that is in use', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
    );
    try {
      expectRefused(
        await start({ ASTRO_DATA_DIR: join(folder, 'port'), PORT: String(port) }),
        `Port ${port} is in use; set PORT to a free one`,
      );
    } finally {
      server.close();
    }
  });

  it('for a data folder that is a file, is below a file, or is not writable', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, 'not a folder');
    expectRefused(await start({ ASTRO_DATA_DIR: file }), /data folder/i);
    expectRefused(await start({ ASTRO_DATA_DIR: join(file, 'below') }), /data folder/i);
    if (process.getuid?.() !== 0) {
      const closed = join(folder, 'closed');
      mkdirSync(closed);
      chmodSync(closed, 0o500);
      expectRefused(await start({ ASTRO_DATA_DIR: closed }), 'permission denied');
      chmodSync(closed, 0o700);
    }
  });
});

describe('a data folder that is in use', () => {
  let platform: Platform;
  let dataDir: string;

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'astro-start-'));
    platform = await startPlatform({ dataDir });
  });
  afterAll(async () => {
    await platform.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('is rejected for a second process while the first runs, and the first is not affected', async () => {
    expectRefused(await start({ ASTRO_DATA_DIR: dataDir }), `in use by process ${platform.process.pid}`);
    expect((await fetch(`${platform.url}/livez`)).status).toBe(200);
  });

  it('is rejected with one sentence when the file of an engine is not a database, for each engine', async () => {
    await platform.process.stop();
    const files = readdirSync(dataDir).filter((name) => name.endsWith('.sqlite'));
    expect(files.toSorted()).toEqual(['events.sqlite', 'read-store.sqlite', 'vault.sqlite', 'work-queue.sqlite']);
    for (const broken of [...files, 'sealing-keys', 'caller-keys']) {
      const copy = mkdtempSync(join(tmpdir(), 'astro-broken-'));
      try {
        cpSync(dataDir, copy, { recursive: true });
        writeFileSync(join(copy, broken), `this was ${broken} once\n`.repeat(400));
        rmSync(join(copy, `${broken}-wal`), { force: true });
        rmSync(join(copy, `${broken}-shm`), { force: true });
        expectRefused(await start({ ASTRO_DATA_DIR: copy }), broken);
      } finally {
        rmSync(copy, { recursive: true, force: true });
      }
    }
  });

  it('gets new read models and a new queue when their files are missing, with all data', async () => {
    const copy = mkdtempSync(join(tmpdir(), 'astro-anew-'));
    try {
      cpSync(dataDir, copy, { recursive: true });
      const first = await startPlatform({ dataDir: copy });
      const admin = await loginAdmin(first);
      const port = Number(new URL(first.url).port);
      const list = async (url: string) =>
        (await call(url, `GET /v1/organizations/${admin.organization.id}/access-keys`, { credential: admin.key })).body;
      const before = await list(first.url);
      await first.process.stop();
      for (const name of readdirSync(copy)) if (/^(read-store|work-queue)\.sqlite/.test(name)) rmSync(join(copy, name));
      const second = await startPlatform({ dataDir: copy, port });
      try {
        expect(await list(second.url)).toEqual(before);
        expect(
          await call(second.url, `GET /v1/organizations/${admin.organization.id}/profiles`, { credential: admin.key }),
        ).toMatchObject({
          status: 200,
          body: { items: [{ name: 'default' }] },
        });
      } finally {
        await second.process.stop();
      }
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  });
});
