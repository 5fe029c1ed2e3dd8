import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { silentLogger } from '#kernel';
import { systemClock as clock } from '#runtime/system';
import { sequenceIds } from '#testing';
import { KubernetesApiError, KubernetesUnreachableError, type KubernetesClient } from './client.ts';
import { createKubernetesClient } from './create-client.ts';
import { TYPES } from './discovery.ts';
import { parseEgressPolicy } from '#egress';
import type { KubernetesObject } from './objects.ts';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** An HTTP server that responds as each test specifies, and records requests. */
let server: Server;
let respond: (seen: Seen, response: ServerResponse, socket: Socket) => void;
let seen: Seen[];
let client: KubernetesClient;

const egress = (allowed: string) => {
  const policy = parseEgressPolicy(allowed);
  if (!policy.ok) throw new Error(policy.error.detail);
  return policy.value;
};
const portOf = (): number => (server.address() as AddressInfo).port; // a TCP server has an address of this form
const open = (more: Partial<Parameters<typeof createKubernetesClient>[0]> = {}) =>
  createKubernetesClient({
    server: `http://127.0.0.1:${portOf()}`,
    credential: { token: 'tok' },
    egress: egress('127.0.0.0/8'),
    clock,
    ids: sequenceIds(),
    log: silentLogger,
    deadlineMs: 5_000,
    ratePerSecond: 1_000,
    ...more,
  });
const json = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) =>
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
const status = (code: number, reason: string, more: object = {}) => ({
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  code,
  reason,
  message: `said ${reason}`,
  ...more,
});
const configMap: KubernetesObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'n' } };

