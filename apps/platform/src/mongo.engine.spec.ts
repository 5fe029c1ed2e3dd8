import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { silentLogger } from '#kernel';
import { openMongo } from '#mongo';
import { systemClock } from '#runtime/system';
import {
  call,
  databaseAt,
  eventually,
  loginAdmin,
  openShop,
  startAgain,
  startPlatform,
  startTcpProxy,
  type Person,
  type TcpProxy,
} from '#testing';
import { z } from 'zod';

/** The platform with read models and vault on a MongoDB server, over a connection that can be cut. */
const mongo = process.env['ASTRO_TEST_MONGO_URL'];

if (mongo) describe('a platform on MongoDB', () => onMongo(mongo));
else describe.skip('a platform on MongoDB: ASTRO_TEST_MONGO_URL is not set', () => it('was not tested', () => {}));

const readiness = z.looseObject({
  dependencies: z.array(z.looseObject({ name: z.string(), ok: z.boolean(), detail: z.string().optional() })),
});

function onMongo(server: string): void {
  const database = `platform-${randomUUID()}`;
  let proxy: TcpProxy;
  let environment: Record<string, string>;
  let platform: Awaited<ReturnType<typeof startPlatform>>;
  let ada: Person;
  let key: string;

  beforeAll(async () => {
    proxy = await startTcpProxy(server);
    const address = `mongodb://127.0.0.1:${proxy.port}/${database}?directConnection=true`;
    environment = {
      ASTRO_READ_STORE: address,
      ASTRO_VAULT: address,
      ASTRO_SEALING_KEYS: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
    };
    platform = await startPlatform({ environment });
    ada = await loginAdmin(platform);
    ({ key } = ada);
  });
  afterAll(async () => {
    await platform.stop();
    await proxy.shut();
  });

  const stores = async () => {
    const response = await call(platform.url, 'GET /readyz');
    const { dependencies } = readiness.parse(response.body);
    return {
      status: response.status,
      stores: dependencies.filter(({ name }) => name === 'read store' || name === 'vault').map(({ ok }) => ok),
    };
  };
  const listed = () =>
    call(platform.url, `GET /v1/organizations/${ada.organization.id}/applications`, { credential: key });

  it('rolls out an application, and stores neither read models nor vault in its folder', async () => {
    await openShop(ada);
    const spec = {
      name: 'web',
      profileName: 'shop',
      source: {
        type: 'yaml',
        yaml: { manifests: 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { a.b: $c }' },
      },
    };
    expect(await ada.machine.run('app apply -f - --wait', JSON.stringify(spec))).toContain('application/web created');
    const files = readdirSync(platform.dataDir);
    expect(files).not.toContain('vault.sqlite');
    expect(files).not.toContain('read-store.sqlite');
    expect(files).not.toContain('sealing-keys');
    expect(await stores()).toEqual({ status: 200, stores: [true, true] });
  });

  it('returns the same after a restart', async () => {
    const before = await listed();
    expect(before).toMatchObject({ status: 200, text: expect.stringContaining('"web"') });
    await platform.process.stop();
    platform = await startAgain(platform, { environment });
    expect((await listed()).body).toEqual(before.body);
  });

  it('F6: returns 503 for requests that need the unavailable server, serves the others, and catches up', async () => {
    expect((await listed()).status).toBe(200);
    await proxy.shut();
    await eventually(async () => expect(await stores()).toEqual({ status: 200, stores: [false, false] }));
    expect(await listed()).toMatchObject({ status: 503, body: { code: 'read-store/unavailable' } });
    const paused = await call(platform.url, `POST /v1/organizations/${ada.organization.id}/applications/web/pause`, {
      credential: key,
      body: {},
      headers: { 'idempotency-key': 'pause-while-the-server-is-away' },
    });
    expect(paused).toMatchObject({ status: 200, body: { application: { status: 'PAUSED' } } });
    await proxy.open();
    await eventually(async () => expect(await stores()).toEqual({ status: 200, stores: [true, true] }));
    await eventually(async () =>
      expect(await listed()).toMatchObject({ status: 200, text: expect.stringContaining('"PAUSED"') }),
    );
  });

  it('F7: rebuilds the read models from the log when their collections are lost', async () => {
    const before = await listed();
    expect(before.status).toBe(200);
    const { connection, close } = await openMongo({
      url: databaseAt(server, database),
      setting: 'ASTRO_TEST_MONGO_URL',
      clock: systemClock,
      log: silentLogger,
      errorOf: ({ sentence, cause }) => new Error(sentence, { cause }),
    });
    const collections = await connection.listCollections();
    const lost = collections.map(({ name }) => name).filter((name) => name.startsWith('projection'));
    expect(lost).toContain('projections');
    for (const name of lost) await connection.dropCollection(name);
    await close();
    await eventually(async () => expect((await listed()).body).toEqual(before.body));
  });
}
