import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PUBLIC } from '#access';
import { request, stream } from '#bus/contract';
import { systemClock, systemIds } from '#runtime/system';
import { z } from 'zod';
import { ApiStreamError, createApiClient } from './api-client.ts';
import { routeRequest } from './route-request.ts';

const base = { permission: PUBLIC, output: z.unknown(), timeoutMs: 1_000 } as const;
const get = request({
  ...base,
  subject: 't.v1.get',
  route: 'GET /v1/organizations/{org}/things',
  input: z.object({ org: z.string(), limit: z.number().optional(), tags: z.array(z.string()).optional() }),
});
const put = request({
  ...base,
  subject: 't.v1.put',
  route: 'PUT /v1/organizations/{org}/things/{name}',
  input: z.object({ org: z.string(), name: z.string(), text: z.string() }),
});
const manifest = request({
  ...base,
  subject: 't.v1.manifest',
  route: 'PUT /v1/things/{name}',
  body: 'manifest',
  input: z.object({ name: z.string(), manifest: z.unknown() }),
});
const post = request({
  ...base,
  subject: 't.v1.post',
  route: 'POST /v1/things',
  input: z.object({ name: z.string() }),
});
const watch = stream({
  ...base,
  subject: 't.v1.watch',
  route: 'GET /v1/watch',
  input: z.object({ follow: z.boolean().optional() }),
});

