import { METHODS } from 'node:http';
import { connect } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { inProcessTransport } from '#bus/in-process';
import { cpuMs, temporaryFolder } from '#testing';
import { AT, ORG, OTHER_ORG, startEdge, type EdgeResponse, type Edge } from './edge.fixture.ts';

let edge: Edge;
const folder = temporaryFolder();
beforeAll(async () => {
  edge = await startEdge(inProcessTransport(), folder, {
    requestsPerMinute: () => 1_000_000,
    anonymousPerMinute: 1_000_000,
  });
});
afterAll(() => edge.close());

const thing = '/v1/organizations/acme/things/web';
const expectProblem = (response: EdgeResponse, status: number, code?: string): void => {
  expect({ status: response.status, type: response.headers['content-type'], code: response.body?.code }).toEqual({
    status,
    type: 'application/problem+json; charset=utf-8',
    code: code ?? response.body?.code,
  });
  expect(response.body).toMatchObject({
    status,
    code: expect.any(String),
    detail: expect.stringMatching(/\.$/),
    requestId: response.headers['x-request-id'],
  });
  expect(response.text).not.toMatch(/ at .*\.(ts|js):\d+/);
};

describe('routes of contracts', () => {
  it('convert path and query according to the schema, and return lists as items', async () => {
    const { status, body, headers } = await edge.send(
      'GET',
      '/v1/organizations/acme/things?limit=20&deep=true&tags=a&tags=b',
    );
    expect(status).toBe(200);
    expect(body).toEqual({ items: [{ org: 'acme', limit: 20, deep: true, tags: ['a', 'b'] }] });
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-type': 'application/json; charset=utf-8',
      'x-content-type-options': 'nosniff',
    });
  });

  it('return position and revision in headers, and forward a position', async () => {
    const { headers, body } = await edge.send('GET', thing, { headers: { consistency: AT } });
    expect(headers).toMatchObject({ consistency: AT, etag: '"7"' });
    expect(body).toMatchObject({ organizationId: ORG, consistency: AT, principal: 'key' });
    expectProblem(await edge.send('GET', thing, { headers: { consistency: 'yesterday' } }), 422, 'position/invalid');
  });

  it('use the complete body as one member where the contract declares it', async () => {
    const manifest = { kind: 'Application', spec: { any: ['thing', 1] } };
    expect((await edge.send('PUT', '/v1/organizations/acme/manifests/web', { json: manifest })).body).toMatchObject({
      name: 'web',
      manifest,
    });
    expectProblem(await edge.send('PUT', '/v1/organizations/acme/manifests/web'), 422);
  });

  it('read the other members from the query where one member is the complete body', async () => {
    const send = (query: string) => edge.send('PUT', `/v1/organizations/acme/manifests/web?${query}`, { json: {} });
    expect((await send('isFast=true')).body).toMatchObject({ manifest: {}, isFast: true });
    expect((await send('isFast=false')).body).toMatchObject({ isFast: false });
    for (const query of ['manifest=x', 'unknown=x', 'isFast=perhaps']) expectProblem(await send(query), 422);
  });

  it('return 201 with Location, 202 with Location, and 204 without a body', async () => {
    const created = await edge.send('POST', '/v1/organizations/acme/things', { json: { name: 'web' } });
    expect([created.status, created.headers.location]).toEqual([201, '/v1/organizations/acme/things/id-1']);
    const accepted = await edge.send('POST', `${thing}/act`, { json: { how: 'accept' } });
    expect([accepted.status, accepted.headers.location]).toEqual([202, thing]);
    const removed = await edge.send('DELETE', thing);
    expect([removed.status, removed.text]).toEqual([204, '']);
  });

  it('forward If-Match and dryRun', async () => {
    expect(
      (await edge.send('PUT', `${thing}?dryRun=true`, { json: { text: 'x' }, headers: { 'if-match': '"8"' } })).body,
    ).toMatchObject({ dryRun: true, ifMatch: 8 });
    expectProblem(
      await edge.send('PUT', thing, { json: {}, headers: { 'if-match': 'W/"8"' } }),
      400,
      'edge/if-match-invalid',
    );
    expectProblem(await edge.send('PUT', `${thing}?dryRun=perhaps`, { json: {} }), 422);
  });

  it('use-S13: reject a dry run where the contract has none', async () => {
    const response = await edge.send('POST', '/v1/organizations/acme/things?dryRun=true', { json: { name: 'web' } });
    expectProblem(response, 422, 'request/invalid');
    expect(response.body.errors).toMatchObject([{ pointer: '/dryRun' }]);
    expectProblem(await edge.send('DELETE', `${thing}?dryRun=true`), 422);
  });

  it('use-S14: match no ETag where the contract returns none', async () => {
    const headers = { 'if-match': '"8"' };
    expectProblem(await edge.send('DELETE', thing, { headers }), 412, 'edge/precondition-failed');
    expect((await edge.send('DELETE', thing, { headers: { 'if-match': '*' } })).status).toBe(204);
  });

  it('return the status of each error, with its additional members', async () => {
    const how = (word: string) => edge.send('POST', `${thing}/act`, { json: { how: word } });
    const limit = await how('limit');
    expectProblem(limit, 403, 'fixture/thing-limit');
    expect(limit.body).toMatchObject({
      title: 'Limit reached',
      fix: 'delete one',
      limit: 3,
      used: 3,
      plan: 'developer',
    });
    expectProblem(await how('conflict'), 409);
    expectProblem(await how('match'), 412, 'edge/precondition-failed');
    const gone = await how('gone');
    expectProblem(gone, 503);
    expect(gone.headers['retry-after']).toBe('7');
  });

  it('reveal nothing of a defect, in contracts and in Nest controllers', async () => {
    const failed = await edge.send('POST', `${thing}/act`, { json: { how: 'throw' } });
    expectProblem(failed, 500, 'bus/internal');
    const controller = await edge.send('GET', '/nest');
    expectProblem(controller, 500, 'bus/internal');
    expect(failed.text + controller.text).not.toContain('secret');
    expect(JSON.stringify(edge.logged)).toContain('secret of the controller');
  });

  it('return warnings and repeats in valid headers', async () => {
    const { headers } = await edge.send('POST', `${thing}/act`, { json: { how: 'warn' } });
    expect(headers.warning).toBe('299 - "eins %22zwei%22 gr%C3%BCn%0D%0Ax: y"');
    expect(headers['idempotent-replayed']).toBe('true');
  });

  it('respond to HEAD like GET', async () =>
    expect(await edge.send('HEAD', thing)).toMatchObject({ status: 200, text: '', headers: { etag: '"7"' } }));

  it('keep the request ID of the caller if it is valid', async () => {
    expect(
      (await edge.send('GET', thing, { headers: { 'x-request-id': 'trace-0123456789' } })).headers['x-request-id'],
    ).toBe('trace-0123456789');
    expect((await edge.send('GET', thing, { headers: { 'x-request-id': 'a b' } })).headers['x-request-id']).toMatch(
      /^[0-9a-f-]{36}$/,
    );
  });
});

