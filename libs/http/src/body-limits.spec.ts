import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { BODY_BYTES, RAW_BODY_BYTES } from '#bus/contract';
import { inProcessTransport } from '#bus/in-process';
import { eventually, manualClock, temporaryFolder } from '#testing';
import { secretKey, startEdge, type Edge } from './edge.fixture.ts';
import { shapeOf, VALUES } from './json-shape.ts';

const clock = manualClock();
const folder = temporaryFolder();
let edge: Edge;
beforeAll(async () => {
  edge = await startEdge(inProcessTransport(), folder, {
    clock,
    requestsPerMinute: () => 1_000_000,
    anonymousPerMinute: 1_000_000,
  });
});
afterAll(() => edge.close());

const manifest = '/v1/organizations/acme/manifests/web';
const members = (count: number): string =>
  `{${Array.from({ length: count }, (_, index) => `"m${index}":1`).join(',')}}`;
const emptyArrays = (count: number): string => `[${'[],'.repeat(count - 1)}[]]`;
const labels = (count: number): string => `{"name":"web","labels":${members(count)}}`;

interface Sent {
  readonly socket: Socket;
  readonly response: () => string;
  readonly isClosed: () => boolean;
}

/** Sends the head of a request and perhaps the start of its body; the rest is never sent. */
function sendHead(path: string, headers: Readonly<Record<string, string>>, begin = '', method = 'PUT'): Sent {
  let response = '';
  let isClosed = false;
  const lines = Object.entries({ host: 'x', 'content-type': 'application/json', ...headers });
  const socket = connect(edge.port, '127.0.0.1', () =>
    socket.write(
      `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n${begin}`,
    ),
  );
  socket
    .setEncoding('utf8')
    .on('data', (part: string) => (response += part))
    .on('error', () => {})
    .on('close', () => (isClosed = true));
  return { socket, response: () => response, isClosed: () => isClosed };
}

const bearer = (key: number) => ({ authorization: `Bearer ${secretKey(key)}` });

/** Expects a complete response although the body is incomplete. */
async function expectResponse({ response }: Sent, status: number, code: string): Promise<void> {
  await eventually(() => {
    expect(response()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(response()).toMatch(/\}$/);
  });
  expect(response()).toContain(`"code":"${code}"`);
}

describe('use-S4: the maximum size of a message is enforced before parsing', () => {
  it.each([
    ['400,000 members', members(400_000)],
    ['1.7 million empty arrays', emptyArrays(1_700_000)],
    ['300,000 labels', labels(300_000)],
  ])('by the announced length: %s', async (_what, body) => {
    const sent = sendHead(manifest, { ...bearer(1), 'content-length': String(Buffer.byteLength(body)) });
    await expectResponse(sent, 413, 'edge/body-too-large');
    sent.socket.destroy();
  });

  it('while bytes are counted, if no length is announced', async () => {
    const chunk = `10000\r\n${'['.repeat(0x10000)}\r\n`;
    const chunks = chunk.repeat(BODY_BYTES / 0x10000 + 1);
    const sent = sendHead(manifest, { ...bearer(1), 'transfer-encoding': 'chunked' }, chunks);
    await expectResponse(sent, 413, 'edge/body-too-large');
    sent.socket.destroy();
  });

  it('while the body is decompressed', async () => {
    const body = gzipSync(emptyArrays(1_700_000));
    expect(body.length).toBeLessThan(BODY_BYTES / 10);
    const { status, body: problem } = await edge.send('PUT', manifest, {
      body,
      headers: { 'content-encoding': 'gzip' },
    });
    expect({ status, code: problem.code }).toEqual({ status: 413, code: 'edge/body-too-large' });
  });

  it('but a body of exactly the maximum size is accepted', async () => {
    const text = 'x'.repeat(BODY_BYTES - 2);
    const { status, body } = await edge.send('PUT', manifest, { json: text });
    expect({ status, length: body.manifest.length }).toEqual({ status: 200, length: BODY_BYTES - 2 });
    expect((await edge.send('PUT', manifest, { json: `${text}x` })).status).toBe(413);
  });
});

describe('use-S4: the number of values is limited before any is built', () => {
  it.each([
    ['members', members(VALUES + 2)],
    ['empty arrays', emptyArrays(VALUES)],
    ['labels', labels(VALUES)],
  ])('rejects a body with too many %s', async (_what, body) => {
    expect(body.length).toBeLessThan(BODY_BYTES);
    const { status, body: problem } = await edge.send('PUT', manifest, { body });
    expect({ status, code: problem.code }).toEqual({ status: 413, code: 'edge/too-many-values' });
  });

  it('stops counting at the limit', () => {
    const first = Buffer.from(emptyArrays(VALUES));
    expect(shapeOf(first, VALUES)).toMatchObject({ over: 'values' });
    const more = Buffer.from(emptyArrays(10 * VALUES));
    expect(shapeOf(more, VALUES).bytesRead).toBe(shapeOf(first, VALUES).bytesRead);
  });

  it('accepts the maximum number, and does not count commas in strings', async () => {
    expect((await edge.send('PUT', manifest, { body: members(VALUES) })).status).toBe(200);
    expect((await edge.send('PUT', manifest, { json: ',[{'.repeat(VALUES) })).status).toBe(200);
  });
});

