import {
  eachEvent,
  serveSandboxes,
  type SandboxAnswer,
  type SandboxUser,
  type ServedSandboxes,
} from './sandbox.fixture.ts';

/** Requests of attackers and floods to the address of a sandbox. */

const MIB = 1024 * 1024;
const UNAUTHORIZED = {
  status: 401,
  body: { kind: 'Status', reason: 'Unauthorized', message: 'Unauthorized', code: 401 },
};
const MERGE = { 'content-type': 'application/merge-patch+json' };
const JSON_PATCH = { 'content-type': 'application/json-patch+json' };
const APPLY = { 'content-type': 'application/apply-patch+yaml' };

let served: ServedSandboxes;
let ada: SandboxUser;
let eve: SandboxUser;

beforeAll(async () => {
  served = await serveSandboxes();
  [ada, eve] = [await served.of('org-ada'), await served.of('org-eve')];
  await ada.ask('POST /api/v1/namespaces/default/configmaps', {
    body: { metadata: { name: 'held' }, data: { a: 'b' } },
  });
});
afterAll(() => served.stop());

const held = () => ada.ask('GET /api/v1/namespaces/default/configmaps/held');
const isWell = async (): Promise<void> =>
  expect(await held()).toMatchObject({ status: 200, body: { data: { a: 'b' } } });

describe('access to a sandbox', () => {
  it('is rejected with the same 401 for a missing, malformed or foreign token and for a missing sandbox', async () => {
    const forged = `sbx.${Buffer.from(JSON.stringify({ namespace: 'kube-system', name: 'x', endsMs: 9e15 })).toString('base64url')}.${'A'.repeat(43)}`;
    const answers = await Promise.all([
      ada.ask('GET /api/v1/pods', { token: null }),
      ada.ask('GET /api/v1/pods', { token: `${ada.token.slice(0, -1)}~` }),
      ada.ask('GET /api/v1/pods', { token: ada.token.slice(0, -1) }),
      ada.ask('GET /api/v1/pods', { token: forged }),
      ada.ask('GET /api/v1/pods', {
        headers: { authorization: `Basic ${Buffer.from(`owner:${ada.token}`).toString('base64')}` },
      }),
      eve.ask(`GET ${ada.prefix}/api/v1/pods`),
      eve.ask(`GET ${ada.prefix}/api/v1/pods?watch=true`),
      eve.ask(`DELETE ${ada.prefix}/api/v1/namespaces/default/configmaps`),
      eve.ask(`GET ${eve.prefix}/%2e%2e/org-ada/api/v1/namespaces/default/configmaps/held`, { token: null }),
      eve.ask('GET /sandbox/org-nobody/api/v1/pods'),
      eve.ask('GET /sandbox/..%2forg-ada/api/v1/pods'),
      eve.ask('GET /sandbox//api/v1/pods'),
    ]);
    for (const response of answers) expect(response).toMatchObject(UNAUTHORIZED);
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    await isWell();
  });

  it('cannot be gained with dots in a path', async () => {
    expect(await eve.ask(`GET ${eve.prefix}/../org-ada/api/v1/namespaces/default/configmaps/held`)).toMatchObject({
      status: 404,
    });
    expect(
      await eve.ask(`GET ${eve.prefix}/api/v1/../../../org-ada/api/v1/namespaces/default/configmaps/held`),
    ).toMatchObject({ status: 404 });
  });

  it('does not reveal objects of other organizations by name', async () => {
    expect(await eve.ask('GET /api/v1/namespaces/default/configmaps/held')).toMatchObject({ status: 404 });
    expect(JSON.stringify((await eve.ask('GET /api/v1/configmaps')).body)).not.toContain('"held"');
  });

  it('does not create a sandbox for any path', async () => {
    await eve.ask('GET /sandbox/org-new/api/v1/pods');
    expect(await eve.ask('GET /sandbox/org-new/api/v1/pods', { token: eve.token })).toMatchObject(UNAUTHORIZED);
  });
});