describe('Idempotency-Key', () => {
  const idFor = async (key: string | undefined, json: object, who = 1): Promise<string> =>
    (
      await edge.send('POST', '/v1/organizations/acme/things', {
        json,
        key: who,
        headers: key === undefined ? {} : { 'idempotency-key': key },
      })
    ).body.commandId;

  it('determines the command by caller, operation, and key, and its body by a digest', async () => {
    const first = await idFor('k-1', { name: 'web' });
    expect(first).toMatch(/^[0-9a-f]{32}\.[0-9a-f]{32}$/);
    expect(await idFor('k-1', { name: 'web' })).toBe(first);
    const other = await idFor('k-1', { name: 'api' });
    expect(other.split('.')[0]).toBe(first.split('.')[0]);
    expect(other.split('.')[1]).not.toBe(first.split('.')[1]);
    expect((await idFor('k-2', { name: 'web' })).split('.')[0]).not.toBe(first.split('.')[0]);
  });

  it('is a new one for each request without the header', async () =>
    expect(await idFor(undefined, { name: 'web' })).not.toBe(await idFor(undefined, { name: 'web' })));

  it.each(['', 'x'.repeat(256), 'ä', ' x'])('is rejected when it is %j', async (key) => {
    const response = await edge.raw(
      `POST /v1/organizations/acme/things HTTP/1.1\r\nHost: x\r\nConnection: close\r\nIdempotency-Key: ${key}\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}`,
    );
    expect(response).toMatch(key === ' x' ? /^HTTP\/1\.1 401/ : /^HTTP\/1\.1 401/); // unauthenticated
    if (key !== ' x') {
      const signed = await edge.send('POST', '/v1/organizations/acme/things', {
        json: { name: 'web' },
        headers: key === 'ä' ? { 'idempotency-key': Buffer.from('ä').toString('latin1') } : { 'idempotency-key': key },
      });
      expectProblem(signed, 400, 'edge/idempotency-key-invalid');
    }
  });
});