describe('a body whose bytes are signed', () => {
  const send = (body: string | Buffer, headers: Record<string, string> = {}) =>
    edge.send('POST', '/hooks/one', { body, headers, key: false });

  it.each([
    ['with spaces and repeated members', Buffer.from('{ "a": 1.0,\r\n"a" : "\\u00fc" }\n')],
    ['that is neither JSON nor UTF-8', Buffer.from([0xff, 0x00, 0x7b])],
    ['that is empty', Buffer.alloc(0)],
  ])('arrives unchanged: %s', async (_what, bytes) => {
    const { status, body } = await send(bytes, { 'x-signature': 'v1=ab', 'x-other': 'no' });
    expect({ status, body }).toEqual({
      status: 202,
      body: { id: 'one', payload: bytes.toString('base64'), signature: 'v1=ab' },
    });
  });

  it('is limited so that it fits into a message, and is not decompressed', async () => {
    const largest = await send('x'.repeat(RAW_BODY_BYTES));
    expect({ status: largest.status, length: largest.body.payload.length }).toEqual({
      status: 200,
      length: Math.ceil(RAW_BODY_BYTES / 3) * 4,
    });
    const larger = await send('x'.repeat(RAW_BODY_BYTES + 1));
    expect(larger).toMatchObject({
      status: 413,
      body: { code: 'edge/body-too-large', detail: expect.stringContaining('512 KiB') },
    });
    const packed = await send(gzipSync('{}'), { 'content-encoding': 'gzip' });
    expect(packed).toMatchObject({ status: 415, body: { code: 'edge/encoding-not-supported' } });
    const form = await send('payload=%7B%7D', { 'content-type': 'application/x-www-form-urlencoded' });
    expect(form).toMatchObject({ status: 415, body: { code: 'edge/media-type-not-supported' } });
  });
});

describe('use-S4: authorization precedes reading the body', () => {
  const elsewhere = '/v1/organizations/other/manifests/web';
  const cases: readonly [who: string, path: string, headers: Record<string, string>, status: number, code: string][] = [
    ['nobody', manifest, {}, 401, 'access/not-signed-in'],
    ['a key that does not exist', manifest, bearer(9), 401, 'key/invalid'],
    ['a revoked key', manifest, bearer(4), 401, 'key/revoked'],
    ['a stranger to the organization', elsewhere, bearer(1), 404, 'organization/not-found'],
    [
      'anybody, for one that does not exist',
      '/v1/organizations/none/manifests/web',
      bearer(1),
      404,
      'organization/not-found',
    ],
    ['a viewer', manifest, bearer(3), 403, 'access/not-permitted'],
    ['a path that nobody serves', '/v1/nothing', bearer(1), 404, 'edge/no-route'],
  ];
  it.each(cases)('rejects %s without waiting for the body', async (_who, path, headers, status, code) => {
    const announced = sendHead(path, { ...headers, 'content-length': '700000' });
    await expectResponse(announced, status, code);
    const chunked = sendHead(path, { ...headers, 'transfer-encoding': 'chunked' }, '1\r\n{\r\n');
    await expectResponse(chunked, status, code);
    for (const { response, socket } of [announced, chunked]) {
      expect(response().toLowerCase()).toContain('connection: close');
      socket.destroy();
    }
  });

  it.each(['GET', 'DELETE'])('rejects a body in %s', async (method) => {
    const sent = sendHead(
      '/v1/organizations/acme/things/web',
      { ...bearer(1), 'content-length': '700000' },
      '',
      method,
    );
    await expectResponse(sent, 422, 'request/invalid');
    sent.socket.destroy();
  });

  it('closes the connection after some time if the sender continues', async () => {
    const { socket, response, isClosed } = sendHead(elsewhere, { ...bearer(1), 'transfer-encoding': 'chunked' });
    await eventually(() => expect(response()).toMatch(/\}$/));
    for (let sent = 0; sent < 100; sent++)
      await new Promise<void>((resolve) => void socket.write(`400\r\n${'x'.repeat(0x400)}\r\n`, () => resolve()));
    expect(isClosed()).toBe(false);
    await eventually(() => {
      clock.advance(5_000);
      expect(isClosed()).toBe(true);
    });
  });

  it('keeps the connection if a small body arrives late', async () => {
    const { socket, response } = sendHead(elsewhere, { ...bearer(1), 'content-length': '2' });
    await eventually(() => expect(response()).toMatch(/\}$/));
    socket.write('{}GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
    await eventually(() => expect(response()).toContain('{"status":"ok"}'));
    socket.destroy();
  });
});