let server: Server;
let seen: { method: string | undefined; url: string | undefined; headers: Record<string, unknown>; body: string }[];
async function serve(listener: RequestListener): Promise<string> {
  seen = [];
  server = createServer((incoming, response) => {
    let body = '';
    incoming
      .on('data', (part: Buffer) => (body += part.toString()))
      .on('end', () => {
        seen.push({ method: incoming.method, url: incoming.url, headers: incoming.headers, body });
        listener(incoming, response);
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});
const client = (baseUrl: string, timeoutMs = 2_000) =>
  createApiClient({
    baseUrl,
    timeoutMs,
    clock: systemClock,
    ids: systemIds,
    credential: 'astro_secret',
    onDebug: (line) => void lines.push(line),
  });
let lines: string[] = [];
beforeEach(() => void (lines = []));
const ours =
  (status: number, body: object, headers: Record<string, string> = {}): RequestListener =>
  (_incoming, response) =>
    void response
      .writeHead(status, {
        'content-type': status < 400 ? 'application/json' : 'application/problem+json',
        'x-request-id': 'request-1',
        ...headers,
      })
      .end(status === 204 ? undefined : JSON.stringify(body));

describe('requests', () => {
  it('are built from the route of the contract', () => {
    expect(routeRequest(get, { org: 'a/b', limit: 3, tags: ['x', 'y'], gone: undefined }, false)).toEqual({
      method: 'GET',
      path: '/v1/organizations/a%2Fb/things?limit=3&tags=x&tags=y',
    });
    expect(routeRequest(put, { org: 'a', name: 'n', text: 'x' }, true)).toEqual({
      method: 'PUT',
      path: '/v1/organizations/a/things/n?dryRun=true',
      body: '{"text":"x"}',
    });
    expect(routeRequest(manifest, { name: 'n', manifest: [1] }, false)).toEqual({
      method: 'PUT',
      path: '/v1/things/n',
      body: '[1]',
    });
    expect(routeRequest(manifest, { name: 'n', manifest: [1], failFast: true }, false)).toEqual({
      method: 'PUT',
      path: '/v1/things/n?failFast=true',
      body: '[1]',
    });
    expect(() => routeRequest(put, { name: 'n' }, false)).toThrow('needs org');
    expect(() => routeRequest({ subject: 's.v1.x' }, {}, false)).toThrow('has no route');
  });

  it('send the credential, and return the metadata of the response with its value', async () => {
    const url = await serve(
      ours(
        201,
        { id: 1 },
        {
          etag: '"7"',
          consistency: `storestore.${'0'.repeat(19)}3`,
          warning: '299 - "a %22b%22", 299 - "c"',
          'idempotent-replayed': 'true',
        },
      ),
    );
    const response = await client(url).call(put, { org: 'a', name: 'n', text: 'x' }, { ifMatch: 6 });
    expect(response).toEqual({
      ok: true,
      value: { id: 1 },
      requestId: 'request-1',
      meta: {
        revision: 7,
        position: `storestore.${'0'.repeat(19)}3`,
        created: true,
        repeated: true,
        warnings: ['a "b"', 'c'],
      },
    });
    expect(seen[0]).toMatchObject({
      headers: { authorization: 'Bearer astro_secret', 'if-match': '"6"' },
      body: '{"text":"x"}',
    });
    expect(lines.join()).toContain('201 request-1');
    expect(lines.join()).not.toContain('astro_secret');
  });

  it('return errors with all members', async () => {
    const url = await serve(
      ours(
        403,
        {
          type: 'x',
          title: 'y',
          status: 403,
          code: 'a/thing-limit',
          kind: 'limit',
          detail: 'Too many.',
          fix: 'delete',
          errors: [{ pointer: '/a', message: 'b' }],
          requestId: 'r',
          limit: 3,
        },
        { 'retry-after': '5' },
      ),
    );
    expect(await client(url).call(get, { org: 'a' })).toEqual({
      ok: false,
      status: 403,
      requestId: 'r',
      error: {
        code: 'a/thing-limit',
        kind: 'limit',
        detail: 'Too many.',
        fix: 'delete',
        errors: [{ pointer: '/a', message: 'b' }],
        extra: { limit: 3 },
        retryAfterSeconds: 5,
      },
    });
  });

  it('return an empty value for 204', async () => {
    const url = await serve(ours(204, {}));
    expect(await client(url).call(get, { org: 'a' })).toMatchObject({ ok: true, value: {} });
  });
});

describe('servers that cannot be reached or are not the platform', () => {
  it('are reported as client/unreachable when nothing listens', async () => {
    const url = await serve(() => {});
    await new Promise((resolve) => server.close(resolve));
    expect(await client(url).call(get, { org: 'a' })).toMatchObject({
      ok: false,
      error: { code: 'client/unreachable', kind: 'unavailable' },
    });
  });

  it.each([
    ['a page', 200, 'text/html', '<html>', {}],
    ['a page of a proxy', 502, 'text/html', '<html>', {}],
    ['JSON of somebody else', 200, 'application/json', '{"a":1}', {}],
    ['an error of somebody else', 404, 'application/json', '{"message":"Not Found"}', { 'x-request-id': 'x' }],
    ['a redirect', 302, '', '', { location: '/login' }],
    ['half JSON', 200, 'application/json', '{"a":', { 'x-request-id': 'x' }],
  ])('are reported as client/not-ours for %s', async (_name, status, type, body, headers) => {
    const url = await serve(
      (_incoming, response) =>
        void response.writeHead(status, { ...(type && { 'content-type': type }), ...headers }).end(body),
    );
    expect(await client(url).call(get, { org: 'a' })).toMatchObject({
      ok: false,
      error: { code: 'client/not-ours', detail: expect.stringContaining('is not an Astro Platform') },
    });
  });

  it('are reported as client/timeout or client/aborted', async () => {
    const url = await serve(() => {});
    expect(await client(url, 100).call(get, { org: 'a' })).toMatchObject({
      ok: false,
      error: { code: 'client/timeout' },
    });
    expect(await client(url).call(get, { org: 'a' }, { signal: AbortSignal.timeout(20) })).toMatchObject({
      ok: false,
      error: { code: 'client/aborted' },
    });
  });
});

describe('a broken connection', () => {
  const breaking = (times: number): RequestListener => {
    let left = times;
    return (incoming, response) =>
      left-- > 0 ? incoming.socket.destroy() : ours(200, { done: true })(incoming, response);
  };

  it('is retried once, and a POST keeps its Idempotency-Key', async () => {
    const url = await serve(breaking(1));
    expect(await client(url).call(post, { name: 'x' })).toMatchObject({ ok: true });
    const keys = seen.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(2);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(keys[1]).toBe(keys[0]);
    await client(url).call(post, { name: 'x' });
    expect(seen[2]?.headers['idempotency-key']).not.toBe(keys[0]);
  });

  it('is not retried twice', async () => {
    const url = await serve(breaking(5));
    expect(await client(url).call(get, { org: 'a' })).toMatchObject({
      ok: false,
      error: { code: 'client/unreachable' },
    });
    expect(seen).toHaveLength(2);
  });
});

describe('streams', () => {
  const events =
    (text: string, end = true): RequestListener =>
    (_incoming, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'x-request-id': 'r' });
      for (const byte of Buffer.from(text)) response.write(Buffer.of(byte)); // split at every byte, also within a character
      if (end) response.end();
    };
  const read = async (url: string, signal?: AbortSignal): Promise<unknown[]> => {
    const items: unknown[] = [];
    for await (const item of client(url).stream(watch, { follow: true }, signal)) items.push(item);
    return items;
  };

  it('return items as they arrive', async () => {
    const url = await serve(events(': open\n\nid: 1\ndata: {"a":"ü"}\n\n: alive\n\ndata: {"a":\ndata: 2}\r\n\r\n'));
    expect(await read(url)).toEqual([{ a: 'ü' }, { a: 2 }]);
    expect(seen[0]).toMatchObject({
      url: '/v1/watch?follow=true',
      headers: { accept: 'text/event-stream, application/problem+json' },
    });
  });

  it('throw the problem that ends them, and the one that rejects them', async () => {
    const problem = { code: 'a/removed', kind: 'not-found', detail: 'Removed.', status: 404, requestId: 'r' };
    const url = await serve(events(`data: 1\n\nevent: problem\ndata: ${JSON.stringify(problem)}\n\n`));
    await expect(read(url)).rejects.toMatchObject({ error: { code: 'a/removed' }, status: 404, requestId: 'r' });
    server.close();
    const refusing = await serve(ours(404, problem));
    await expect(read(refusing)).rejects.toBeInstanceOf(ApiStreamError);
  });

  it('end without error when aborted, and with an error when the connection breaks', async () => {
    const url = await serve(events('data: 1\n\n', false));
    expect(await read(url, AbortSignal.timeout(100))).toEqual([1]);
    const reading = read(url);
    setTimeout(() => server.closeAllConnections(), 100);
    await expect(reading).rejects.toMatchObject({ error: { code: 'client/unreachable' } });
  });

  it('close the connection when the reader leaves the loop', async () => {
    let closed = false;
    const url = await serve((incoming, response) => {
      incoming.socket.once('close', () => (closed = true));
      events('data: 1\n\ndata: 2\n\n', false)(incoming, response);
    });
    for await (const item of client(url).stream(watch, {})) if (item === 1) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(closed).toBe(true);
  });
});
