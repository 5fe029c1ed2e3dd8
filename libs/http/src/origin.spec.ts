import { inProcessTransport } from '#bus/in-process';
import { addressList } from '#http/connections';
import { manualClock, temporaryFolder } from '#testing';
import { startEdge } from './edge.fixture.ts';
import { originNetwork } from './origin.ts';

const folder = temporaryFolder();

describe('the network of a client', () => {
  it.each([
    ['203.0.113.77', '203.0.113.0/24'],
    ['::ffff:203.0.113.77', '203.0.113.0/24'],
    ['2001:db8:1:2:3::4', '2001:db8:1::/48'],
    ['2001:db8::4', '2001:db8::/48'],
    ['fe80::1%eth0', 'fe80::/48'],
    ['::1', '::/48'],
  ])('of %s is %s', (address, network) => expect(originNetwork(address)).toBe(network));

  it.each(['unknown', '203.0.113', '', '"203.0.113.77"'])('of the text "%s" is unknown', (text) =>
    expect(originNetwork(text)).toBeUndefined(),
  );
});

describe('the origin of a change', () => {
  const started = async (proxies: readonly string[], addressRecordOf = async (user: string) => `record of ${user}`) => {
    const asked: string[] = [];
    const edge = await startEdge(inProcessTransport(), folder, {
      clock: manualClock(),
      isTrustedProxy: addressList(proxies),
      addressRecordOf: (userId, address) => {
        asked.push(address);
        return addressRecordOf(userId);
      },
    });
    return { edge, asked };
  };
  const send = (edge: Awaited<ReturnType<typeof started>>['edge'], method: string, forwarded: string) =>
    edge.send(method, '/v1/organizations/acme/things/web', {
      key: 1,
      headers: { 'x-forwarded-for': forwarded },
      ...(method === 'PUT' && { json: {} }),
    });

  it('is the address that a trusted proxy names, and contains the ID of its record', async () => {
    const { edge, asked } = await started(['127.0.0.1']);
    const { body } = await send(edge, 'PUT', '203.0.113.77');
    expect(body.by).toMatchObject({
      credential: 'key',
      keyId: 'key_00000001',
      role: 'owner',
      network: '203.0.113.0/24',
      address: 'record of ada',
    });
    expect(JSON.stringify(body)).not.toContain('203.0.113.77');
    expect(asked).toEqual(['203.0.113.77']);
    await edge.close();
  });

  it('is the address of the connection if the proxy is not trusted', async () => {
    const { edge } = await started([]);
    expect((await send(edge, 'PUT', '203.0.113.77')).body.by).toMatchObject({ network: '127.0.0.0/24' });
    await edge.close();
  });

  it('is absent if the proxy names no address, and is not asked for when reading', async () => {
    const { edge, asked } = await started(['127.0.0.1']);
    const { status, body } = await send(edge, 'PUT', 'unknown');
    expect(status).toBe(200);
    expect(body.by).not.toHaveProperty('network');
    await send(edge, 'GET', '203.0.113.77');
    expect(asked).toEqual([]);
    await edge.close();
  });
});