beforeEach(async () => {
  seen = [];
  respond = (_, response) => json(response, 200, configMap);
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const entry = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
      seen.push(entry);
      respond(entry, response, request.socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = open();
});
afterEach(async () => {
  client.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('a write', () => {
  it('sends every field of a manifest unchanged, even if no model defines it (KUBERNETES 1.2)', async () => {
    const policy: KubernetesObject = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'a', namespace: 'n' },
      spec: {
        podSelector: {},
        ingress: [{ from: [{ podSelector: {} }] }],
        newField: { default: 1, enum: ['x'], $ref: 'y', 'x-kubernetes-preserve-unknown-fields': true, continue: 'z' },
      },
    };
    const type = {
      group: 'networking.k8s.io',
      version: 'v1',
      kind: 'NetworkPolicy',
      resource: 'networkpolicies',
      namespaced: true,
      verbs: [],
    };
    await client.apply(type, policy, { fieldManager: 'm' });
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual(policy);
    expect(seen[0]).toMatchObject({
      method: 'PATCH',
      url: '/apis/networking.k8s.io/v1/namespaces/n/networkpolicies/a?fieldManager=m&fieldValidation=Strict',
      headers: { 'content-type': 'application/apply-patch+yaml', authorization: 'Bearer tok' },
    });
  });

  it('sends a DELETE with Content-Length, and with its options only in the body (KUBERNETES 1.3)', async () => {
    respond = (_, response) => json(response, 200, { kind: 'Status', status: 'Success' });
    expect(
      await client.delete(
        TYPES.configMap,
        { name: 'a', namespace: 'n' },
        { uid: 'u', resourceVersion: '7', dryRun: true },
      ),
    ).toBe('deleted');
    const [request] = seen;
    expect(request?.headers['content-length']).toBe(String(Buffer.byteLength(request?.body ?? '')));
    expect(request?.headers['transfer-encoding']).toBeUndefined();
    expect(request?.url).not.toContain('?');
    expect(JSON.parse(request?.body ?? '')).toMatchObject({
      kind: 'DeleteOptions',
      preconditions: { uid: 'u', resourceVersion: '7' },
      dryRun: ['All'],
      propagationPolicy: 'Background',
    });
  });

  it('is uncertain and not retried when its response is lost', async () => {
    respond = (_, __, socket) => socket.destroy();
    await expect(client.create(TYPES.configMap, configMap, { fieldManager: 'm' })).rejects.toMatchObject({
      name: 'KubernetesUnreachableError',
      why: 'connection',
      uncertain: true,
    });
    expect(seen).toHaveLength(1);
  });

  it.each(['', '.', '..'])('rejects the name %j, which would change the path', async (name) => {
    await expect(client.delete(TYPES.configMap, { name, namespace: 'n' })).rejects.toThrow(TypeError);
    expect(seen).toHaveLength(0);
  });

  it('escapes names', async () => {
    await client.get(TYPES.configMap, 'a/../b?c', 'n');
    expect(seen[0]?.url).toBe('/api/v1/namespaces/n/configmaps/a%2F..%2Fb%3Fc');
  });

  it('returns the warnings of the server', async () => {
    respond = (_, response) => json(response, 201, configMap, { warning: '299 - "unknown field \\"a\\""' });
    expect(await client.create(TYPES.configMap, configMap, { fieldManager: 'm' })).toMatchObject({
      created: true,
      warnings: ['unknown field "a"'],
    });
  });
});

describe('E13: calls to an unhealthy cluster', () => {
  const failing = (times: number, reply: (response: ServerResponse) => void) => {
    respond = (_, response) => (seen.length <= times ? reply(response) : json(response, 200, configMap));
  };

  it.each([500, 502, 503, 504, 429])('K8.6-10: are retried on %s', async (code) => {
    failing(2, (response) => json(response, code, status(code, 'X')));
    expect(await client.get(TYPES.configMap, 'a', 'n')).toEqual(configMap);
    expect(seen).toHaveLength(3);
  });

  it('K8.6-9: are retried after the time in Retry-After', async () => {
    failing(1, (response) => json(response, 429, status(429, 'TooManyRequests'), { 'retry-after': '1' }));
    const startedMs = performance.now();
    await client.get(TYPES.configMap, 'a', 'n');
    expect(performance.now() - startedMs).toBeGreaterThan(950);
  });

  it.each([
    ['failed to create typed patch object (n/a; v1, Kind=ConfigMap): .x: field not declared in schema'],
    ['etcdserver: request is too large'],
  ])('are not retried on a 500 that the request itself caused: %s', async (message) => {
    respond = (_, response) => json(response, 500, { kind: 'Status', code: 500, message });
    await expect(client.apply(TYPES.configMap, configMap, { fieldManager: 'm' })).rejects.toMatchObject({
      status: 500,
    });
    expect(seen).toHaveLength(1);
  });

  it('are never retried on a conflict, which reports managers and fields in a fixed order', async () => {
    const causes = ['b', 'a'].map((manager) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with "${manager}" with subresource "scale" using apps/v1`,
      field: '.spec.replicas',
    }));
    respond = (_, response) => json(response, 409, status(409, 'Conflict', { details: { causes } }));
    await expect(client.apply(TYPES.configMap, configMap, { fieldManager: 'm' })).rejects.toMatchObject({
      status: 409,
      reason: 'Conflict',
      causes: [{ field: '.spec.replicas' }, {}],
    });
    expect(seen).toHaveLength(1);
  });

  it('end at the deadline if there is no response', async () => {
    respond = () => {};
    await expect(client.get(TYPES.configMap, 'a', 'n', { deadlineMs: 150 })).rejects.toMatchObject({
      why: 'timeout',
      uncertain: false,
    });
    await expect(
      client.apply(TYPES.configMap, configMap, { fieldManager: 'm', deadlineMs: 150 }),
    ).rejects.toMatchObject({ why: 'timeout', uncertain: true });
  });

  it('end at the deadline if the response is incomplete', async () => {
    respond = (_, response) => void response.writeHead(200).write('{"kind":');
    await expect(client.get(TYPES.configMap, 'a', 'n', { deadlineMs: 150 })).rejects.toMatchObject({ why: 'timeout' });
  });

  it('end immediately on abort', async () => {
    respond = () => {};
    const stop = new AbortController();
    const call = client.get(TYPES.configMap, 'a', 'n', { signal: stop.signal });
    stop.abort();
    await expect(call).rejects.toMatchObject({ why: 'aborted' });
  });

  it('do not buffer an endless response', async () => {
    respond = (_, response) => {
      const more = () => void (response.destroyed || response.write('x'.repeat(4_096), () => setImmediate(more)));
      response.writeHead(200);
      more();
    };
    await expect(client.get(TYPES.configMap, 'a', 'n')).rejects.toMatchObject({ why: 'too-large' });
  });

  it('silently replace a kept connection that the server has closed', async () => {
    await client.get(TYPES.configMap, 'a', 'n');
    let closed = false;
    respond = (_, response, socket) => {
      if (closed) return json(response, 200, configMap);
      closed = true;
      return socket.destroy();
    };
    expect(await client.get(TYPES.configMap, 'a', 'n')).toEqual(configMap);
  });

  it('use one connection for 50 sequential calls', async () => {
    const sockets = new Set<number | undefined>();
    respond = (_, response, socket) => {
      sockets.add(socket.remotePort);
      json(response, 200, configMap);
    };
    for (let turn = 0; turn < 50; turn++) await client.get(TYPES.configMap, 'a', 'n');
    expect(sockets.size).toBe(1);
  });

  it('use sixteen connections for 200 concurrent calls', async () => {
    const sockets = new Set<number | undefined>();
    respond = (_, response, socket) => {
      sockets.add(socket.remotePort);
      json(response, 200, configMap);
    };
    await Promise.all(Array.from({ length: 200 }, () => client.get(TYPES.configMap, 'a', 'n')));
    expect(sockets.size).toBe(16);
  });

  it('are rate-limited, so that one application cannot starve others', async () => {
    const slow = open({ ratePerSecond: 20, burst: 2 });
    const startedMs = performance.now();
    await Promise.all(Array.from({ length: 6 }, () => slow.get(TYPES.configMap, 'a', 'n')));
    expect(performance.now() - startedMs).toBeGreaterThan(150);
    slow.close();
  });

  it('end when the client is closed', async () => {
    respond = () => {};
    const other = open();
    const call = other.get(TYPES.configMap, 'a', 'n');
    other.close();
    await expect(call).rejects.toMatchObject({ why: 'closed' });
  });
});

describe('E10: a connection of a client', () => {
  it('is not opened to an address that the policy refuses', async () => {
    const other = open({ egress: egress('') });
    await expect(other.get(TYPES.configMap, 'a', 'n')).rejects.toMatchObject({
      why: 'egress',
      message: expect.stringContaining('ASTRO_EGRESS_ALLOW=127.0.0.1'),
    });
    other.close();
    expect(seen).toHaveLength(0);
  });

  it('is checked after name resolution, within the connection attempt', async () => {
    const refused = open({ server: `http://localhost:${portOf()}`, egress: egress('') });
    await expect(refused.get(TYPES.configMap, 'a', 'n')).rejects.toMatchObject({ why: 'egress' });
    refused.close();
    const allowed = open({ server: `http://localhost:${portOf()}`, egress: egress(`localhost:${portOf()}`) });
    expect(await allowed.get(TYPES.configMap, 'a', 'n')).toEqual(configMap);
    allowed.close();
  });

  it('follows no redirects', async () => {
    respond = (_, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
    await expect(client.get(TYPES.configMap, 'a', 'n')).rejects.toBeInstanceOf(KubernetesApiError);
    expect(seen).toHaveLength(1);
  });

  it.each(['http://k8s.example.com', 'https://u:p@k8s.example.com', 'ftp://127.0.0.1'])(
    'is refused for %s',
    (address) => expect(() => open({ server: address })).toThrow(KubernetesUnreachableError),
  );
});

describe('use-S5: a response over its limit', () => {
  const MEGABYTES = 60;
  /** Responds endlessly, or with up to 60 MB; counts the bytes that could be sent. */
  const flood = (response: ServerResponse, begin: string, code = 200): { bytes: number } => {
    const sent = { bytes: 0 };
    const chunk = 'x'.repeat(64 * 1_024);
    const more = () => {
      if (response.destroyed || sent.bytes > MEGABYTES * 1_000_000) return void response.end();
      sent.bytes += chunk.length;
      if (response.write(chunk)) setImmediate(more);
      else response.once('drain', more);
    };
    response.on('error', () => {}).writeHead(code, { 'content-type': 'application/json' });
    response.write(begin);
    more();
    return sent;
  };
  const node = { metadata: { name: 'n' } };
  const calls: readonly [what: string, bytes: number, call: () => Promise<unknown>][] = [
    ['version', 64, () => client.version()],
    ['access review', 64, () => client.mayI({ verb: 'get', group: '', resource: 'pods' })],
    ['token', 64, () => client.requestToken('n', 'a', 600)],
    ['identity', 64, () => client.clusterUid()],
    ['number of nodes', 64, () => client.count(TYPES.node)],
    ['object', 3_072, () => client.get(TYPES.configMap, 'a', 'n')],
    ['applied object', 3_072, () => client.apply(TYPES.configMap, configMap, { fieldManager: 'm' })],
    ['discovery', 8_192, () => client.discovery()],
  ];
  it.each(calls)('is cut off: %s at %i KiB', async (_what, kibibytes, call) => {
    const floods: { bytes: number }[] = [];
    respond = (_, response) => void floods.push(flood(response, '{"text":"'));
    await expect(call()).rejects.toMatchObject({ why: 'too-large' });
    // The buffers of the two sockets are added.
    for (const { bytes } of floods) expect(bytes).toBeLessThan(kibibytes * 1_024 + 8_000_000);
  });

  it('is cut off by its Content-Length, before anything is read', async () => {
    let written = 0;
    respond = (_, response) => {
      response.on('error', () => {}).writeHead(200, { 'content-length': String(MEGABYTES * 1_000_000) });
      response.write('{', () => (written += 1));
    };
    await expect(client.version()).rejects.toMatchObject({ why: 'too-large' });
    expect(written).toBeLessThanOrEqual(1);
  });

  it('is read for a limited time if it is the error of a stream', async () => {
    respond = (_, response) => void flood(response, '{"text":"', 403);
    const reading = client.watch(TYPES.configMap, { resourceVersion: '1' })[Symbol.asyncIterator]();
    await expect(reading.next()).rejects.toMatchObject({ status: 403 });
  });

  it('makes the client request a page of large objects again with a smaller limit', async () => {
    const names = Array.from({ length: 30 }, (_, n) => `c${n}`);
    respond = ({ url }, response) => {
      const query = new URL(url, 'http://x').searchParams;
      const from = Number(query.get('continue') ?? 0);
      const to = from + Number(query.get('limit'));
      const items = names.slice(from, to).map((name) => ({ metadata: { name }, data: { x: 'x'.repeat(200_000) } }));
      json(response, 200, {
        metadata: { resourceVersion: '5', ...(to < names.length && { continue: String(to) }) },
        items,
      });
    };
    const { items } = await client.list(TYPES.configMap);
    expect(items.map(({ metadata }) => metadata.name)).toEqual(names);
    expect(seen.map(({ url }) => new URL(url, 'http://x').searchParams.get('limit'))).toEqual([
      '100',
      '10',
      '10',
      '10',
    ]);
    await expect(client.list(TYPES.configMap, { maxBytes: 5_000_000 })).rejects.toMatchObject({
      why: 'too-large',
      message: 'The list of configmaps has more than 5000000 bytes.',
    });
  });

  it('needs no version, such as that of a metrics-server, but items', async () => {
    respond = (_, response) => json(response, 200, { metadata: {}, items: [{ metadata: { name: 'a' } }] });
    expect(await client.list(TYPES.configMap)).toMatchObject({
      items: [{ metadata: { name: 'a' } }],
      resourceVersion: '',
    });
    respond = (_, response) => json(response, 200, { metadata: { resourceVersion: '5' } });
    await expect(client.list(TYPES.configMap)).rejects.toMatchObject({ why: 'malformed' });
  });

  it('ends at the deadline if it is an endless list, counting all pages together', async () => {
    respond = (_, response) => json(response, 200, { metadata: { resourceVersion: '5', continue: 'more' }, items: [] });
    await expect(client.list(TYPES.configMap, { deadlineMs: 300 })).rejects.toMatchObject({ why: 'timeout' });
  });

  it('is cut off at 8 MiB if it consists of many documents of discovery', async () => {
    const versions = Array.from({ length: 3_000 }, (_, n) => ({ version: `v${n}` }));
    respond = ({ url }, response) => {
      if (url === '/api') return json(response, 200, { kind: 'APIVersions', versions: [] });
      if (url === '/apis') return json(response, 200, { groups: [{ name: 'g', versions }] });
      return json(response, 200, { resources: [] });
    };
    const patient = open({ ratePerSecond: 1_000_000, deadlineMs: 60_000 });
    await expect(patient.discovery()).rejects.toMatchObject({ why: 'too-large' });
    expect(seen.length).toBeLessThan(2_100);
    patient.close();
  });

  it('is not needed for a count: one short page suffices, or the pages of the list', async () => {
    respond = (_, response) =>
      json(response, 200, { metadata: { resourceVersion: '5', continue: 'x', remainingItemCount: 41 }, items: [node] });
    expect(await client.count(TYPES.node)).toBe(42);
    expect(seen[0]).toMatchObject({
      url: '/api/v1/nodes?limit=1',
      headers: { accept: expect.stringContaining('as=PartialObjectMetadataList') },
    });
    respond = (_, response) => json(response, 200, { metadata: { resourceVersion: '5' }, items: [node] });
    expect(await client.count(TYPES.node)).toBe(1);
    respond = ({ url }, response) => {
      const isShort = url.endsWith('?limit=1');
      const metadata = { resourceVersion: '5', ...(isShort && { continue: 'x' }) };
      json(response, 200, { metadata, items: isShort ? [node] : [node, node, node] });
    };
    expect(await client.count(TYPES.node)).toBe(3);
  });
});

describe('lists and watches', () => {
  it('read a list page by page', async () => {
    respond = (request, response) =>
      json(
        response,
        200,
        request.url.includes('continue=')
          ? { metadata: { resourceVersion: '9' }, items: [{ metadata: { name: 'b' } }] }
          : { metadata: { resourceVersion: '9', continue: 'next' }, items: [{ metadata: { name: 'a' } }] },
      );
    const { items, resourceVersion } = await client.list(TYPES.configMap, { namespace: 'n', labelSelector: 'x=y' });
    expect(items.map(({ kind, metadata }) => [kind, metadata.name])).toEqual([
      ['ConfigMap', 'a'],
      ['ConfigMap', 'b'],
    ]);
    expect(resourceVersion).toBe('9');
    expect((await client.list(TYPES.configMap, { most: 1 })).items.map(({ metadata }) => metadata.name)).toEqual(['a']);
    expect(seen.at(-1)?.url).toContain('limit=1');
  });

  it('E14: restart the list when a continue token expires', async () => {
    respond = (request, response) => {
      if (seen.length === 1)
        return json(response, 200, {
          metadata: { resourceVersion: '1', continue: 'old' },
          items: [{ metadata: { name: 'stale' } }],
        });
      if (request.url.includes('continue=old')) return json(response, 410, status(410, 'Expired'));
      return json(response, 200, { metadata: { resourceVersion: '5' }, items: [{ metadata: { name: 'fresh' } }] });
    };
    expect((await client.list(TYPES.configMap)).items.map(({ metadata }) => metadata.name)).toEqual(['fresh']);
  });

  it('return events of a watch in order, even if lines are split', async () => {
    const lines = [
      { type: 'ADDED', object: configMap },
      { type: 'BOOKMARK', object: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { resourceVersion: '12' } } },
      { type: 'DELETED', object: configMap },
    ]
      .map((event) => `${JSON.stringify(event)}\n`)
      .join('');
    respond = (_, response) => {
      response.writeHead(200);
      for (let from = 0; from < lines.length; from += 7) response.write(lines.slice(from, from + 7));
      response.end();
    };
    const types: string[] = [];
    for await (const event of client.watch(TYPES.configMap, { resourceVersion: '1' }))
      types.push(`${event.type} ${event.object.metadata.resourceVersion ?? ''}`.trim());
    expect(types).toEqual(['ADDED', 'BOOKMARK 12', 'DELETED']);
    expect(seen[0]?.url).toContain('allowWatchBookmarks=true');
  });

  it('E14, K8.6-41: report an expired watch, for which the server returns 200', async () => {
    respond = (_, response) =>
      response.writeHead(200).end(`${JSON.stringify({ type: 'ERROR', object: status(410, 'Expired') })}\n`);
    const reading = (async () => {
      for await (const _ of client.watch(TYPES.configMap, { resourceVersion: '1' }));
    })();
    await expect(reading).rejects.toMatchObject({ status: 410, reason: 'Expired' });
  });

  it('treat a watch without data for too long as lost', async () => {
    respond = (_, response) => void response.writeHead(200).flushHeaders();
    const reading = (async () => {
      for await (const _ of client.watch(TYPES.configMap, { resourceVersion: '1', idleMs: 100 }));
    })();
    await expect(reading).rejects.toMatchObject({ why: 'timeout' });
  });
});

describe('E15: logs', () => {
  it('are truncated at 16 KiB per line with a notice, and binary data is made readable', async () => {
    respond = (_, response) => {
      response.writeHead(200);
      response.write(`${'x'.repeat(1_000_000)}\n`);
      response.end(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(' end')]));
    };
    const lines: string[] = [];
    for await (const line of client.logs('n', 'p')) lines.push(line);
    expect(lines[0]).toHaveLength(16_384 + ' …(983616 bytes cut)'.length);
    expect(lines[0]).toMatch(/983616 bytes cut/);
    expect(lines[1]).toBe('\ufffd\ufffd end');
  });

  it('are sent at the pace of the reader', async () => {
    let written = 0;
    respond = (_, response) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write(`${'y'.repeat(1_000)}\n`)) written += 1_000;
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    };
    const lines = client.logs('n', 'p', { follow: true })[Symbol.asyncIterator]();
    await lines.next();
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
    const held = written;
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(written).toBe(held);
    expect(written).toBeLessThan(20_000_000);
    await lines.return?.();
  });
});

