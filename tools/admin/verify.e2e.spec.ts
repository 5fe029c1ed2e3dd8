import { jest } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoredEvent } from '#event-store';
import {
  call,
  eventually,
  loginAdmin,
  runProgram,
  startAgain,
  startPlatform,
  temporaryFolder,
  type Person,
  type Platform,
} from '#testing';
import { damageLog, logOf } from '#testing/log';

jest.setTimeout(240_000);

const verify = (dataDir: string) =>
  runProgram(process.execPath, ['--import', './tools/typescript.mjs', 'tools/admin/verify.ts'], {
    environment: { ASTRO_DATA_DIR: dataDir },
  });

describe('use-L3: a platform with a damaged log', () => {
  let platform: Platform;
  let ada: Person;
  beforeAll(async () => {
    platform = await startPlatform();
    ada = await loginAdmin(platform);
    expect((await putProfile('first')).status).toBe(201);
    expect((await putProfile('second')).status).toBe(200);
  });
  afterAll(() => platform.stop());

  const putProfile = (description: string) =>
    call(platform.url, `PUT /v1/organizations/${ada.organization.id}/profiles/shop`, {
      credential: ada.key,
      body: { profileName: 'shop', clusterName: 'sandbox', description },
    });
  const ready = () => call(platform.url, 'GET /readyz');
  const find = async (isWanted: (event: StoredEvent) => boolean): Promise<StoredEvent> => {
    const found = (await logOf(platform.dataDir)).find(isWanted);
    if (!found) throw new Error('there is no such event');
    return found;
  };
  const damageLines = () =>
    readFileSync(join(platform.dataDir, 'platform.log'), 'utf8')
      .split('\n')
      .filter((line) => line.includes('the event log is damaged'));
  const placeOf = ({ stream, revision, position }: StoredEvent) =>
    `Stream ${stream} is damaged at revision ${revision}, found at position ${position}`;

  it('verifies an intact log', async () => {
    expect(await verify(platform.dataDir)).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^The hash chains of all \d+ streams are intact \(\d+ events\)\.\n$/),
    });
  });

  it('rejects commands on a damaged stream by name, serves others, and is not ready', async () => {
    const profile = await find(({ type }) => type === 'profile.changed.v1');
    await platform.process.stop();
    damageLog(
      platform.dataDir,
      `UPDATE events SET body = replace(body, '"actor":"', '"actor":"x') WHERE stream = ? AND revision = 1`,
      profile.stream,
    );
    platform = await startAgain(platform);
    await eventually(() => expect(platform.process.output()).toContain(placeOf(profile)));
    expect(platform.process.output()).not.toContain('is ready at');
    expect(await ready()).toMatchObject({
      status: 503,
      body: {
        ready: false,
        dependencies: expect.arrayContaining([
          { name: 'event log', ok: false, detail: expect.stringContaining(placeOf(profile)) },
        ]),
      },
    });
    expect(await putProfile('third')).toMatchObject({ status: 503, body: { code: 'event-store/chain-broken' } });
    expect(await call(platform.url, 'GET /v1/me', { credential: ada.key })).toMatchObject({ status: 200 });
    expect(damageLines()).toHaveLength(1);
    expect(JSON.parse(damageLines()[0] ?? '')).toMatchObject({
      stream: profile.stream,
      revision: 1,
      position: profile.position,
      reason: 'altered',
    });
    expect(await verify(platform.dataDir)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(new RegExp(`^${placeOf(profile)}: [^\\n]+\\.\\n$`)),
      stderr: expect.stringMatching(/^Error: 1 of \d+ streams are damaged/),
    });
  });

  it('does not grant rights that were changed in the log', async () => {
    const granted = await find(({ data }) => JSON.stringify(data).includes('"globalRole":"admin"'));
    await platform.process.stop();
    damageLog(
      platform.dataDir,
      `UPDATE events SET body = replace(body, '"globalRole":"admin"', '"globalRole":"developer"') WHERE stream = ? AND revision = ?`,
      granted.stream,
      granted.revision,
    );
    platform = await startAgain(platform);
    await eventually(async () =>
      expect((await ready()).body).toMatchObject({
        dependencies: expect.arrayContaining([
          { name: 'event log', ok: false, detail: expect.stringContaining(placeOf(granted)) },
        ]),
      }),
    );
    const refused = await call(platform.url, 'GET /v1/me', { credential: ada.key });
    expect(refused).toMatchObject({ status: 503, body: { code: 'access/not-current' } });
    expect((await verify(platform.dataDir)).stdout.split('\n')).toEqual([
      expect.stringContaining(placeOf(granted)),
      expect.stringContaining('Stream profile-'),
      '',
    ]);
  });
});

describe('verification without a log', () => {
  const folder = temporaryFolder();
  it('reports what to do, and creates nothing', async () => {
    expect(await verify(folder)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^Error: .+ contains no event log; set ASTRO_DATA_DIR .+\.\n$/),
    });
  });
});
