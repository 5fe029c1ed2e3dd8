import { connect, type Socket } from 'node:net';
import { inProcessTransport } from '#bus/in-process';
import { eventually, manualClock, temporaryFolder } from '#testing';
import { ORG, secretKey, startEdge, type Edge } from './edge.fixture.ts';

const folder = temporaryFolder();
const manual = manualClock();
/** Milliseconds that passed while the process did not run. */
let blockedMs = 0;
const clock = { ...manual, monotonic: () => manual.monotonic() + blockedMs };
let edge: Edge;
beforeAll(async () => {
  edge = await startEdge(inProcessTransport(), folder, {
    clock,
    connectionsPerAddress: 5,
    streams: { perPrincipal: 2, perOrganization: 3 },
  });
});
afterAll(() => edge.close());
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await eventually(async () => expect(await openConnections()).toBe(0));
});

/** Opens a connection whose peer never closes it. */
function open(bytes = ''): {
  readonly socket: Socket;
  readonly response: () => string;
  readonly isClosed: () => boolean;
} {
  let response = '';
  let isClosed = false;
  const socket = connect({ port: edge.port, host: '127.0.0.1', allowHalfOpen: true });
  sockets.push(socket);
  socket
    .setEncoding('utf8')
    .on('data', (part: string) => (response += part))
    .on('error', () => {})
    .on('end', () => (isClosed = true))
    .on('close', () => (isClosed = true));
  if (bytes !== '') socket.write(bytes);
  return { socket, response: () => response, isClosed: () => isClosed };
}

const openConnections = (): Promise<number> =>
  new Promise((resolve, reject) =>
    edge.app
      .getHttpServer()
      .getConnections((error: Error | null, count: number) => (error ? reject(error) : resolve(count))),
  );

/** Opens a connection whose request Node.js reports as late, without waiting. */
async function openLate(): Promise<ReturnType<typeof open>> {
  const server = edge.app.getHttpServer();
  const accepted = new Promise<Socket>((resolve) => void server.once('connection', resolve));
  const peer = open();
  const late = Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
  server.emit('clientError', late, await accepted);
  return peer;
}

describe('use-L9: requests that waited while the process was suspended', () => {
  it('receive 503, and the usual response to late requests after the process has run for a while', async () => {
    blockedMs += 12_000;
    const waited = await openLate();
    await eventually(() => expect(waited.response()).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n[^]*\}$/));
    expect(waited.response()).toMatch(/\r\nretry-after: 1\r\n/i);
    expect(waited.response()).toContain('"code":"edge/stalled"');
    clock.advance(3_500);
    const late = await openLate();
    await eventually(() => expect(late.response()).toMatch(/^HTTP\/1\.1 400 [^]*\}$/));
    clock.advance(2_000);
  });
});

describe('use-S6: connections without a valid request', () => {
  it.each([
    ['half a header', 'GET /livez HTTP/1.1\r\nhost: x\r\nhalf a header\r\n'],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.9\r\n'],
    ['headers that are too large', `GET /livez HTTP/1.1\r\nhost: x\r\n${'a: b\r\n'.repeat(10_000)}`],
  ])(
    'receive a response and are closed shortly afterwards, even if peers do not close them: %s',
    async (_what, bytes) => {
      const peers = [1, 2, 3].map(() => open(bytes));
      for (const { response } of peers)
        await eventually(() => expect(response()).toMatch(/^HTTP\/1\.1 4[03][01] [^]*\}$/));
      expect(await openConnections()).toBe(3);
      await eventually(async () => {
        clock.advance(2_000);
        expect(await openConnections()).toBe(0);
      });
    },
  );

  it('are closed when the rest of a request does not arrive in time', async () => {
    const { response } = open('GET /livez HTTP/1.1\r\nhost:');
    await eventually(async () => expect(await openConnections()).toBe(1));
    const late = await openLate();
    await eventually(() => expect(late.response()).toMatch(/^HTTP\/1\.1 400 [^]*\}$/));
    expect(response()).toBe('');
    await eventually(async () => {
      clock.advance(2_000);
      expect(await openConnections()).toBe(1);
    });
  });
});

describe('use-S6: connections of one address', () => {
  it('are closed beyond the limit, and accepted again when others end', async () => {
    const five = Array.from({ length: 5 }, () => open());
    await eventually(async () => expect(await openConnections()).toBe(5));
    const sixth = open('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
    await eventually(() => expect(sixth.isClosed()).toBe(true));
    expect(sixth.response()).toBe('');
    five[0]?.socket.destroy();
    await eventually(async () => expect(await openConnections()).toBe(4));
    const next = open('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
    await eventually(() => expect(next.response()).toContain('{"status":"ok"}'));
    five[1]?.socket.destroy();
    await eventually(async () => expect(await openConnections()).toBe(4));
    const metrics = open('GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n');
    await eventually(() => expect(metrics.response()).toContain('\nastro_http_connections_refused_total 1\n'));
  });
});

describe('use-S17: open streams', () => {
  const read = (key: number, org = 'acme') =>
    open(
      `GET /v1/organizations/${org}/events?follow=true HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${secretKey(key)}\r\n\r\n`,
    );
  const expectOpen = ({ response }: { response: () => string }) =>
    eventually(() => expect(response()).toContain(': open'));
  const expectRefused = async (peer: ReturnType<typeof read>, words: string) => {
    await eventually(() => expect(peer.response()).toMatch(/^HTTP\/1\.1 429 [^]*\}$/));
    expect(peer.response()).toMatch(/\r\nretry-after: 5\r\n/i);
    expect(peer.response()).toContain(`"detail":"${words}"`);
    peer.socket.destroy();
  };

  it('are limited for each key and for each organization, by ID or slug', async () => {
    const first = [read(1), read(1)];
    for (const peer of first) await expectOpen(peer);
    await expectRefused(read(1), 'This access key has 2 streams open already.');
    await expectOpen(read(3, ORG));
    await expectRefused(read(2), 'This organization has 3 streams open already.');
    first[0]?.socket.destroy();
    await eventually(async () => {
      const again = read(2);
      await eventually(() => expect(again.response()).toMatch(/: open|\}$/));
      if (!again.response().includes(': open')) again.socket.destroy();
      expect(again.response()).toContain(': open');
    });
  });
});
