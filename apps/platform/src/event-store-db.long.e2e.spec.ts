import { readdirSync } from 'node:fs';
import {
  call,
  eventually,
  loginAdmin,
  runProgram,
  startAgain,
  startPlatform,
  type Person,
  type Platform,
} from '#testing';
import { startEventStoreStandIn, type EventStoreStandIn } from '#testing/eventstore';

describe('a platform with its log in EventStoreDB', () => {
  let server: EventStoreStandIn;
  let environment: Record<string, string>;
  let platform: Platform;
  let ada: Person;
  const path = (rest: string) => `/v1/organizations/${ada.organization.id}/${rest}`;
  const putProfile = (name: string, key = name) =>
    call(platform.url, `PUT ${path(`profiles/${name}`)}`, {
      credential: ada.key,
      headers: { 'idempotency-key': key },
      body: { profileName: name, clusterName: 'sandbox' },
    });
  const profiles = async () => {
    const { status, body } = await call(platform.url, `GET ${path('profiles')}`, { credential: ada.key });
    expect(status).toBe(200);
    return (body as { items: { name: string }[] }).items.map(({ name }) => name).toSorted();
  };
  const readiness = async () => {
    const { status, body } = await call(platform.url, 'GET /readyz');
    const { dependencies } = body as { dependencies: { name: string; ok: boolean }[] };
    return { status, eventStore: dependencies.find(({ name }) => name === 'event store')?.ok };
  };

  beforeAll(async () => {
    server = await startEventStoreStandIn();
    environment = { ASTRO_EVENT_STORE: `esdb://127.0.0.1:${server.port}?tls=false` };
    platform = await startPlatform({ environment });
    ada = await loginAdmin(platform);
  });
  afterAll(async () => {
    await platform.stop();
    await server.close();
  });

  it('appends there, has no log of its own, and is ready', async () => {
    expect((await putProfile('first')).status).toBe(201);
    await eventually(async () => expect(await profiles()).toEqual(['default', 'first']));
    expect(readdirSync(platform.dataDir)).not.toContain('events.sqlite');
    expect(await readiness()).toEqual({ status: 200, eventStore: true });
  });

  it('F3: is not ready and returns 503 while the store is unavailable, and is ready again afterwards', async () => {
    await server.network.shut();
    await eventually(async () => expect(await readiness()).toEqual({ status: 503, eventStore: false }));
    const refused = await putProfile('second');
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).not.toBeNull();
    expect((await call(platform.url, 'GET /livez')).status).toBe(200);
    await server.network.open();
    await eventually(async () => expect(await readiness()).toEqual({ status: 200, eventStore: true }));
    expect((await putProfile('second')).status).toBe(201);
    await eventually(async () => expect(await profiles()).toEqual(['default', 'first', 'second']));
  });

  it('F3: is not ready while the store is frozen, although it is alive', async () => {
    server.network.freeze();
    await eventually(async () => expect(await readiness()).toEqual({ status: 503, eventStore: false }));
    server.network.thaw();
    await eventually(async () => expect(await readiness()).toEqual({ status: 200, eventStore: true }));
  });

  it('F4: appends once when the response is lost after the commit', async () => {
    server.fail('lost-after');
    expect((await putProfile('third')).status).toBe(201);
    await eventually(async () => expect(await profiles()).toEqual(['default', 'first', 'second', 'third']));
  });

  it('continues from the store after a kill, and verifies it', async () => {
    await platform.process.kill();
    platform = await startAgain(platform, { environment });
    expect(await profiles()).toEqual(['default', 'first', 'second', 'third']);
    const verified = await runProgram(
      process.execPath,
      ['--import', './tools/typescript.mjs', 'tools/admin/verify.ts'],
      {
        environment: { ...environment, ASTRO_DATA_DIR: platform.dataDir },
      },
    );
    expect(verified).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^The hash chains of all \d+ streams are intact/),
    });
  });
});