describe('discovery', () => {
  it('reads an older server group by group, preferred versions first, without subresources', async () => {
    const resources = (names: readonly (readonly [string, string])[]) => ({
      kind: 'APIResourceList',
      resources: names.map(([name, kind]) => ({ name, kind, namespaced: true, verbs: ['get'] })),
    });
    respond = ({ url }, response) => {
      if (url === '/api') return json(response, 200, { kind: 'APIVersions', versions: ['v1'] });
      if (url === '/apis')
        return json(response, 200, {
          kind: 'APIGroupList',
          groups: [
            { name: 'x.io', preferredVersion: { version: 'v2' }, versions: [{ version: 'v1' }, { version: 'v2' }] },
          ],
        });
      if (url === '/api/v1')
        return json(
          response,
          200,
          resources([
            ['pods', 'Pod'],
            ['pods/log', 'Pod'],
          ]),
        );
      return json(response, 200, resources([['things', 'Thing']]));
    };
    const discovery = await client.discovery();
    expect(discovery.types.map(({ version, resource }) => `${version}/${resource}`)).toEqual([
      'v1/pods',
      'v2/things',
      'v1/things',
    ]);
    expect(discovery.preferred('x.io', 'Thing')).toMatchObject({ version: 'v2' });
  });

  it('is cached for a minute, then requested with its ETag', async () => {
    respond = ({ headers, url }, response) => {
      if (headers['if-none-match'] === 'tag') return response.writeHead(304).end();
      const items =
        url === '/apis'
          ? []
          : [
              {
                metadata: {},
                versions: [
                  {
                    version: 'v1',
                    resources: [{ resource: 'pods', scope: 'Namespaced', responseKind: { kind: 'Pod' }, verbs: [] }],
                  },
                ],
              },
            ];
      return json(response, 200, { kind: 'APIGroupDiscoveryList', items }, { etag: 'tag' });
    };
    const first = await client.discovery();
    await client.discovery();
    expect(seen).toHaveLength(2);
    expect(await client.discovery({ maxAgeMs: 0 })).toBe(first);
    expect(first.find('v1', 'Pod')).toMatchObject({ group: '', namespaced: true });
  });
});
