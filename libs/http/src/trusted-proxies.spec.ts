import { inProcessTransport } from '#bus/in-process';
import { addressList } from '#http/connections';
import { manualClock, temporaryFolder } from '#testing';
import { startEdge, type Edge } from './edge.fixture.ts';

const folder = temporaryFolder();
const thing = '/v1/organizations/acme/things/web';

describe('use-S3: behind a reverse proxy', () => {
  const edges: Edge[] = [];
  afterEach(() => Promise.all(edges.splice(0).map((edge) => edge.close())));

  const start = async (proxies: readonly string[], more: { readonly connectionsPerAddress?: number } = {}) => {
    const edge = await startEdge(inProcessTransport(), folder, {
      clock: manualClock(),
      anonymousPerMinute: 2,
      isTrustedProxy: addressList(proxies),
      ...more,
    });
    edges.push(edge);
    return edge;
  };
  /** Sends a request with an invalid key, as the proxy forwards it. */
  const from = async (edge: Edge, forwarded: string) =>
    (await edge.send('GET', thing, { key: 9, headers: { 'x-forwarded-for': forwarded } })).status;

  it('that is trusted, each client address has its own limits', async () => {
    const edge = await start(['127.0.0.0/8']);
    for (const status of [401, 401, 429]) expect(await from(edge, '192.0.2.7')).toBe(status);
    expect(await from(edge, '192.0.2.8')).toBe(401);
  });

  it('that is trusted, a client cannot forge another address', async () => {
    const edge = await start(['127.0.0.0/8', '10.4.0.0/16']);
    for (const status of [401, 401, 429])
      expect(await from(edge, `198.51.100.${status}, 192.0.2.7, 10.4.0.1`)).toBe(status);
  });

  it('that is not trusted, its headers are ignored', async () => {
    const edge = await start(['10.4.0.0/16']);
    expect(await from(edge, '192.0.2.1')).toBe(401);
    expect(await from(edge, '192.0.2.2')).toBe(401);
    expect(await from(edge, '192.0.2.3')).toBe(429);
  });

  it('an IPv6 network of 64 bits counts as one address', async () => {
    const edge = await start(['127.0.0.1']);
    expect(await from(edge, '2001:db8:1:2::1')).toBe(401);
    expect(await from(edge, '2001:db8:1:2::2')).toBe(401);
    expect(await from(edge, '2001:db8:1:2::3')).toBe(429);
    expect(await from(edge, '2001:db8:1:3::1')).toBe(401);
  });

  it('that is trusted, its connections are not counted', async () => {
    const [trusted, counted] = [
      await start(['127.0.0.1'], { connectionsPerAddress: 1 }),
      await start([], { connectionsPerAddress: 1 }),
    ];
    const both = (edge: Edge) => Promise.allSettled([1, 2, 3, 4].map(() => edge.send('GET', '/livez')));
    expect((await both(trusted)).filter(({ status }) => status === 'rejected')).toHaveLength(0);
    expect((await both(counted)).filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0);
  });
});