describe('the size of a request', () => {
  const map = (size: number) => ({ metadata: { name: 'large' }, data: { a: 'x'.repeat(size) } });
  const tooLarge = { status: 413, body: { kind: 'Status', reason: 'RequestEntityTooLarge', code: 413 } };

  it('is limited to bodies of 3 MiB (413), with and without a length, for all methods', async () => {
    expect(await ada.ask('POST /api/v1/namespaces/default/configmaps', { body: map(3 * MIB) })).toMatchObject(tooLarge);
    expect(
      await ada.ask('POST /api/v1/namespaces/default/configmaps', {
        body: Array.from({ length: 64 }, () => ' '.repeat(64 * 1024)),
      }),
    ).toMatchObject(tooLarge);
    expect(await ada.ask('POST /api/v1/namespaces/default/configmaps', { body: map(32 * MIB) })).toMatchObject(
      tooLarge,
    );
    expect(await ada.ask('PUT /api/v1/namespaces/default/configmaps/held', { body: map(3 * MIB) })).toMatchObject(
      tooLarge,
    );
    expect(
      await ada.ask('PATCH /api/v1/namespaces/default/configmaps/held', { headers: MERGE, body: map(3 * MIB) }),
    ).toMatchObject(tooLarge);
    expect(
      await ada.ask('PATCH /api/v1/namespaces/default/configmaps/held?fieldManager=a', {
        headers: APPLY,
        body: map(3 * MIB),
      }),
    ).toMatchObject(tooLarge);
    expect(await ada.ask('DELETE /api/v1/namespaces/default/configmaps/held', { body: map(3 * MIB) })).toMatchObject(
      tooLarge,
    );
    await isWell();
  });

  it('is limited to ConfigMaps of 1 MiB, and objects of 1.5 MiB, as on a server', async () => {
    expect(await ada.ask('POST /api/v1/namespaces/default/configmaps', { body: map(MIB + 1) })).toMatchObject({
      status: 422,
    });
    const fat = {
      metadata: { name: 'fat' },
      spec: {
        podSelector: {},
        ingress: Array.from({ length: 40_000 }, (_, port) => ({
          ports: [{ port: 1 + (port % 60_000), protocol: 'TCP' }],
        })),
      },
    };
    expect(
      await ada.ask('POST /apis/networking.k8s.io/v1/namespaces/default/networkpolicies', { body: fat }),
    ).toMatchObject({
      status: 500,
      body: { message: 'etcdserver: request is too large' },
    });
  });

  it('is limited to addresses of 8 KiB (414)', async () => {
    expect(await ada.ask(`GET /api/v1/pods?labelSelector=${'a'.repeat(9_000)}`)).toMatchObject({ status: 414 });
  });
});