describe('A3: only the path selects an organization', () => {
  it('ignores a header or query with another organization', async () => {
    const plain = await edge.send('GET', thing);
    for (const query of ['', `?orgId=${OTHER_ORG}`, `?organizationId=${OTHER_ORG}`, `?org=${OTHER_ORG}`]) {
      const response = await edge.send('GET', thing + query, {
        headers: { 'x-org-id': OTHER_ORG, 'x-organization-id': OTHER_ORG },
      });
      expect({ status: response.status, body: response.body }).toEqual({ status: 200, body: plain.body });
    }
    expect((await edge.send('PUT', `${thing}?orgId=${OTHER_ORG}`, { json: { text: 'x' } })).status).toBe(200);
  });

  it('returns the same error for an organization of others as for one that does not exist', async () => {
    const other = await edge.send('GET', '/v1/organizations/other/things/web');
    const none = await edge.send('GET', '/v1/organizations/nowhere/things/web');
    expectProblem(other, 404, 'organization/not-found');
    const withoutIds = ({ body }: EdgeResponse) => ({ ...body, requestId: '', instance: '' });
    expect(withoutIds(other)).toEqual(withoutIds(none));
  });

  it('rejects an organization in the body', async () =>
    expectProblem(await edge.send('PUT', thing, { json: { org: 'other' } }), 422));
});

describe('C1: database operators', () => {
  it.each(['?name[$ne]=1', '?search[$gt]=', '?$where=1', '?a.b=1'])('are rejected in the query: %s', async (query) => {
    expectProblem(await edge.send('GET', `/v1/organizations/acme/things${query}`), 422, 'request/invalid');
  });
  it.each([{ text: { $gt: '' } }, { $where: '1' }, { 'nested.a': 1 }, { nested: { a: { $ne: 1 } } }])(
    'are rejected in the body: %j',
    async (json) => {
      expectProblem(await edge.send('PUT', thing, { json }), 422, 'request/invalid');
    },
  );
});

