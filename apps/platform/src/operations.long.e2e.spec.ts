import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { call, eventually, loginAdmin, newPerson, startPlatform, type Person, type Platform } from '#testing';
import { z } from 'zod';
import { CONTEXTS } from './contexts.ts';

const projection = z.looseObject({
  name: z.string(),
  context: z.string(),
  state: z.string(),
  position: z.string().nullable(),
  head: z.string(),
  lagEvents: z.number(),
  parked: z.number(),
  rebuild: z.unknown(),
});
const listed = z.looseObject({ items: z.array(projection), unanswered: z.array(z.unknown()) });
const report = z.looseObject({
  status: z.string(),
  services: z.array(z.looseObject({ name: z.string(), answered: z.boolean() })),
  checks: z.array(
    z.looseObject({
      service: z.string(),
      name: z.string(),
      status: z.string(),
      message: z.string(),
      fix: z.string().nullable(),
    }),
  ),
});

const audited = z.looseObject({
  items: z.array(
    z.looseObject({
      whoId: z.string(),
      action: z.string(),
      right: z.string().nullable(),
      permission: z.string().nullable(),
    }),
  ),
});

/** A mail server that greets, and can be stopped. */
async function mailServer(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.write('220 mail.acme.dev ESMTP\r\n');
    socket.on('data', (data) => {
      const isEnd = /^QUIT/i.test(String(data));
      socket.write(isEnd ? '221 bye\r\n' : '250 ok\r\n');
      if (isEnd) socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the mail server has no port');
  return { port: address.port, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

describe('the administration of the platform', () => {
  let platform: Platform;
  let ada: Person;
  let mail: Awaited<ReturnType<typeof mailServer>>;

  beforeAll(async () => {
    mail = await mailServer();
    platform = await startPlatform({
      environment: { ASTRO_MAIL_URL: `smtp://127.0.0.1:${mail.port}`, ASTRO_MAIL_FROM: 'astro@acme.dev' },
    });
    ada = await loginAdmin(platform);
  }, 120_000);
  afterAll(() => platform.stop());

  const ask = (what: string, credential = ada.accessToken, headers: Record<string, string> = {}) =>
    call(platform.url, what, { credential, headers });
  const doctor = async () => report.parse((await ask('GET /v1/admin/doctor')).body);
  const projectionNamed = async (name: string) => {
    const { status, body } = await ask(`GET /v1/admin/projections/${name}`);
    expect(status).toBe(200);
    return projection.parse(body);
  };

  /** Returns the requests that the audit log has of a projection: who, action, right, permission; newest first. */
  const recordedOf = async (name: string) =>
    audited
      .parse((await ask(`GET /v1/audit?object=projection/${name}`)).body)
      .items.map(({ whoId, action, right, permission }) => [whoId, action, right, permission]);
  const byAda = (action: string) => [ada.userId, `projection.${action}-requested`, 'global-admin', 'platform.operate'];

  it('lists every projection of every service, up to date', async () => {
    const expected = CONTEXTS.flatMap(({ name: context, projections }) =>
      projections.map(({ name }) => ({ name, context })),
    );
    await eventually(async () => {
      const { items, unanswered } = listed.parse((await ask('GET /v1/admin/projections')).body);
      expect(unanswered).toEqual([]);
      expect(items.map(({ name, context }) => ({ name, context }))).toEqual(
        expected.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      );
      for (const item of items)
        expect(item).toMatchObject({ state: 'running', lagEvents: 0, position: item.head, parked: 0, rebuild: null });
    });
  });

  it('pages the list', async () => {
    const first = listed.extend({ next: z.string() }).parse((await ask('GET /v1/admin/projections?limit=2')).body);
    const next = encodeURIComponent(first.next);
    const second = listed.parse((await ask(`GET /v1/admin/projections?limit=2&cursor=${next}`)).body);
    expect(new Set([...first.items, ...second.items].map(({ name }) => name)).size).toBe(4);
  });

  it('rebuilds a projection, whose documents are then the same as before', async () => {
    const path = `GET /v1/organizations/${ada.organization.id}/members`;
    await newPerson(platform, 'grace@astro.localhost', 'a password of grace');
    const { items } = listed.parse((await ask('GET /v1/admin/projections')).body);
    const before = (await ask(path)).body;
    for (const { name } of items.filter(({ context }) => context === 'organizations')) {
      const started = await ask(`POST /v1/admin/projections/${name}/rebuild`);
      expect(started).toMatchObject({ status: 202, body: { name, state: 'rebuilding' } });
      expect(started.headers.get('location')).toBe(`/v1/admin/projections/${name}`);
      await eventually(async () =>
        expect(await projectionNamed(name)).toMatchObject({ state: 'running', rebuild: null }),
      );
    }
    expect((await ask(path)).body).toEqual(before);
    for (const { name } of items.filter(({ context }) => context === 'organizations'))
      expect(await recordedOf(name)).toEqual([byAda('rebuild')]);
  }, 120_000);

  it('refuses a second rebuild while one is requested, and accepts the same request again', async () => {
    const rebuild = (key: string) =>
      ask('POST /v1/admin/projections/deployments-egress.v1/rebuild', ada.accessToken, { 'idempotency-key': key });
    const statuses = await Promise.all([rebuild('one'), rebuild('one')]);
    expect(statuses.map(({ status }) => status)).toEqual([202, 202]);
    expect(await rebuild('two')).toMatchObject({ status: 409, body: { code: 'projection/busy' } });
    await eventually(async () => expect((await projectionNamed('deployments-egress.v1')).rebuild).toBeNull());
    expect(await recordedOf('deployments-egress.v1')).toEqual([byAda('rebuild')]);
  }, 60_000);

  it('retries a projection without parked documents', async () => {
    expect(await ask('POST /v1/admin/projections/deployments-egress.v1/retry')).toMatchObject({
      status: 200,
      body: { name: 'deployments-egress.v1', parked: 0 },
    });
    expect(await recordedOf('deployments-egress.v1')).toEqual([byAda('retry'), byAda('rebuild')]);
  });

  it('names the nearest projection of an unknown name', async () => {
    for (const what of [
      'GET /v1/admin/projections/deployments-egres.v1',
      'POST /v1/admin/projections/deployments-egres.v1/rebuild',
    ])
      expect(await ask(what)).toMatchObject({
        status: 404,
        body: { code: 'projection/not-found', fix: expect.stringContaining('did you mean deployments-egress.v1?') },
      });
  });

  it('is for logins of global admins only', async () => {
    const linus = await newPerson(platform, 'linus@astro.localhost', 'a password of linus');
    for (const what of [
      'GET /v1/admin/doctor',
      'GET /v1/admin/projections',
      'POST /v1/admin/projections/deployments-egress.v1/rebuild',
      'POST /v1/admin/projections/deployments-egress.v1/retry',
    ])
      for (const credential of [ada.key, linus.accessToken, linus.key])
        expect([what, (await ask(what, credential)).status]).toEqual([what, 403]);
  });

  it('finds a healthy platform healthy, with every service', async () => {
    const { services, checks } = await doctor();
    expect(services.map(({ name }) => name)).toEqual(
      [...CONTEXTS.map(({ name }) => name), 'deploy-worker', 'gateway'].toSorted(),
    );
    expect(services.every(({ answered }) => answered)).toBe(true);
    expect(checks.filter(({ status }) => status === 'failed')).toEqual([]);
    for (const name of ['event store', 'event log', 'read store', 'vault', 'work queue', 'bus', 'mail', 'disk'])
      expect(checks).toContainEqual(expect.objectContaining({ service: 'platform', name, status: 'ok', fix: null }));
    expect(checks).toContainEqual(expect.objectContaining({ name: 'projections', status: 'ok' }));
    for (const [service, name] of [
      ['deploy-worker', 'helm'],
      ['audit', 'audit sink'],
      ['gateway', 'public address'],
      ['gateway', 'contact'],
      ['gateway', 'login issuer'],
    ])
      expect(checks.filter((check) => check.service === service && check.name === name)).toHaveLength(1);
    const named = checks.map(({ service, name }) => `${service} ${name}`);
    expect(named.toSorted()).toEqual([...new Set(named)].toSorted());
  });

  it('says in the log of the start what is wrong, and what to do', async () => {
    const { checks } = await doctor();
    const wrong = checks.filter(({ status }) => status !== 'ok');
    expect(wrong.map(({ name }) => name)).toContain('contact');
    const lines = readFileSync(join(platform.dataDir, 'platform.log'), 'utf8').trim().split('\n');
    const logged = lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ check }) => check);
    expect(logged.map(({ service, check, msg, fix }) => [service, check, msg, fix])).toEqual(
      wrong.map(({ service, name, message, fix }) => [service, name, message, fix]),
    );
  });

  it('reports a dependency that is not available, and what to do', async () => {
    await mail.close();
    await eventually(async () => {
      const { status, checks } = await doctor();
      expect(status).toBe('failed');
      expect(checks.filter((check) => check.status === 'failed')).toEqual([
        {
          service: 'platform',
          name: 'mail',
          status: 'failed',
          message: expect.stringContaining('The mail server does not accept messages'),
          fix: 'check ASTRO_MAIL_URL',
        },
      ]);
    });
    const printed = await ada.machine.astroctl(['admin', 'doctor']);
    expect(printed).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('Fix platform, mail: check ASTRO_MAIL_URL'),
    });
    expect(printed.stdout).toMatch(/^failed +platform +mail +The mail server/m);
  }, 60_000);

  it('is complete in astroctl, with the names of projections as candidates', async () => {
    expect(await ada.machine.run('admin projections rebuild deployments-egress.v1')).toBe(
      'projection/deployments-egress.v1 rebuilding\n',
    );
    await eventually(async () => expect((await projectionNamed('deployments-egress.v1')).rebuild).toBeNull());
    expect(await ada.machine.run('admin projections retry deployments-egress.v1')).toContain('no parked documents');
    const { stdout } = await ada.machine.astroctl(['__complete', '--', 'admin', 'projections', 'rebuild', '']);
    expect(stdout.split('\n')).toContain('deployments-egress.v1');
  }, 60_000);
});
