import { once } from 'node:events';
import { Agent, createServer, request as ask, type IncomingMessage, type RequestListener, type RequestOptions, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { HOST } from './host.ts';
import { relay } from './relay.ts';

const portOf = (server: Server): number => (server.address() as AddressInfo).port; // a TCP server's address has this form
const listening = async (answer: RequestListener): Promise<Server> => {
  const server = createServer(answer).listen(0, HOST);
  await once(server, 'listening');
  return server;
};

let answer: RequestListener;
let failures: Error[];
let behind: Server;
let before: Server;
const agent = new Agent({ keepAlive: true });

beforeAll(async () => {
  behind = await listening((request, response) => answer(request, response));
  before = await listening((request, response) =>
    relay(request, response, {
      port: portOf(behind),
      agent,
      fail(error) {
        failures.push(error);
        response.writeHead(503).end('away');
      },
    }),
  );
});
beforeEach(() => void (failures = []));
afterAll(() => {
  agent.destroy();
  for (const server of [before, behind]) server.close().closeAllConnections();
});

/** Sends what `parts` says, without a length. */
const send = (options: RequestOptions, parts: readonly (string | Buffer)[] = []): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const asking = ask({ host: HOST, port: portOf(before), ...options }, resolve).once('error', reject);
    for (const part of parts) asking.write(part);
    asking.end();
  });
const textOf = async (message: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const part of message.setEncoding('utf8')) text += String(part);
  return text;
};

it('hands over method, address, headers and body, and what was said back', async () => {
  answer = async (request, response) => {
    const body = await textOf(request);
    response.writeHead(418, 'Teapot', { 'x-there': 'yes', warning: '299 - "a"' }).end(JSON.stringify({ method: request.method, url: request.url, body, headers: request.headers }));
  };
  const said = await send({ method: 'PATCH', path: '/a%2Fb?c=d', headers: { 'x-here': 'é'.normalize('NFC'), authorization: 'Bearer t', te: 'trailers' } }, ['one ', 'two']);
  expect([said.statusCode, said.statusMessage, said.headers['x-there'], said.headers['warning']]).toEqual([418, 'Teapot', 'yes', '299 - "a"']);
  const seen = JSON.parse(await textOf(said)) as { headers: Record<string, string> };
  expect(seen).toMatchObject({ method: 'PATCH', url: '/a%2Fb?c=d', body: 'one two', headers: { 'x-here': 'é', authorization: 'Bearer t', 'transfer-encoding': 'chunked' } });
  expect(seen.headers['te']).toBeUndefined();
});

it('keeps the length of a body that has one, with a DELETE too', async () => {
  answer = async (request, response) => void response.end(`${request.headers['content-length']} ${await textOf(request)}`);
  expect(await textOf(await send({ method: 'DELETE', headers: { 'content-length': '4' } }, ['body']))).toBe('4 body');
});

it('answers a body that was announced and waits for a word', async () => {
  answer = async (request, response) => void response.end(`${String(request.headers['expect'])} ${await textOf(request)}`);
  const asking = ask({ host: HOST, port: portOf(before), method: 'POST', headers: { expect: '100-continue' } });
  asking.flushHeaders();
  await once(asking, 'continue');
  asking.end('body');
  const [said] = (await once(asking, 'response')) as [IncomingMessage];
  expect(await textOf(said)).toBe('undefined body');
});

it('lets a stream be seen as it comes, from its head on', async () => {
  let go = (): void => {};
  answer = (_, response) => {
    response.writeHead(200).flushHeaders();
    go = () => response.end('line\n');
  };
  const said = await send({ path: '/watch' }); // resolves with the head
  go();
  expect(await textOf(said)).toBe('line\n');
});

it('tells the other side that a reader left', async () => {
  const left = new Promise<void>((resolve) => {
    answer = (_, response) => void response.once('close', resolve).writeHead(200).flushHeaders();
  });
  (await send({})).destroy();
  await left;
});

it('tells the other side that a sender left in the middle of a body', async () => {
  let begun = (): void => {};
  const isBegun = new Promise<void>((resolve) => (begun = resolve));
  const left = new Promise<boolean>((resolve) => {
    answer = (request) => {
      request.once('data', begun).on('error', () => {});
      request.once('close', () => resolve(request.complete));
    };
  });
  const asking = ask({ host: HOST, port: portOf(before), method: 'POST' });
  asking.on('error', () => {}).write('half');
  await isBegun;
  asking.destroy();
  expect(await left).toBe(false);
  expect(failures).toEqual([]);
});

it('breaks an answer off where the other side did', async () => {
  let breakOff = (): void => {};
  answer = (request, response) => {
    response.writeHead(200, { 'content-length': '10' }).write('half');
    breakOff = () => request.socket.destroy();
  };
  const said = await send({});
  breakOff();
  await expect(textOf(said)).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(failures).toEqual([]);
});

it('says so once when there is no answer', async () => {
  answer = (request) => request.socket.destroy();
  const said = await send({ method: 'POST' }, ['body']);
  expect([said.statusCode, await textOf(said), failures.length]).toEqual([503, 'away', 1]);
});

it('gives a refusal of a body that still comes to its sender, whole, and closes the connection behind it', async () => {
  answer = (request, response) => {
    response.writeHead(413, { 'content-length': '8', connection: 'close' }).write('too much');
    request.resume().once('close', () => response.end());
  };
  const said = await send(
    { method: 'POST' },
    Array.from({ length: 256 }, () => Buffer.alloc(64 * 1024)),
  );
  expect([said.statusCode, said.headers.connection, await textOf(said)]).toEqual([413, 'close', 'too much']);
});

it('ends with a refusal when the other side takes no more of a body that never ends', async () => {
  answer = (request, response) => {
    response.writeHead(413, { 'content-length': '8', connection: 'close' }).write('too much');
    request.once('data', () => response.end());
  };
  const socket = connect(portOf(before), HOST);
  let heard = '';
  socket.setEncoding('utf8').on('data', (part) => (heard += String(part)));
  const closed = new Promise((resolve) => socket.on('error', () => {}).once('close', resolve));
  socket.write('POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n');
  const chunk = `1000\r\n${'x'.repeat(0x1000)}\r\n`;
  const more = (): void => void (heard.endsWith('too much') || socket.write(chunk, () => setImmediate(more)));
  more();
  await closed;
  expect(heard).toMatch(/^HTTP\/1\.1 413 [\s\S]*too much$/);
});