describe('C2: prototype pollution', () => {
  it.each([
    '{"__proto__":{"polluted":1}}',
    '{"nested":{"__proto__":{"polluted":1}}}',
    '{"constructor":{"prototype":{"polluted":1}}}',
    '{"\\u005f_proto__":{"polluted":1}}',
    '[{"a":[{"__proto__":{"polluted":1}}]}]',
  ])('is rejected in a body: %s', async (body) => {
    expectProblem(await edge.send('PUT', '/v1/organizations/acme/manifests/web', { body }), 400, 'edge/not-parsable');
  });
  it.each([
    '__proto__[polluted]=1',
    '__proto__.polluted=1',
    'constructor[prototype][polluted]=1',
    'constructor.prototype.polluted=1',
    '__proto__=1',
  ])('is rejected in a query: %s', async (query) => {
    expectProblem(await edge.send('GET', `/v1/organizations/acme/things?${query}`), 400, 'edge/not-parsable');
    expectProblem(await edge.send('PUT', `${thing}?${query}`, { json: {} }), 400, 'edge/not-parsable');
  });
  it('accepts a harmless member named constructor, without side effects', async () => {
    expect(
      (await edge.send('PUT', '/v1/organizations/acme/manifests/web', { json: { constructor: 'x', prototype: 1 } }))
        .status,
    ).toBe(200);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe('C4: deep, long, and compressed bodies', () => {
  it('rejects excessive depth before it builds anything', async () => {
    expectProblem(
      await edge.send('PUT', thing, { body: `{"text":${'['.repeat(100_000)}${']'.repeat(100_000)}}` }),
      400,
      'edge/not-parsable',
    );
  });
  it('ignores brackets in strings', async () => {
    expect((await edge.send('PUT', thing, { json: { text: '[{'.repeat(1_000) + '\\"' } })).status).toBe(200);
  });
  it('rejects a long body by its announced length and closes the connection', async () => {
    const response = await edge.raw(
      `PUT ${thing} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${await owner()}\r\nContent-Type: application/json\r\nContent-Length: 104857600\r\n\r\n{`,
    );
    expect(response).toMatch(/^HTTP\/1\.1 413 /);
    expect(response.toLowerCase()).toContain('connection: close');
    expect(response).toContain('edge/body-too-large');
  });
  it('rejects an endless chunked body at the limit', async () => {
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const response = await edge.raw(
      `PUT ${thing} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${await owner()}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(100)}`,
    );
    expect(response).toMatch(/^HTTP\/1\.1 413 [\s\S]*edge\/body-too-large/);
  });
  it('responds to a sender that does not read before all is sent', async () => {
    const head = `PUT ${thing} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${await owner()}\r\nContent-Type: application/json\r\n`;
    const size = 24 * 1024 * 1024;
    const socket = connect(edge.port, '127.0.0.1').pause();
    await new Promise<void>((resolve, reject) => {
      socket.write(`${head}Content-Length: ${size}\r\n\r\n${' '.repeat(size)}`, (error) =>
        error ? reject(error) : resolve(),
      );
    });
    let response = '';
    for await (const part of socket.setEncoding('utf8')) response += String(part);
    expect(response).toMatch(/^HTTP\/1\.1 413 [\s\S]*edge\/body-too-large/);
  });
  it('limits a compressed body after decompression too', async () => {
    const bomb = gzipSync(Buffer.alloc(20 * 1024 * 1024, 0x20));
    expect(bomb.length).toBeLessThan(30_000);
    expectProblem(
      await edge.send('PUT', thing, { body: bomb, headers: { 'content-encoding': 'gzip' } }),
      413,
      'edge/body-too-large',
    );
    expect(
      (await edge.send('PUT', thing, { body: gzipSync('{"text":"x"}'), headers: { 'content-encoding': 'gzip' } })).body,
    ).toMatchObject({ text: 'x' });
    expect(
      (
        await edge.send('PUT', thing, {
          body: brotliCompressSync('{"text":"x"}'),
          headers: { 'content-encoding': 'br' },
        })
      ).status,
    ).toBe(200);
    expectProblem(await edge.send('PUT', thing, { body: 'no gzip', headers: { 'content-encoding': 'gzip' } }), 400);
    expectProblem(await edge.send('PUT', thing, { body: '{}', headers: { 'content-encoding': 'zstd' } }), 415);
  });
  it('rejects what is too large for the bus like every other transport', async () => {
    const grows = Array<string>(19_000).fill('1e20').join(',').slice(0, -1); // each number has 21 digits in a message
    const body = `[${grows},"${'x'.repeat(600 * 1024)}"]`;
    expectProblem(
      await edge.send('PUT', '/v1/organizations/acme/manifests/web', { body }),
      422,
      'bus/message-too-large',
    );
  });
});

const owner = async (): Promise<string> => (await import('./edge.fixture.ts')).secretKey(1);

describe('C5: encodings', () => {
  it.each([
    'text/plain',
    'application/json; charset=utf-16',
    'application/json; charset=latin1',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
    'nonsense',
  ])('rejects %s', async (type) => {
    expectProblem(
      await edge.send('PUT', thing, { body: '{"text":"x"}', headers: { 'content-type': type } }),
      415,
      'edge/media-type-not-supported',
    );
  });
  it('rejects a body without a type', async () => {
    const response = await edge.raw(
      `PUT ${thing} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${await owner()}\r\nContent-Length: 2\r\n\r\n{}`,
    );
    expect(response).toMatch(/^HTTP\/1\.1 415 /);
  });
  it('accepts an explicit UTF-8 charset', async () =>
    expect(
      (
        await edge.send('PUT', thing, {
          body: '{"text":"ü"}',
          headers: { 'content-type': 'application/json;charset=UTF-8' },
        })
      ).body,
    ).toMatchObject({ text: 'ü' }));
  it.each([
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
    ['UTF-16', Buffer.from('{"text":"x"}', 'utf16le')],
    ['a byte order mark', Buffer.from('\ufeff{"text":"x"}')],
    ['half a document', Buffer.from('{"text":')],
  ])('rejects a body with %s', async (_name, body) =>
    expectProblem(await edge.send('PUT', thing, { body }), 400, 'edge/not-parsable'),
  );
  it('rejects NUL in a string, with a pointer to it', async () => {
    const response = await edge.send('PUT', thing, { json: { nested: { a: 'x\0y' } } });
    expectProblem(response, 422, 'request/invalid');
    expect(response.body.errors).toMatchObject([{ pointer: '/nested/a' }]);
    expectProblem(await edge.send('GET', '/v1/organizations/acme/things?search=%00'), 422);
  });
});

describe('C6: numbers', () => {
  it.each(['1e400', '-0', '-1', '1e9', '9007199254740993', '"1"', '0.5', 'null', 'true'])(
    'rejects %s with the pointer to the field',
    async (text) => {
      const response = await edge.send('PUT', thing, { body: `{"replicas":${text}}` });
      expectProblem(response, 422, 'request/invalid');
      expect(response.body.errors[0].pointer).toBe('/replicas');
    },
  );
  it('rejects NaN', async () => expectProblem(await edge.send('PUT', thing, { body: '{"replicas":NaN}' }), 400));
  it.each(['-0', '-0.0e1', '1e400'])('rejects %s in free-form bodies too', async (text) => {
    const response = await edge.send('PUT', '/v1/organizations/acme/manifests/web', {
      body: `{"spec":[{"replicas":${text}}]}`,
    });
    expectProblem(response, 422, 'request/invalid');
    expect(response.body.errors).toMatchObject([{ pointer: '/spec/0/replicas' }]);
  });
  it.each(['NaN', '1e3', '0x10', ' 1', '1.5', '', '99999999999999999999'])(
    'rejects limit=%j in a query',
    async (text) => {
      expectProblem(await edge.send('GET', `/v1/organizations/acme/things?limit=${encodeURIComponent(text)}`), 422);
    },
  );
});

describe('C7: long texts and patterns', () => {
  it('are processed in linear time', async () => {
    const steps = async (length: number): Promise<void> =>
      expectProblem(
        await edge.send('PUT', '/v1/organizations/acme/things/web', {
          headers: { accept: 'application/json, '.repeat(200) },
          json: { text: 'a!'.repeat(length), extra: 1 },
        }),
        422,
      );
    await steps(10);
    expect(await cpuMs(() => steps(25_000))).toBeLessThan(1_000);
    expectProblem(
      await edge.send('POST', '/v1/organizations/acme/things', { json: { name: 'a!'.repeat(25_000) } }),
      422,
    );
  });
});

describe('C8: paths that do not exactly match a route', () => {
  it.each([
    '/v1/organizations/%2e%2e%2f/things',
    '/v1/organizations/acme/things/..',
    '/v1/organizations/acme/things/%2e%2e',
    '/v1//organizations/acme/things',
    '/v1/organizations//things',
    '/v1/organizations/acme;x=1/things',
    '/v1/organizations/acme/things;x',
    '/v1/organizations/acme%3Bx/things',
    '/v1/organizations/acme%2fthings/things',
    '/v1/organizations/acme%252f/things',
    '/v1/organizations/acme%5c/things',
    '/v1/organizations/acme/things/',
    '/V1/organizations/acme/things',
    '/v1/organizations/%zz/things',
    '/v1/../livez',
    '/nowhere',
    '/',
  ])('%s is 404', async (path) => expectProblem(await edge.send('GET', path), 404, 'edge/no-route'));

  it.each([9, 64])('returns 414 for a URL of %i KB', async (kilobytes) => {
    expectProblem(
      await edge.send('GET', `/v1/organizations/acme/things?search=${'x'.repeat(kilobytes * 1024)}`),
      414,
      'edge/url-too-long',
    );
  });
  it('returns 414 for a URL of 1 MB', async () => {
    const response = await edge.raw(`GET /${'x'.repeat(1024 * 1024)} HTTP/1.1\r\nHost: x\r\n\r\n`).catch(String);
    expect(response).toMatch(/^HTTP\/1\.1 414 |ECONNRESET|EPIPE/);
  });
  it('lists only some of a thousand unknown query parameters', async () => {
    const response = await edge.send(
      'GET',
      `/v1/organizations/acme/things?${Array.from({ length: 1_000 }, (_, n) => `k${n}=1`).join('&')}`,
    );
    expectProblem(response, 422);
    expect(response.body.errors).toHaveLength(20);
  });
});

describe('C9: request smuggling', () => {
  it.each([
    [
      'length and chunks',
      'POST /v1/about HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n',
    ],
    [
      'two lengths',
      'POST /v1/about HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcdeGET /livez HTTP/1.1\r\nHost: x\r\n\r\n',
    ],
    ['bare line feeds', 'GET /livez HTTP/1.1\nHost: x\n\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n'],
    [
      'chunked, but not last',
      'POST /v1/about HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n',
    ],
    ['no host', 'GET /livez HTTP/1.1\r\n\r\n'],
    ['two protocols', 'GET /livez HTTP/9.9\r\nHost: x\r\n\r\n'],
  ])('is rejected with one 400 and a closed connection: %s', async (_name, bytes) => {
    const response = await edge.raw(bytes);
    expect(response).toMatch(/^HTTP\/1\.1 400 /);
    expect(response.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(response.toLowerCase()).toContain('connection: close');
  });
});

describe('C10: line breaks in names', () => {
  it('are rejected, and never returned in a header', async () => {
    const inBody = await edge.send('POST', '/v1/organizations/acme/things', {
      json: { name: 'web\r\nSet-Cookie: x=1' },
    });
    expectProblem(inBody, 422);
    const inPath = await edge.send('GET', '/v1/organizations/acme/things/web%0d%0aSet-Cookie:x=1');
    expectProblem(inPath, 422);
    for (const { headers } of [inBody, inPath])
      expect(JSON.stringify(headers).toLowerCase()).not.toContain('set-cookie');
  });
});

describe('C15: methods', () => {
  it.each(['TRACE', 'OPTIONS', 'POST', 'PATCH'])('%s where it is not served is 405 with Allow', async (method) => {
    const response = await edge.send(method, thing);
    expectProblem(response, 405, 'edge/method-not-allowed');
    expect(response.headers.allow).toBe('DELETE, GET, HEAD, PUT');
  });
  it('use-E2: every other HTTP method is 405 with Allow, with or without a body', async () => {
    const others = METHODS.filter((method) => !['CONNECT', 'DELETE', 'GET', 'HEAD', 'PUT'].includes(method));
    expect(others).toContain('QUERY');
    const requests = others.flatMap((method) =>
      ['', 'Content-Type: application/json\r\nContent-Length: 2\r\n'].map((headers) => ({
        method,
        text: `${method} ${thing} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n${headers === '' ? '' : '{}'}`,
      })),
    );
    const responses = await Promise.all(
      requests.map(async ({ method, text }) => {
        const response = await edge.raw(text);
        return `${method} ${/^HTTP\/1\.1 (\d+)/.exec(response)?.[1]} ${/^allow: (.*)\r$/im.exec(response)?.[1]}`;
      }),
    );
    expect(responses).toEqual(requests.map(({ method }) => `${method} 405 DELETE, GET, HEAD, PUT`));
  });
  it('a header cannot override the method', async () => {
    expect(
      (
        await edge.send('GET', thing, {
          headers: { 'x-http-method-override': 'DELETE', 'x-method-override': 'DELETE' },
        })
      ).status,
    ).toBe(200);
    expectProblem(await edge.send('GET', `${thing}?_method=DELETE`), 422);
  });
  it('an unknown method is 400', async () =>
    expect(await edge.raw(`FROB ${thing} HTTP/1.1\r\nHost: x\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /));
  it('other methods on health are 405, and on other paths 404', async () => {
    expectProblem(await edge.send('POST', '/livez'), 405);
    expectProblem(await edge.send('DELETE', '/nowhere'), 404);
  });
});

describe('Accept', () => {
  it.each(['text/html', 'application/xml', 'application/json;q=0'])('%s is rejected with 406', async (accept) =>
    expectProblem(await edge.send('GET', thing, { headers: { accept } }), 406),
  );
  it.each(['*/*', 'application/*', 'text/html, application/json;q=0.1', 'application/problem+json'])(
    'accepts %s',
    async (accept) => expect((await edge.send('GET', thing, { headers: { accept } })).status).toBe(200),
  );
});

describe('streams', () => {
  const events = '/v1/organizations/acme/events';

  it('return items in one response unless they follow', async () => {
    expect((await edge.send('GET', events)).body).toEqual({
      items: ['1', '2', '3'].map((position) => ({ position, text: 'a\nb' })),
    });
  });

  it('use-L5: return pages, each with the cursor of the next', async () => {
    const first = await edge.send('GET', `${events}?limit=2`);
    expect(first.body).toEqual({ items: [expect.anything(), expect.anything()], next: '2' });
    const second = await edge.send('GET', `${events}?limit=2&after=2`);
    expect(second.body).toEqual({ items: [{ position: '3', text: 'a\nb' }] });
  });

  it('are server-sent events with the position as ID, and resume after the last received one', async () => {
    const { headers, text } = await edge.send('GET', events, {
      headers: { accept: 'text/event-stream', 'last-event-id': '1' },
    });
    expect(headers).toMatchObject({ 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
    expect(headers['x-request-id']).toBeDefined();
    expect(text).toBe(
      ': open\n\nid: 2\ndata: {"position":"2","text":"a\\nb"}\n\nid: 3\ndata: {"position":"3","text":"a\\nb"}\n\n',
    );
  });

  it('are rejected with a status before they open', async () => {
    const response = await edge.send('GET', '/v1/organizations/other/events?follow=true');
    expectProblem(response, 404, 'organization/not-found');
    expectProblem(
      await edge.send('GET', `${events}?follow=perhaps`, { headers: { accept: 'text/event-stream' } }),
      422,
    );
  });

  it('end with a problem event after they have opened', async () => {
    const { text } = await edge.send('GET', `${events}?fault=true`, { headers: { accept: 'text/event-stream' } });
    expect(text).toMatch(/id: 3\n.*\n\nevent: problem\ndata: \{.*"code":"fixture\/removed".*\}\n\n$/);
    expectProblem(await edge.send('GET', `${events}?fault=true`), 404, 'fixture/removed');
  });
});

describe('health, metrics, description', () => {
  it('return the served contracts and the dependencies, without authentication', async () => {
    expect(await edge.send('GET', '/livez', { key: false })).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect((await edge.send('GET', '/readyz', { key: false })).body).toMatchObject({
      ready: true,
      contracts: expect.arrayContaining(['fixture.v1.get']),
      dependencies: [{ name: 'log', ok: true }],
    });
  });

  it('count by route template, without organizations', async () => {
    await edge.send('GET', thing);
    const { text } = await edge.send('GET', '/metrics', { key: false });
    expect(text).toContain(
      'astro_http_request_duration_seconds_count{method="GET",route="/v1/organizations/:org/things/:name",status="200"}',
    );
    expect(text).not.toContain('acme');
    expect(text).not.toContain(ORG);
  });

  it('describe every route in OpenAPI 3.1', async () => {
    const { body } = await edge.send('GET', '/openapi.json', { key: false });
    expect(body.openapi).toBe('3.1.0');
    expect(Object.keys(body.paths)).toHaveLength(9);
    const put = body.paths['/v1/organizations/{org}/things/{name}'].put;
    expect(put.parameters.map(({ name, in: where }: { name: string; in: string }) => `${where} ${name}`)).toEqual(
      expect.arrayContaining(['path org', 'path name', 'query dryRun', 'header If-Match']),
    );
    const remove = body.paths['/v1/organizations/{org}/things/{name}'].delete;
    expect(remove.parameters.map(({ name }: { name: string }) => name)).toEqual(['org', 'name', 'Consistency']);
    expect(put.requestBody.content['application/json'].schema).toMatchObject({
      additionalProperties: false,
      properties: { replicas: { type: 'integer', maximum: 1000 } },
    });
    expect(
      body.paths['/v1/organizations/{org}/things'].get.responses['200'].content['application/json'].schema.properties,
    ).toHaveProperty('items');
  });
});
