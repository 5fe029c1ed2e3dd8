import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { call, loginAdmin, startPlatform, type Person, type Platform } from '#testing';

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
