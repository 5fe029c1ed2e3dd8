import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { call, eventually, loginAdmin, newPerson, startPlatform, type Person, type Platform } from '#testing';
import { logOf } from '#testing/log';
import { startSmallCluster } from './testing/small-cluster.ts';

/** Returned by another service on the machine, which must not be readable through the platform. */
const CANARY = 'canary-of-another-service';

async function otherService(): Promise<Server & { readonly seen: string[] }> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(request.url ?? '');
    response.writeHead(503, { 'content-type': 'text/plain' }).end(CANARY);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(server, { seen });
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port; // the address of a TCP server

describe('use-S10: addresses of clusters', () => {
  const running: { platform: Platform; ada: Person }[] = [];
  let service: Awaited<ReturnType<typeof otherService>>;

  beforeAll(async () => {
    service = await otherService();
    for (const environment of [{}, { ASTRO_EGRESS_ALLOW: '127.0.0.0/8,::1/128,0.0.0.0/8' }]) {
      const platform = await startPlatform({ environment });
      running.push({ platform, ada: await loginAdmin(platform) });
    }
  }, 120_000);
  afterAll(async () => {
    await Promise.all(running.map(({ platform }) => platform.stop()));
    await new Promise((resolve) => service.close(resolve));
  });

  const register = async (which: 0 | 1, server: string) => {
    const started = running[which];
    if (!started) throw new Error('a platform did not start');
    const { platform, ada } = started;
    const manifest = { clusterName: 'other', server, token: 'token' };
    const path = `/v1/organizations/${ada.organization.id}/clusters/other`;
    return call(platform.url, `PUT ${path}`, { credential: ada.key, body: manifest });
  };

  it('are not on loopback unless an operator allows it, and are not contacted', async () => {
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '2130706433', '0x7f000001']) {
      const { status, body } = await register(0, `http://${host}:${portOf(service)}`);
      expect([host, status, body]).toMatchObject([
        host,
        422,
        { code: 'clusters/egress-refused', detail: expect.stringContaining('ASTRO_EGRESS_ALLOW=') },
      ]);
    }
    expect(service.seen).toEqual([]);
  });

  it('are never those of the platform itself or of its sandbox', async () => {
    const { platform, ada } = running[1] as { platform: Platform; ada: Person };
    const path = `/v1/organizations/${ada.organization.id}/clusters/sandbox`;
    const sandbox = (await call(platform.url, `GET ${path}`, { credential: ada.key })).body as { server: string };
    const own = [new URL(platform.url).port, new URL(sandbox.server).port];
    for (const port of own)
      for (const host of ['127.0.0.1', 'localhost', '127.0.0.2', '0.0.0.0']) {
        const { status, body } = await register(1, `https://${host}:${port}`);
        expect([host, status, body]).toMatchObject([
          host,
          422,
          { code: 'clusters/egress-refused', detail: expect.stringContaining('an address of the platform itself') },
        ]);
      }
  });

  it('do not reveal the response of a server that is not a Kubernetes API', async () => {
    const { body } = await register(1, `http://127.0.0.1:${portOf(service)}`);
    expect(service.seen).not.toEqual([]);
    expect(JSON.stringify(body)).not.toContain(CANARY);
  }, 60_000);
});

describe('use-S10: an address that a global admin allows', () => {
  it('is allowed for all processes immediately, until it is denied, and is recorded as an event', async () => {
    const platform = await startPlatform();
    const cluster = await startSmallCluster();
    try {
      const ada = await loginAdmin(platform);
      const grace = await newPerson(platform, 'grace@astro.localhost', 'a password of grace');
      const asAda = (what: string, body?: unknown) =>
        call(platform.url, what, { credential: ada.accessToken, ...(body !== undefined && { body }) });
      const entry = `127.0.0.1:${cluster.port}`;
      const path = `/v1/organizations/${ada.organization.id}/clusters/kind`;
      const registration = { clusterName: 'kind', server: cluster.url, token: 'token' };

      expect(await asAda(`PUT ${path}`, registration)).toMatchObject({
        status: 422,
        body: {
          code: 'clusters/egress-refused',
          fix: `a global admin can allow it: astroctl admin egress allow ${entry}`,
          allow: entry,
        },
      });
      expect(cluster.seen).toEqual([]);

      const allowed = { entry, allowed: true };
      for (const credential of [grace.accessToken, grace.key, ada.key])
        expect(await call(platform.url, 'PUT /v1/admin/egress', { credential, body: allowed })).toMatchObject({
          status: 403,
        });
      expect(await asAda('PUT /v1/admin/egress', allowed)).toMatchObject({ status: 200, body: allowed });
      expect(await asAda(`PUT ${path}`, registration)).toMatchObject({ status: 201 });
      expect(await asAda('GET /v1/admin/egress')).toMatchObject({
        status: 200,
        body: { items: [{ entry, source: 'admin', by: 'admin@astro.localhost', since: expect.any(String) }] },
      });

      // The platform's own addresses are never allowed.
      await asAda('PUT /v1/admin/egress', { entry: '127.0.0.0/8', allowed: true });
      expect(
        await asAda(`PUT ${path}`, { ...registration, server: `https://127.0.0.1:${new URL(platform.url).port}` }),
      ).toMatchObject({ status: 422, body: { detail: expect.stringContaining('an address of the platform itself') } });

      for (const denied of ['127.0.0.0/8', entry])
        expect(await asAda('PUT /v1/admin/egress', { entry: denied, allowed: false })).toMatchObject({ status: 200 });
      await eventually(async () => {
        const { body } = await asAda(`GET ${path}`);
        expect(body).toMatchObject({ state: 'UNREACHABLE', reason: expect.stringContaining('loopback address') });
      }, 90_000);
      const before = cluster.seen.length;
      expect(await asAda(`PUT ${path}`, registration)).toMatchObject({ status: 422 });
      expect(cluster.seen).toHaveLength(before);

      const events = (await logOf(platform.dataDir)).filter(({ stream }) => stream === 'egress-platform');
      expect(events.map(({ type, actor, data }) => [type, actor, data])).toMatchObject([
        ['egress.allowed.v1', ada.userId, { entry }],
        ['egress.allowed.v1', ada.userId, { entry: '127.0.0.0/8' }],
        ['egress.denied.v1', ada.userId, { entry: '127.0.0.0/8' }],
        ['egress.denied.v1', ada.userId, { entry }],
      ]);
    } finally {
      await cluster.close();
      await platform.stop();
    }
  }, 180_000);
});
