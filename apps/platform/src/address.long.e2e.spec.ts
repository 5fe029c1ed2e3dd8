import { networkInterfaces } from 'node:os';
import { connect } from 'node:tls';
import { call, eventually, loginAdmin, startPlatform, type Person, type Platform } from '#testing';
import { z } from 'zod';

const clusterShown = z.looseObject({ server: z.string(), state: z.string() });
const kubeconfig = z.looseObject({ server: z.string(), certificateAuthorityData: z.string() });

/** An address of a network interface of this machine, or another loopback address if it has none. */
const reachable =
  Object.values(networkInterfaces())
    .flatMap((all = []) => all)
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.2';

async function sandboxOf(platform: Platform, { organization, key }: Person) {
  const path = `/v1/organizations/${organization.id}/clusters/sandbox`;
  return eventually(async () => {
    const { body } = await call(platform.url, `GET ${path}`, { credential: key });
    const shown = clusterShown.parse(body);
    expect(shown.state).toBe('READY');
    const issued = await call(platform.url, `POST ${path}/kubeconfig`, { credential: key });
    return kubeconfig.parse(issued.body);
  });
}

/** Returns true if a TLS server with a certificate of the authority for the name listens at the address. */
const answersAt = (host: string, port: number, servername: string, authority: string): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const ca = Buffer.from(authority, 'base64');
    const socket = connect({ host, port, ca, servername, rejectUnauthorized: true }, () => {
      resolve(socket.authorized);
      socket.end();
    });
    socket.on('error', reject);
  });

describe('a platform that listens on all addresses', () => {
  let platform: Platform;
  let ada: Person;
  beforeAll(async () => {
    platform = await startPlatform({
      environment: { ASTRO_HOST: '0.0.0.0', ASTRO_SANDBOX_HOST: 'localhost', ASTRO_EGRESS_ALLOW: '0.0.0.0/0' },
    });
    ada = await loginAdmin(platform);
  });
  afterAll(() => platform.stop());

  it('prints one address, and responds at all others', async () => {
    expect(platform.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const { port } = new URL(platform.url);
    for (const address of ['127.0.0.1', '127.0.0.2', reachable])
      expect([address, (await call(`http://${address}:${port}`, 'GET /livez')).status]).toEqual([address, 200]);
  });

  it('serves sandboxes on all addresses, with a certificate for ASTRO_SANDBOX_HOST', async () => {
    const { server, certificateAuthorityData } = await sandboxOf(platform, ada);
    const { hostname, port } = new URL(server);
    expect(hostname).toBe('localhost');
    expect(await answersAt(reachable, Number(port), 'localhost', certificateAuthorityData)).toBe(true);
    await ada.machine.run('clusters set-context sandbox');
    const nodes = await ada.machine.kubectl(['get', 'nodes', '-o', 'name']);
    expect([nodes.code, nodes.stdout]).toEqual([0, expect.stringContaining('node/')]);
  });

  it('refuses each of its addresses as the address of a cluster', async () => {
    const ports = [new URL(platform.url).port, new URL((await sandboxOf(platform, ada)).server).port];
    for (const port of ports)
      for (const address of ['127.0.0.1', reachable, 'localhost']) {
        const refused = await call(platform.url, `PUT /v1/organizations/${ada.organization.id}/clusters/self`, {
          credential: ada.key,
          body: {
            apiVersion: 'platform.astropulse.io/v1',
            kind: 'K8sClusterRegistration',
            spec: { clusterName: 'self', server: `https://${address}:${port}`, token: 'none' },
          },
        });
        expect([address, refused.status, refused.body]).toEqual([
          address,
          422,
          expect.objectContaining({
            code: 'clusters/egress-refused',
            detail: expect.stringContaining('is an address of the platform itself'),
          }),
        ]);
      }
  });
});

describe('a platform that listens on one address', () => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await startPlatform({ environment: { ASTRO_HOST: '127.0.0.3' } });
  });
  afterAll(() => platform.stop());

  it('prints that address, and does not respond at others', async () => {
    const { hostname, port } = new URL(platform.url);
    expect(hostname).toBe('127.0.0.3');
    expect((await call(platform.url, 'GET /livez')).status).toBe(200);
    await expect(call(`http://127.0.0.1:${port}`, 'GET /livez')).rejects.toThrow();
  });
});
