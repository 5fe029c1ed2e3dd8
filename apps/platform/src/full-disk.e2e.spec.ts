import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { call, eventually, loginAdmin, startAgain, startPlatform, type Person, type Platform } from '#testing';

/**
 * Linux tool that prevents a running process from extending any file, which acts like a full disk for SQLite and the
 * log.
 */
const canLimit = spawnSync('prlimit', ['--version']).status === 0;
const limitFiles = (pid: number, bytes: string): void =>
  void execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`]);

const whereLimits = canLimit ? describe : describe.skip;

whereLimits('use-L4: a full disk (needs prlimit of util-linux)', () => {
  let platform: Platform;
  let ada: Person;
  const path = (rest: string) => `/v1/organizations/${ada.organization.id}/${rest}`;
  const putProfile = (name: string) =>
    call(platform.url, `PUT ${path(`profiles/${name}`)}`, {
      credential: ada.key,
      body: { profileName: name, clusterName: 'sandbox' },
    });
  const profiles = async () => {
    const { status, body } = await call(platform.url, `GET ${path('profiles')}`, { credential: ada.key });
    expect(status).toBe(200);
    return (body as { items: { name: string }[] }).items.map(({ name }) => name).toSorted();
  };

  beforeAll(async () => {
    platform = await startPlatform();
    ada = await loginAdmin(platform);
    expect((await putProfile('before')).status).toBe(201);
    await eventually(async () => expect(await profiles()).toContain('before'));
    limitFiles(platform.process.pid, '1');
  });
  afterAll(() => platform.stop());

  it('rejects each write with 503, a sentence and Retry-After, and keeps running', async () => {
    const writes = await Promise.all([
      putProfile('during'),
      putProfile('before-2'),
      call(platform.url, 'POST /v1/organizations', {
        credential: ada.accessToken,
        body: { name: 'Acme', slug: 'acme-full' },
      }),
      call(platform.url, `POST ${path('access-keys')}`, {
        credential: ada.accessToken,
        body: { name: 'ci', role: 'viewer' },
      }),
    ]);
    for (const { status, body, headers, text } of writes) {
      expect({ status, body }).toMatchObject({
        status: 503,
        body: {
          code: 'platform/disk-full',
          detail: 'The disk of the platform is full or not writable. Nothing was changed.',
        },
      });
      expect(headers.get('retry-after')).toBe('30');
      expect(text).not.toContain('sqlite');
    }
  });

  it('still serves reads', async () => {
    expect(await profiles()).toEqual(['before', 'default']);
    for (const route of ['/livez', '/v1/me', path('members'), path('access-keys'), path('applications')])
      expect({ route, status: (await call(platform.url, `GET ${route}`, { credential: ada.key })).status }).toEqual({
        route,
        status: 200,
      });
  });

  it('reports once on standard error that the log cannot be written', () => {
    const said = platform.process.output().match(/^Warning: the log file .* cannot be written/gm);
    expect(said).toHaveLength(1);
  });

  it('accepts writes and logs again when there is space, and has lost nothing that it acknowledged', async () => {
    limitFiles(platform.process.pid, 'unlimited');
    expect((await putProfile('after')).status).toBe(201);
    await eventually(async () => expect(await profiles()).toEqual(['after', 'before', 'default']));
    await eventually(() =>
      expect(readFileSync(join(platform.dataDir, 'platform.log'), 'utf8')).toContain('cannot be written'),
    );
    await platform.process.stop();
    platform = await startAgain(platform);
    expect(await profiles()).toEqual(['after', 'before', 'default']);
  });
});