describe('expanding input', () => {
  it('is rejected with 400 if it nests too deeply: JSON, YAML in flow style, YAML in block style', async () => {
    const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`;
    const blocks = Array.from({ length: 600 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n');
    for (const [asked, headers, body] of [
      ['POST /api/v1/namespaces/default/configmaps', {}, deep],
      ['POST /api/v1/namespaces/default/configmaps', {}, '['.repeat(MIB)],
      ['PATCH /api/v1/namespaces/default/configmaps/held', MERGE, deep],
      ['PATCH /api/v1/namespaces/default/configmaps/held', JSON_PATCH, `[{"op":"add","path":"/data","value":${deep}}]`],
      ['PATCH /api/v1/namespaces/default/configmaps/held?fieldManager=a', APPLY, deep],
      ['PATCH /api/v1/namespaces/default/configmaps/held?fieldManager=a', APPLY, blocks],
      ['DELETE /api/v1/namespaces/default/configmaps/held', {}, deep],
    ] as const)
      expect(await ada.ask(asked, { headers, body })).toMatchObject({
        status: 400,
        body: { kind: 'Status', reason: 'BadRequest' },
      });
    await isWell();
  });

  it('is rejected if YAML aliases multiply', async () => {
    const laughs = [
      'a0: &a0 [x, x, x, x, x, x, x, x, x, x]',
      ...Array.from(
        { length: 9 },
        (_, n) => `a${n + 1}: &a${n + 1} [${Array.from({ length: 10 }, () => `*a${n}`).join(', ')}]`,
      ),
    ].join('\n');
    expect(
      await ada.ask('PATCH /api/v1/namespaces/default/configmaps/held?fieldManager=a', {
        headers: APPLY,
        body: laughs,
      }),
    ).toMatchObject({ status: 400 });
  });

  it('is rejected if JSON patches double what they copy, are too long, or access a prototype', async () => {
    const doubling = [
      { op: 'add', path: '/data/a0', value: 'x'.repeat(100_000) },
      ...Array.from({ length: 60 }, (_, n) => ({ op: 'copy', from: '/data', path: `/data/c${n}` })),
    ];
    const patch = (body: unknown) =>
      ada.ask('PATCH /api/v1/namespaces/default/configmaps/held', { headers: JSON_PATCH, body: JSON.stringify(body) });
    expect((await patch(doubling)).status).toBeGreaterThanOrEqual(400);
    expect(
      await patch(Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/data/a', value: 'b' }))),
    ).toMatchObject({ status: 413 });
    for (const path of ['/__proto__/polluted', '/metadata/__proto__/polluted', '/constructor/prototype/polluted'])
      await patch([{ op: 'add', path, value: 'yes' }]);
    await ada.ask('PATCH /api/v1/namespaces/default/configmaps/held', {
      headers: MERGE,
      body: '{"__proto__":{"polluted":"yes"},"data":{"__proto__":{"polluted":"yes"}}}',
    });
    expect(({} as { polluted?: string }).polluted).toBeUndefined();
    await isWell();
  });

  it('does not block the server with slow selectors and strategic patches', async () => {
    await ada.ask(`GET /api/v1/pods?labelSelector=${encodeURIComponent('a('.repeat(1_200))}`);
    await ada.ask(`GET /api/v1/pods?labelSelector=${encodeURIComponent(`a in (${'b,'.repeat(1_200)}`)}`);
    await ada.ask(`GET /api/v1/pods?fieldSelector=${encodeURIComponent('metadata.name=a,'.repeat(200))}`);
    const finalizers = Array.from({ length: 5_000 }, (_, n) => `example.com/${n}`);
    await ada.ask('PATCH /api/v1/namespaces/default/configmaps/held', {
      headers: { 'content-type': 'application/strategic-merge-patch+json' },
      body: {
        metadata: {
          finalizers,
          '$setElementOrder/finalizers': finalizers,
          '$deleteFromPrimitiveList/finalizers': finalizers,
        },
      },
    });
    await isWell();
  });
});

describe('watches', () => {
  const watch = 'GET /api/v1/namespaces/default/configmaps?watch=true';

  it('deliver a change to 200 readers immediately, return 429 above 256, and are available again later', async () => {
    const { body } = (await ada.ask('GET /api/v1/namespaces/default/configmaps')) as SandboxAnswer & {
      body: { metadata: { resourceVersion: string } };
    };
    const from = `${watch}&resourceVersion=${body.metadata.resourceVersion}`;
    const watches = await Promise.all(Array.from({ length: 200 }, () => ada.open(from)));
    const heard = watches.map(
      (response) =>
        new Promise<string>(
          (resolve) =>
            void eachEvent(response, ({ type, object }) => resolve(`${type} ${object.metadata.name}`)).catch(() => {}),
        ),
    );
    await ada.ask('POST /api/v1/namespaces/default/configmaps', { body: { metadata: { name: 'news' } } });
    expect(new Set(await Promise.all(heard))).toEqual(new Set(['ADDED news']));
    const more = await Promise.all(Array.from({ length: 100 }, () => ada.open(from)));
    const refused = more.filter(({ statusCode }) => statusCode === 429);
    expect([more.length - refused.length, refused.length]).toEqual([56, 44]);
    expect(refused[0]?.headers['retry-after']).toMatch(/^\d+$/);
    await isWell();
    expect(await eve.ask('GET /api/v1/pods?watch=true&timeoutSeconds=1')).toMatchObject({ status: 200 });
    for (const response of [...watches, ...more]) response.destroy();
    const again = await until(
      () => ada.open(from),
      ({ statusCode }) => statusCode === 200,
    );
    again.destroy();
  });

  /**
   * Changes one ConfigMap this often while a watch is not read, then reads it.
   * @returns versions of the watch, and whether it ended with 410
   */
  async function lateReading(changes: number, bytes: number): Promise<{ versions: number[]; wasTold410: boolean }> {
    const change = async (data: unknown): Promise<string> => {
      const { body } = await ada.ask('PATCH /api/v1/namespaces/default/configmaps/news', {
        headers: MERGE,
        body: { data },
      });
      return (body as { metadata: { resourceVersion: string } }).metadata.resourceVersion; // the version of a ConfigMap
    };
    const slow = await ada.open(`${watch}&resourceVersion=${await change({ round: 'first' })}&timeoutSeconds=60`);
    slow.pause();
    for (let round = 1; round < changes; round++) await change({ round: `${round} ${'x'.repeat(bytes)}` });
    const last = await change(null);
    const versions: number[] = [];
    const wasTold410 = await new Promise<boolean>((resolve, reject) => {
      void eachEvent(slow, ({ type, object }) => {
        if (type === 'ERROR') return resolve(object.code === 410);
        versions.push(Number(object.metadata.resourceVersion));
        if (object.metadata.resourceVersion === last) resolve(false);
      }).catch(reject);
    });
    slow.destroy();
    return { versions, wasTold410 };
  }

  it('do not buffer for a reader that does not read, and deliver all changes in order when it does', async () => {
    const { versions, wasTold410 } = await lateReading(300, 100_000);
    expect(wasTold410).toBe(false);
    expect(versions).toHaveLength(300);
    expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
  });

  it('end with 410 for a reader that is too far behind, so that it lists again', async () => {
    const { versions, wasTold410 } = await lateReading(100, 900_000);
    expect(wasTold410).toBe(true);
    expect(versions.length).toBeLessThan(100);
  });
});

async function until<T>(attempt: () => Promise<T>, isDone: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await attempt();
    if (isDone(value)) return value;
  }
}
