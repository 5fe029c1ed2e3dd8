import { randomUUID } from 'node:crypto';
import { eventually } from '#testing';
import { conflictsOf, type KubernetesClient, type WatchEvent } from './client.ts';
import { TYPES } from './discovery.ts';
import { at, type KubernetesObject, type ResourceType } from './objects.ts';
import { makeNamespace, openRealCluster } from './testing/real-cluster.ts';

const kubeconfig = process.env['ASTRO_TEST_KUBECONFIG'];
if (kubeconfig) describe('the client of a real Kubernetes', () => runSuite(kubeconfig));
else
  describe.skip('the client of a real Kubernetes: ASTRO_TEST_KUBECONFIG is not set', () =>
    it('was not tested', () => {}));

function runSuite(path: string): void {
  let client: KubernetesClient;
  let namespace: string;
  beforeAll(async () => {
    client = openRealCluster(path);
    namespace = await makeNamespace(client);
  });
  afterAll(async () => {
    await client.delete(TYPES.namespace, { name: namespace });
    client.close();
  });

  const configMap = (name: string, data: Record<string, string> = {}): KubernetesObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace },
    data,
  });
  const test = { fieldManager: 'test' };

  it('preserves every field (KUBERNETES 1.2)', async () => {
    const networkPolicies: ResourceType = {
      group: 'networking.k8s.io',
      version: 'v1',
      kind: 'NetworkPolicy',
      resource: 'networkpolicies',
      namespaced: true,
      verbs: [],
    };
    const spec = {
      podSelector: {},
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ podSelector: { matchLabels: { a: 'b' } } }] }],
    };
    const { object } = await client.apply(
      networkPolicies,
      { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'a', namespace }, spec },
      test,
    );
    expect(object['spec']).toEqual(spec);
    const limitRanges: ResourceType = {
      group: '',
      version: 'v1',
      kind: 'LimitRange',
      resource: 'limitranges',
      namespaced: true,
      verbs: [],
    };
    await client.create(
      limitRanges,
      {
        apiVersion: 'v1',
        kind: 'LimitRange',
        metadata: { name: 'a', namespace },
        spec: { limits: [{ type: 'Container', default: { cpu: '100m' } }] },
      },
      test,
    );
    expect(at(await client.get(limitRanges, 'a', namespace), 'spec', 'limits', 0, 'default')).toEqual({ cpu: '100m' });
    expect(await client.delete(limitRanges, { name: 'a', namespace })).toBe('deleted');
  });

  it('preserves custom resources as their definition says (KUBERNETES 1.2)', async () => {
    const group = `g${randomUUID().slice(0, 8)}.example.com`;
    const schema = {
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          'x-kubernetes-preserve-unknown-fields': true,
          properties: { size: { type: 'string', default: 'small', enum: ['small', 'large'] } },
        },
      },
    };
    const crd: KubernetesObject = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `things.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { plural: 'things', singular: 'thing', kind: 'Thing' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
      },
    };
    const { object } = await client.apply(TYPES.customResourceDefinition, crd, test);
    expect(at(object, 'spec', 'versions', 0, 'schema', 'openAPIV3Schema')).toEqual(schema);
    await eventually(async () =>
      expect((await client.discovery({ maxAgeMs: 0 })).find(`${group}/v1`, 'Thing')).toMatchObject({
        resource: 'things',
        namespaced: true,
      }),
    );
    const type = (await client.discovery()).find(`${group}/v1`, 'Thing');
    if (!type) throw new Error('the kind is not served');
    const thing = await eventually(() =>
      client.apply(
        type,
        {
          apiVersion: `${group}/v1`,
          kind: 'Thing',
          metadata: { name: 'a', namespace },
          spec: { unknown: { deep: [1] } },
        },
        test,
      ),
    );
    expect(thing.object['spec']).toEqual({ size: 'small', unknown: { deep: [1] } });
    await client.delete(TYPES.customResourceDefinition, crd.metadata);
  });

  it('K8.6-49: rejects a DELETE with another UID with 409, and deletes nothing (KUBERNETES 1.3)', async () => {
    await client.create(TYPES.configMap, configMap('precondition'), test);
    await expect(
      client.delete(TYPES.configMap, { name: 'precondition', namespace }, { uid: randomUUID() }),
    ).rejects.toMatchObject({ status: 409 });
    expect(await client.get(TYPES.configMap, 'precondition', namespace)).toBeDefined();
    const resourceVersion = { resourceVersion: '1' };
    await expect(
      client.delete(TYPES.configMap, { name: 'precondition', namespace }, resourceVersion),
    ).rejects.toMatchObject({ status: 409 });
  });

  it('deletes nothing in a dry run of a DELETE (KUBERNETES 1.3)', async () => {
    const { object } = await client.create(TYPES.configMap, configMap('dry'), test);
    const uid = object.metadata.uid ?? '';
    expect(await client.delete(TYPES.configMap, { name: 'dry', namespace }, { uid, dryRun: true })).toBe('deleted');
    expect(await client.get(TYPES.configMap, 'dry', namespace)).toBeDefined();
    expect(await client.delete(TYPES.configMap, { name: 'dry', namespace }, { uid })).toBe('deleted');
    expect(await client.delete(TYPES.configMap, { name: 'dry', namespace }, { uid })).toBe('absent');
  });

  it('writes nothing in a dry run of an apply, and returns the result', async () => {
    const { object, created } = await client.apply(TYPES.configMap, configMap('planned', { a: 'b' }), {
      ...test,
      dryRun: true,
    });
    expect(created).toBe(true);
    expect(object['data']).toEqual({ a: 'b' });
    expect(await client.get(TYPES.configMap, 'planned', namespace)).toBeUndefined();
  });

  it('reports manager and field of a conflict', async () => {
    await client.apply(TYPES.configMap, configMap('fought-over', { a: 'theirs' }), { fieldManager: 'them' });
    const failure = await client
      .apply(TYPES.configMap, configMap('fought-over', { a: 'ours' }), { fieldManager: 'us' })
      .catch((error: unknown) => error);
    expect(conflictsOf(failure)).toEqual([{ manager: 'them', field: '.data.a' }]);
    expect(
      (
        await client.apply(TYPES.configMap, configMap('fought-over', { a: 'ours' }), {
          fieldManager: 'us',
          force: true,
        })
      ).object['data'],
    ).toEqual({ a: 'ours' });
  });

  it('K8.6-47: rejects an unknown field, for which the server returns a 500', async () => {
    await expect(client.apply(TYPES.configMap, { ...configMap('typo'), datta: {} }, test)).rejects.toMatchObject({
      status: 500,
      message: expect.stringContaining('field not declared in schema'),
    });
  });

  it('returns undefined for a missing object, and rejects for a type that is not served', async () => {
    expect(await client.get(TYPES.configMap, 'nothing', namespace)).toBeUndefined();
    await expect(
      client.get({ ...TYPES.configMap, group: 'no.such', resource: 'things' }, 'a', namespace),
    ).rejects.toMatchObject({ reason: 'UnknownType' });
    await expect(client.get({ ...TYPES.configMap, resource: 'things' }, 'a', namespace)).rejects.toMatchObject({
      reason: 'UnknownType',
    });
  });

  it('lists in pages, and watches from the resulting version', async () => {
    const names = Array.from({ length: 7 }, (_, index) => `page-${index}`);
    for (const name of names)
      await client.create(
        TYPES.configMap,
        { ...configMap(name), metadata: { name, namespace, labels: { set: 'pages' } } },
        test,
      );
    const listed = await client.list(TYPES.configMap, { namespace, labelSelector: 'set=pages', pageSize: 3 });
    expect(listed.items.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(
      names.map((name) => `ConfigMap ${name}`),
    );

    const stop = new AbortController();
    const events: WatchEvent[] = [];
    const reading = (async () => {
      for await (const event of client.watch(TYPES.configMap, {
        namespace,
        labelSelector: 'set=pages',
        resourceVersion: listed.resourceVersion,
        signal: stop.signal,
      }))
        events.push(event);
    })().catch((error: unknown) => error);
    await client.delete(TYPES.configMap, { name: 'page-0', namespace });
    await eventually(() =>
      expect(events.map(({ type, object }) => `${type} ${object.metadata.name}`)).toContain('DELETED page-0'),
    );
    stop.abort();
    expect(await reading).toMatchObject({ why: 'aborted' });
  });

  it('E14: reports a watch from an expired version', async () => {
    const reading = (async () => {
      for await (const _ of client.watch(TYPES.configMap, { namespace, resourceVersion: '1', timeoutSeconds: 1 }));
    })();
    await reading.then(
      () => {}, // a new server still has its first version
      (error: unknown) => expect(error).toMatchObject({ status: 410 }),
    );
  });

  it('returns kinds, scopes, and preferred versions from discovery, and uses an ETag', async () => {
    const discovery = await client.discovery({ maxAgeMs: 0 });
    expect(discovery.find('apps/v1', 'Deployment')).toMatchObject({ resource: 'deployments', namespaced: true });
    expect(discovery.preferred('autoscaling', 'HorizontalPodAutoscaler')).toMatchObject({ version: 'v2' });
    expect(discovery.find('v1', 'Node')).toMatchObject({ namespaced: false });
    expect(discovery.find('v1', 'Nothing')).toBeUndefined();
    expect(await client.discovery({ maxAgeMs: 0 })).toBe(discovery);
  });

  it('checks permissions, requests tokens, and returns version and identity', async () => {
    expect(await client.mayI({ verb: 'create', group: 'apps', resource: 'deployments', namespace })).toMatchObject({
      allowed: true,
    });
    expect(await client.version()).toMatch(/^v1\.\d+/);
    expect(await client.clusterUid()).toMatch(/^[0-9a-f-]{36}$/);
    const { token, expiresAt } = await eventually(() => client.requestToken(namespace, 'default', 600));
    expect(token.split('.')).toHaveLength(3);
    expect(Date.parse(expiresAt) - Date.now()).toBeLessThan(610_000);
  });

  it('reads logs by line', async () => {
    await client.create(
      TYPES.pod,
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'logs', namespace },
        spec: { containers: [{ name: 'c', image: 'x/y:1' }] },
      },
      test,
    );
    await eventually(async () =>
      expect(at(await client.get(TYPES.pod, 'logs', namespace), 'status', 'phase')).toBe('Running'),
    );
    const lines: string[] = [];
    for await (const line of client.logs(namespace, 'logs', { tailLines: 5 })) lines.push(line);
    expect(lines.length).toBeLessThanOrEqual(5);
    await expect(
      (async () => {
        for await (const _ of client.logs(namespace, 'logs', { container: 'other' }));
      })(),
    ).rejects.toMatchObject({ status: 400 });
  });
}
