import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { call, eventually, loginAdmin, newPerson, startPlatform, type Person, type Platform } from '#testing';
import { parseVerifierKey, verifierKey, formatVerifierKey } from '#transparency';

describe('F17: proofs of the audit log, with the real astroctl', () => {
  let platform: Platform;
  let ada: Person;
  let key: string;
  let folder: string;
  beforeAll(async () => {
    platform = await startPlatform();
    ada = await loginAdmin(platform);
    folder = ada.machine.home;
    // The first head is signed within a few seconds, and later ones a minute apart.
    await eventually(() => ada.machine.run('audit head'), 60_000);
    ({ key } = (JSON.parse(await ada.machine.run('audit keys -o json')) as { items: [{ key: string }] }).items[0]);
  }, 120_000);
  afterAll(() => platform.stop());

  /** Runs a command of `audit` and stores what it prints in a file. */
  async function stored(command: string, file: string): Promise<string> {
    writeFileSync(join(folder, file), await ada.machine.run(`audit ${command}`));
    return join(folder, file);
  }
  const verify = async (args: string) => {
    const { code, stdout, stderr } = await ada.machine.astroctl([
      'audit',
      'verify',
      ...args.split(' ').filter(Boolean),
    ]);
    return { code, said: stdout + stderr };
  };

  /** Expects that the libraries of others accept proofs, if the environment names a program with them. */
  function expectOthersAccept(keys: readonly string[], cases: readonly object[]): void {
    const client = process.env['ASTRO_TEST_TRANSPARENCY_CLIENT'];
    if (client === undefined) return;
    const done = spawnSync(client, { input: JSON.stringify({ keys, cases }), encoding: 'utf8' });
    expect(JSON.parse(done.stdout)).toEqual(cases.map(() => ''));
  }

  it('verify all events, and that the log extends an earlier head', async () => {
    expect(await verify('')).toEqual({ code: 0, said: expect.stringMatching(/^whole: +yes$/m) });
    const head = await stored('head', 'acme.checkpoint');
    expect(await verify(`--against ${head}`)).toMatchObject({ code: 0 });
    const forged = join(folder, 'forged.checkpoint');
    const [origin = '', , ...rest] = readFileSync(head, 'utf8').split('\n');
    writeFileSync(forged, [origin, '1', ...rest].join('\n'));
    expect(await verify(`--against ${forged}`)).toEqual({ code: 1, said: expect.stringContaining('not signed') });
    expect(await verify(`--against ${join(folder, 'nothing')}`)).toMatchObject({ code: 2 });
  });

  it('export all events, which are verified without the platform, and refused after any change', async () => {
    const file = await stored('export', 'events.jsonl');
    const offline = `--file ${file} --key ${key} --api-url http://127.0.0.1:1`;
    expect(await verify(offline)).toEqual({ code: 0, said: expect.stringMatching(/^whole: +yes$/m) });
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('"role":"owner"', '"role":"admin"').replace('"slug":"', '"slug":"x'));
    expect(await verify(offline)).toEqual({ code: 1, said: expect.stringContaining('not what was recorded') });
    writeFileSync(file, text.split('\n').toSpliced(1, 1).join('\n'));
    expect(await verify(offline)).toEqual({ code: 1, said: expect.stringMatching(/missing|broken/) });
    writeFileSync(file, text);
    const parsed = parseVerifierKey(key);
    const other = formatVerifierKey(verifierKey(parsed?.name ?? '', new Uint8Array(32).fill(1)));
    expect(await verify(`--file ${file} --key ${other}`)).toMatchObject({ code: 1 });
    expect(await verify(`--file ${file}`)).toMatchObject({ code: 2 });

    const some = await stored('export --type organization.created.v1', 'some.jsonl');
    expect(readFileSync(some, 'utf8').trim().split('\n')).toHaveLength(3);
    expect(await verify(`--file ${some} --key ${key}`)).toMatchObject({ code: 0 });
  });

  it('prove one event, also to libraries of others', async () => {
    const lines = (await ada.machine.run('audit export')).trim().split('\n');
    const { event } = JSON.parse(lines[1] ?? '') as { event: { position: string } };
    const proof = await stored(`prove ${Number(event.position.slice(-20))}`, 'proof.json');
    expect(await verify(`--event ${proof} --key ${key} --api-url http://127.0.0.1:1`)).toMatchObject({ code: 0 });
    const { head, inclusion } = JSON.parse(readFileSync(proof, 'utf8')) as {
      head: { note: string };
      inclusion: { event: { hash: string }; index: number; proof: string[] };
    };
    const { hash } = inclusion.event;
    const others = [{ newer: head.note, hash, index: inclusion.index, proof: inclusion.proof }];
    expectOthersAccept([key], others);
    writeFileSync(proof, readFileSync(proof, 'utf8').replace(inclusion.event.hash, '0'.repeat(64)));
    expect(await verify(`--event ${proof} --key ${key}`)).toMatchObject({ code: 1 });
    const missing = await ada.machine.astroctl(['audit', 'prove', '99999999']);
    expect(missing).toMatchObject({ code: 6, stderr: expect.stringContaining('has no event at position') });
  });

  it('are signed by the next key after a rotation, while earlier files are still verified with the earlier key', async () => {
    const file = await stored('export', 'before.jsonl');
    const head = await stored('head', 'before.checkpoint');
    expect(await ada.machine.run('admin audit-keys rotate')).toMatch(/^audit-key\/[\w+/]{43}= created\n$/);
    expect(await verify(`--file ${file} --key ${key} --api-url http://127.0.0.1:1`)).toMatchObject({ code: 0 });
    expect(await verify(`--against ${head}`)).toMatchObject({ code: 0 });

    // The first head of a new organization is not a minute after another.
    await ada.machine.run('org create later');
    const inLater = (command: string) => ada.machine.run(`audit ${command} --org later --as-admin`);
    const note = await eventually(() => inLater('head'), 60_000);
    const { items } = JSON.parse(await inLater('keys -o json')) as {
      items: { key: string; retiredAt: string | null }[];
    };
    expect(items).toMatchObject([{ retiredAt: null }, { retiredAt: expect.stringMatching(/Z$/) }]);
    const [next, earlier] = items.map((item) => item.key);
    writeFileSync(join(folder, 'later.jsonl'), await inLater('export'));
    const later = `--file ${join(folder, 'later.jsonl')} --api-url http://127.0.0.1:1`;
    expect(await verify(`${later} --key ${next}`)).toMatchObject({ code: 0 });
    expect(await verify(`${later} --key ${earlier}`)).toMatchObject({ code: 1 });
    expect(await verify(`${later} --key ${earlier} --key ${next}`)).toMatchObject({ code: 0 });
    const whole = { newer: note, older: note, proof: [] };
    expectOthersAccept([next ?? ''], [whole]);
    const before = readFileSync(head, 'utf8');
    expectOthersAccept([key], [{ newer: before, older: before, proof: [] }]);

    const log = await ada.machine.run('audit list --platform --action audit-key.created -o json');
    expect(JSON.parse(log)).toMatchObject({
      items: [{ whoId: ada.userId, right: 'global-admin' }, { who: 'platform' }],
    });
  });

  it('are kept from strangers, and from editors without the right audit', async () => {
    const ed = await newPerson(platform, 'ed@acme.dev', 'ed-password-12');
    const path = `/v1/organizations/${ada.organization.id}`;
    const as = (route: string) => call(platform.url, route, { credential: ed.accessToken });
    expect((await as(`GET ${path}/audit/proof?from=0`)).status).toBe(404);
    await call(platform.url, `PUT ${path}/members/${ed.userId}`, {
      credential: ada.accessToken,
      body: { role: 'editor' },
    });
    const routes = ['proof?from=0', 'events', 'export', 'head', 'keys', 'replay', 'verify'];
    for (const route of routes)
      expect(await as(`GET ${path}/audit/${route}`)).toMatchObject({
        status: 403,
        body: { code: 'audit/whole-log-only' },
      });
    expect((await as(`GET ${path}/audit`)).status).toBe(200);
    await call(platform.url, `PUT ${path}/members/${ed.userId}`, {
      credential: ada.accessToken,
      body: { role: 'admin' },
    });
    for (const route of ['events', 'export'])
      // of the plan developer
      expect(await as(`GET ${path}/audit/${route}`)).toMatchObject({
        status: 403,
        body: { code: 'audit/export-not-permitted' },
      });
    await call(platform.url, `PUT ${path}/members/${ed.userId}`, {
      credential: ada.accessToken,
      body: { role: 'editor', audit: true },
    });
    for (const route of routes) expect((await as(`GET ${path}/audit/${route}`)).status).toBe(200);
  });
});
