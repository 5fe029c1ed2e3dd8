import { randomUUID } from 'node:crypto';
import { systemClock as clock, systemIds as ids } from '#runtime/system';
import { eventually } from '#testing';
import { applyPlan, ClaimTooShortError, pruneObjects } from './apply-plan.ts';
import { conflictsOf, KubernetesUnreachableError, type KubernetesClient } from './client.ts';
import { decorate } from './decorate.ts';
import { TYPES } from './discovery.ts';
import { waitForHealth } from './health/wait-for-health.ts';
import { FenceLostError, inventoryName, openFence } from './inventory-fence.ts';
import { at, keyOf, list, record, type KubernetesObject, type ResourceType } from './objects.ts';
import { planDeployment } from './plan-deployment.ts';
import type { InventoryEntry, Plan } from './plan.types.ts';
import { renderImage } from './render-image.ts';
import { makeNamespace, openRealCluster } from './testing/real-cluster.ts';
import type { ImageWorkload } from './workload.ts';

const kubeconfig = process.env['ASTRO_TEST_KUBECONFIG'];
if (kubeconfig) describe('a deployment on a real Kubernetes', () => deploying(kubeconfig));
else
  describe.skip('a deployment on a real Kubernetes: ASTRO_TEST_KUBECONFIG is not set', () =>
    it('was not tested', () => {}));

function deploying(path: string): void {
  let client: KubernetesClient;
  let namespace: string;
  let attempt = 0;
  beforeAll(() => (client = openRealCluster(path)));
  afterAll(() => client.close());
  beforeEach(async () => {
    namespace = await makeNamespace(client, { 'pod-security.kubernetes.io/enforce': 'restricted' });
    attempt = 0;
  });
  afterEach(() => client.delete(TYPES.namespace, { name: namespace }));

  const APPLICATION = 'app-1';
  const workload = (more: Partial<ImageWorkload> = {}): ImageWorkload => ({
    name: 'web',
    targetNamespace: namespace,
    image: 'images.acme.dev/web:1.0',
    port: 8080,
    ports: [],
    env: [],
    secrets: {},
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
    replicas: 2,
    volumes: [],
    configFiles: [],
    labels: {},
    ...more,
  });
  const ours = (objects: readonly KubernetesObject[], applicationId = APPLICATION) =>
    decorate(objects, {
      applicationId,
      attempt: `a${attempt}`,
      targetNamespace: namespace,
      namespaceMode: 'override',
      isNamespaced: ({ kind }) => kind !== 'CustomResourceDefinition',
      ownRendering: true,
    }).objects;
  const image = (more: Partial<ImageWorkload> = {}) =>
    ours(renderImage(workload(more), { fingerprintKey: 'k', cluster: { minor: 36, hasZones: true } }).objects);
  const configMap = (name: string, data: Record<string, string> = {}, metadata: object = {}): KubernetesObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, ...metadata },
    data,
  });

  async function plan(
    objects: readonly KubernetesObject[],
    previous: readonly InventoryEntry[] = [],
    applicationId = APPLICATION,
    prune = true,
    adopt: ReadonlySet<string> = new Set(),
  ): Promise<Plan> {
    const outcome = await planDeployment(client, {
      objects,
      ownership: { applicationId, namespace },
      previous,
      prune,
      adopt,
      fingerprintKey: 'k',
    });
    if (!outcome.ok) throw new Error(JSON.stringify(outcome.refusals));
    return outcome.plan;
  }
  const refusals = async (objects: readonly KubernetesObject[], previous: readonly InventoryEntry[] = []) => {
    const outcome = await planDeployment(client, {
      objects,
      ownership: { applicationId: APPLICATION, namespace },
      previous,
      fingerprintKey: 'k',
    });
    return outcome.ok ? [] : outcome.refusals;
  };
  const fenceOf = (number: number) =>
    openFence(client, { applicationId: APPLICATION, applicationName: 'web', namespace, attempt: number, ids });

  /** Deploys like the worker: plan, fence, apply, prune. */
  async function deploy(
    objects: readonly KubernetesObject[],
    previous: readonly InventoryEntry[] = [],
  ): Promise<readonly InventoryEntry[]> {
    const made = await plan(objects, previous);
    const fence = await fenceOf(++attempt);
    await fence.hold(made.inventory);
    const { applied } = await applyPlan(client, made, fence, { clock });
    await pruneObjects(client, made.prune, { applicationId: APPLICATION, fence, clock });
    await fence.hold(applied);
    return applied;
  }
  const actions = (made: Plan) =>
    Object.fromEntries(made.changes.map(({ key, action }) => [`${key.kind}/${key.name}`, action]));
  const deployment = async () =>
    (await client.get(TYPES.deployment, 'web', namespace)) ?? Promise.reject(new Error('there is no Deployment'));
  const edit = (spec: object, fieldManager = 'kubectl-edit') =>
    client.patch(TYPES.deployment, { name: 'web', namespace }, { kind: 'strategic', body: { spec } }, { fieldManager });

  it('K8.6-19: deploys an image until it is healthy under Pod Security restricted; a repeat writes nothing', async () => {
    const objects = image({
      secrets: { password: 'hunter2' },
      configFiles: [{ path: '/etc/a', content: 'b' }],
      host: `${namespace}.example.com`,
    });
    const first = await plan(objects);
    expect(new Set(Object.values(actions(first)))).toEqual(new Set(['create']));
    const entries = await deploy(objects);
    const seen: string[] = [];
    const workloads = entries.filter(({ key }) => key.kind !== 'Ingress'); // no controller assigns an address here
    const health = await waitForHealth(client, {
      entries: workloads,
      deadlineMs: 30_000,
      signal: new AbortController().signal,
      clock,
      ids,
      onProgress: ({ state }) => void seen.push(state),
    });
    expect(health).toMatchObject({ state: 'Healthy', message: '', replicas: { wanted: 2, ready: 2 } });

    const versions = async () =>
      Promise.all(
        objects.map(
          async (object) =>
            (await client.get(typeOf(object), object.metadata.name, namespace))?.metadata.resourceVersion,
        ),
      );
    const live = async () => at(await deployment(), 'metadata', 'generation');
    const [before, generation] = [await versions(), await live()];
    const again = await plan(objects, entries);
    expect(new Set(Object.values(actions(again)))).toEqual(new Set(['unchanged']));
    await deploy(objects, entries);
    expect(await live()).toBe(generation);
    const fixed = objects
      .map(({ kind }, index) => (['Deployment', 'Ingress', 'PodDisruptionBudget'].includes(kind) ? undefined : index))
      .filter((index) => index !== undefined); // controllers update the status of the others
    const after = await versions();
    for (const index of fixed) expect(after[index]).toBe(before[index]);
  });

  const typeOf = ({ apiVersion, kind }: KubernetesObject): ResourceType => {
    const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
    const resource = { Ingress: 'ingresses', NetworkPolicy: 'networkpolicies' }[kind] ?? `${kind.toLowerCase()}s`;
    return { group, version: apiVersion.split('/').at(-1) ?? '', kind, resource, namespaced: true, verbs: [] };
  };

  it.each([
    ['missing', 'deployments/image-not-found'],
    ['crash', 'deployments/container-crashed'],
    ['root', 'deployments/runs-as-root'],
  ])('ends early when pods fail: tag %s', async (tag, code) => {
    const entries = await deploy(image({ image: `images.acme.dev/web:${tag}` }));
    const health = await waitForHealth(client, {
      entries,
      deadlineMs: 600_000,
      signal: new AbortController().signal,
      clock,
      ids,
    });
    expect(health).toMatchObject({ state: 'Degraded', code });
  });

  it.each([
    ['without a readiness probe', ['readinessProbe', 'minReadySeconds']],
    ['with one', ['minReadySeconds']],
  ])('use-X3: a pod %s that is ready only briefly is not yet healthy', async (_name, dropped) => {
    const unproven = (more: Partial<ImageWorkload>) =>
      JSON.parse(JSON.stringify(image(more)), (key, value: unknown) =>
        dropped.includes(key) ? undefined : value,
      ) as KubernetesObject[];
    const entries = await deploy(unproven({ replicas: 1 }));
    const startedMs = performance.now();
    const health = await waitForHealth(client, {
      entries,
      deadlineMs: 30_000,
      signal: new AbortController().signal,
      clock,
      ids,
      stableMs: 700,
    });
    expect(health.state).toBe('Healthy');
    expect(performance.now() - startedMs).toBeGreaterThan(690);

    let crashed = false;
    const waiting = waitForHealth(client, {
      entries,
      deadlineMs: 30_000,
      signal: new AbortController().signal,
      clock,
      ids,
      stableMs: 10_000,
      onProgress: async ({ state }) => {
        if (state !== 'Healthy' || crashed) return;
        crashed = true; // healthy at the first check; the next revision crashes
        await deploy(unproven({ replicas: 1, image: 'images.acme.dev/web:crash' }), entries);
      },
    });
    expect(await waiting).toMatchObject({ state: 'Degraded', code: 'deployments/container-crashed' });
  });

  it('ends the wait on abort, and at its deadline with the last state', async () => {
    const entries = await deploy(image({ image: 'images.acme.dev/web:unready' }));
    const stop = new AbortController();
    const waiting = waitForHealth(client, {
      clock,
      ids,
      entries,
      deadlineMs: 60_000,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    await expect(waiting).rejects.toMatchObject({ why: 'aborted' });
    expect(
      await waitForHealth(client, { entries, deadlineMs: 300, signal: new AbortController().signal, clock, ids }),
    ).toMatchObject({ state: 'Progressing' });
  });

  it('E7: refuses objects of another application or without owner, and never forces them', async () => {
    await client.create(TYPES.configMap, configMap('nobodys'), { fieldManager: 'kubectl' });
    await client.apply(TYPES.configMap, ours([configMap('others')], 'app-2')[0] ?? configMap(''), {
      fieldManager: 'astro-platform',
    });
    expect(await refusals(ours([configMap('nobodys'), configMap('others')]))).toMatchObject([
      {
        code: 'deployments/owned-by-other',
        key: { name: 'nobodys' },
        detail: expect.stringContaining('not managed by this application'),
      },
      {
        code: 'deployments/owned-by-other',
        key: { name: 'others' },
        detail: expect.stringContaining('another application'),
      },
    ]);
  });

  it('K8.6-43: adopts an object of kubectl apply, shows what it takes, and owns what kubectl owned', async () => {
    const live = await client.create(
      TYPES.configMap,
      configMap('legacy', { a: 'old', gone: 'x', same: 'y' }, { labels: { team: 'shop' } }),
      { fieldManager: 'kubectl-client-side-apply' },
    );
    await client.patch(
      TYPES.configMap,
      { name: 'legacy', namespace },
      { kind: 'merge', body: { data: { edited: 'by hand', kept: 'z' } } },
      { fieldManager: 'kubectl-edit' },
    );
    const wanted = ours([configMap('legacy', { a: 'new', same: 'y', edited: 'ours' })]);
    const uid = live.object.metadata.uid ?? '';
    const found = await refusals(wanted);
    expect(found).toMatchObject([{ code: 'deployments/owned-by-other', adoption: { uid } }]);
    expect(found[0]?.adoption).toEqual({
      uid,
      conflicts: [
        { manager: 'kubectl-client-side-apply', field: '.data.a' },
        { manager: 'kubectl-edit', field: '.data.edited' },
      ],
      removes: ['.data.gone', '.metadata.labels.team'],
    });
    const made = await plan(wanted, [], APPLICATION, true, new Set([uid]));
    const fence = await fenceOf(++attempt);
    await fence.hold(made.inventory);
    await applyPlan(client, made, fence, { clock });
    const adopted = await client.get(TYPES.configMap, 'legacy', namespace);
    expect(adopted?.metadata.uid).toBe(uid);
    expect(adopted?.['data']).toEqual({ a: 'new', same: 'y', edited: 'ours', kept: 'z' });
    const managers = list(adopted?.metadata['managedFields']).map((entry) => at(entry, 'manager'));
    expect(managers).toEqual(['astro-platform', 'kubectl-edit']);
    expect(actions(await plan(wanted, made.inventory))).toEqual({ 'ConfigMap/legacy': 'unchanged' });
  });

  it('E7: never adopts an object of another application, or one that was replaced since it was shown', async () => {
    const other = await client.apply(TYPES.configMap, ours([configMap('others')], 'app-2')[0] ?? configMap(''), {
      fieldManager: 'astro-platform',
    });
    const shown = await client.create(TYPES.configMap, configMap('nobodys'), { fieldManager: 'kubectl' });
    await client.delete(TYPES.configMap, { name: 'nobodys', namespace });
    await client.create(TYPES.configMap, configMap('nobodys'), { fieldManager: 'kubectl' });
    const adopt = new Set([other, shown].map(({ object }) => object.metadata.uid ?? ''));
    const outcome = await planDeployment(client, {
      objects: ours([configMap('others'), configMap('nobodys')]),
      ownership: { applicationId: APPLICATION, namespace },
      previous: [],
      adopt,
    });
    expect(outcome).toMatchObject({
      ok: false,
      refusals: [{ code: 'deployments/owned-by-other' }, { code: 'deployments/owned-by-other' }],
    });
    expect(outcome.ok ? undefined : outcome.refusals[0]?.adoption).toBeUndefined();
  });

  it('E8: recognizes an object without its label by the inventory, but not a recreated one', async () => {
    const entries = await deploy(ours([configMap('a', { x: '1' })]));
    await client.patch(
      TYPES.configMap,
      { name: 'a', namespace },
      { kind: 'merge', body: { metadata: { labels: null, annotations: null } } },
      { fieldManager: 'kubectl-edit' },
    );
    expect(actions(await plan(ours([configMap('a', { x: '2' })]), entries))).toEqual({ 'ConfigMap/a': 'update' });
    await client.delete(TYPES.configMap, { name: 'a', namespace });
    await client.create(TYPES.configMap, configMap('a'), { fieldManager: 'kubectl' });
    expect(await refusals(ours([configMap('a')]), entries)).toMatchObject([{ code: 'deployments/owned-by-other' }]);
  });

  it('E22, K8.6-7: takes back a field changed by kubectl edit and names its manager; refuses one never owned', async () => {
    const entries = await deploy(image());
    await edit({ template: { spec: { containers: [{ name: 'app', image: 'images.acme.dev/web:edited' }] } } });
    const next = await plan(image(), entries);
    expect(next.changes.find(({ key }) => key.kind === 'Deployment')).toMatchObject({
      action: 'update',
      takesBackFrom: [{ manager: 'kubectl-edit', field: '.spec.template.spec.containers[name="app"].image' }],
    });
    await deploy(image(), entries);
    expect(at(await deployment(), 'spec', 'template', 'spec', 'containers', 0, 'image')).toBe(
      'images.acme.dev/web:1.0',
    );

    await edit({ minReadySeconds: 7 }, 'other-operator');
    const wanted = image().map((object) =>
      object.kind === 'Deployment'
        ? { ...object, spec: { ...(object['spec'] as object), minReadySeconds: 3 } }
        : object,
    ); // a Deployment has a spec
    expect(await refusals(wanted, entries)).toMatchObject([
      {
        code: 'deployments/field-conflict',
        conflicts: [{ manager: 'other-operator', field: '.spec.minReadySeconds' }],
      },
    ]);
  });

  it('E22: takes back an annotation with dots in its name', async () => {
    const annotated = (value: string) => ours([configMap('a', {}, { annotations: { 'example.com/x.y': value } })]);
    const entries = await deploy(annotated('ours'));
    await client.patch(
      TYPES.configMap,
      { name: 'a', namespace },
      { kind: 'merge', body: { metadata: { annotations: { 'example.com/x.y': 'theirs' } } } },
      { fieldManager: 'kubectl-edit' },
    );
    expect((await plan(annotated('ours'), entries)).changes).toMatchObject([
      { action: 'update', takesBackFrom: [{ manager: 'kubectl-edit' }] },
    ]);
  });

  it('E16: shows Secrets as fingerprints in changes and refusals', async () => {
    const secret = (value: string): KubernetesObject => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', namespace },
      data: { password: Buffer.from(value).toString('base64') },
    });
    const entries = await deploy(ours([secret('hunter2')]));
    const { changes } = await plan(ours([secret('s3cret')]), entries);
    expect(changes).toMatchObject([
      {
        action: 'update',
        changes: [
          {
            pointer: '/data/password',
            before: expect.stringMatching(/^fingerprint/),
            after: expect.stringMatching(/^fingerprint/),
          },
        ],
      },
    ]);
    const shown =
      JSON.stringify(changes) +
      JSON.stringify(
        await refusals(ours([{ ...secret('x'), data: { 'bad key!': Buffer.from('hunter2').toString('base64') } }])),
      );
    expect(shown).not.toMatch(/hunter2|s3cret|aHVudGVyMg|czNjcmV0/);
    const inventory = await client.get(TYPES.configMap, inventoryName(APPLICATION), namespace);
    expect(JSON.stringify(inventory)).not.toMatch(/hunter2|aHVudGVyMg/);
  });

  it('writes nothing if one object is refused', async () => {
    const bad: KubernetesObject = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'bad', namespace },
      spec: { ports: [{ port: 99_999 }] },
    };
    expect(await refusals(ours([configMap('good'), bad]))).toMatchObject([
      { code: 'deployments/invalid-manifest', key: { kind: 'Service' } },
    ]);
    expect(await client.get(TYPES.configMap, 'good', namespace)).toBeUndefined();
  });

  it.each([
    [
      'an immutable field',
      'deployments/immutable-field',
      () => [
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'fixed', namespace },
          data: { a: '2' },
          immutable: true,
        },
      ],
    ],
    [
      'an unknown field',
      'deployments/invalid-manifest',
      () => [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'b', namespace }, datta: {} }],
    ],
    [
      'an unknown kind',
      'deployments/unknown-kind',
      () => [{ apiVersion: 'no.such/v1', kind: 'Thing', metadata: { name: 'b', namespace } }],
    ],
  ] as const)('%s is refused with its own code', async (_, code, objects) => {
    await deploy(
      ours([
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'fixed', namespace },
          data: { a: '1' },
          immutable: true,
        },
      ]),
    );
    expect(await refusals(ours(objects()))).toMatchObject([{ code }]);
  });

  it('K8.6-15: reports a quota before anything is written', async () => {
    const quotas: ResourceType = {
      group: '',
      version: 'v1',
      kind: 'ResourceQuota',
      resource: 'resourcequotas',
      namespaced: true,
      verbs: [],
    };
    await client.create(
      quotas,
      {
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'q', namespace },
        spec: { hard: { 'count/secrets': '0' } },
      },
      { fieldManager: 'admin' },
    );
    await eventually(async () => expect(at(await client.get(quotas, 'q', namespace), 'status', 'hard')).toBeDefined());
    expect(
      await refusals(ours([{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace } }])),
    ).toMatchObject([{ code: 'deployments/quota-limit' }]);
  });

  it('K8.6-25: prunes objects removed from the set, except volumes and recreated, unmarked, or protected ones', async () => {
    const volume: KubernetesObject = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', namespace },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    const entries = await deploy(
      ours([
        configMap('stays'),
        configMap('goes'),
        configMap('unmarked'),
        configMap('held', {}, { annotations: { 'platform.astropulse.io/prune': 'false' } }),
        volume,
      ]),
    );
    await client.patch(
      TYPES.configMap,
      { name: 'unmarked', namespace },
      { kind: 'merge', body: { metadata: { annotations: null } } },
      { fieldManager: 'kubectl-edit' },
    );
    const made = await plan(ours([configMap('stays')]), entries);
    expect(actions(made)).toEqual({
      'ConfigMap/stays': 'unchanged',
      'ConfigMap/goes': 'prune',
      'ConfigMap/unmarked': 'keep',
      'ConfigMap/held': 'keep',
      'PersistentVolumeClaim/data': 'keep',
    });
    expect(actions(await plan(ours([configMap('stays')]), entries, APPLICATION, false))).toMatchObject({
      'ConfigMap/goes': 'keep',
    });
    await pruneObjects(
      client,
      entries.filter(({ key }) => key.name !== 'stays'),
      { applicationId: APPLICATION, clock },
    ); // even if all are passed
    const left = (await client.list(TYPES.configMap, { namespace })).items.map(({ metadata }) => metadata.name);
    expect(left).toEqual(expect.arrayContaining(['stays', 'unmarked', 'held']));
    expect(left).not.toContain('goes');
    expect(await client.get(TYPES.persistentVolumeClaim, 'data', namespace)).toMatchObject({
      metadata: { name: 'data' },
    });
  });

  it('K8.6-20: replaces an object with an immutable field only if its annotation allows it', async () => {
    const fixed = (a: string, annotations: Record<string, string> = {}): KubernetesObject => ({
      ...configMap('fixed', { a }, { annotations }),
      immutable: true,
    });
    const allow = { 'platform.astropulse.io/replace': 'allow' };
    const entries = await deploy(ours([fixed('1')]));
    expect(await refusals(ours([fixed('2')]), entries)).toMatchObject([
      { code: 'deployments/immutable-field', fix: expect.stringContaining('platform.astropulse.io/replace: allow') },
    ]);
    const made = await plan(ours([fixed('2', allow)]), entries);
    expect(made.warnings).toEqual([
      `ConfigMap fixed in ${namespace} is deleted and created again, since an immutable field changes`,
    ]);
    const [replaced] = await deploy(ours([fixed('2', allow)]), entries);
    expect(replaced?.uid).not.toBe(entries[0]?.uid);
    expect((await client.get(TYPES.configMap, 'fixed', namespace))?.['data']).toEqual({ a: '2' });
  });

  it('K8.6-20: never replaces a volume claim', async () => {
    const claim = (storageClassName: string): KubernetesObject => ({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', namespace, annotations: { 'platform.astropulse.io/replace': 'allow' } },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName, resources: { requests: { storage: '1Gi' } } },
    });
    const entries = await deploy(ours([claim('a')]));
    expect(await refusals(ours([claim('b')]), entries)).toMatchObject([
      { code: 'deployments/immutable-field', fix: 'use another name' },
    ]);
  });

  it('K8.6-26: names the finalizer that blocks the removal of an object, and does not remove it', async () => {
    const held = configMap('blocked');
    const entries = await deploy(ours([configMap('stays'), held]));
    const finalizers = (value: readonly string[]) =>
      client.patch(
        TYPES.configMap,
        { name: 'blocked', namespace },
        { kind: 'merge', body: { metadata: { finalizers: value } } },
        { fieldManager: 'operator' },
      );
    await finalizers(['example.com/hold']);
    const made = await plan(ours([configMap('stays')]), entries);
    expect(await pruneObjects(client, made.prune, { applicationId: APPLICATION, clock })).toEqual([
      `ConfigMap blocked in ${namespace} is being deleted and held by example.com/hold`,
    ]);
    expect((await client.get(TYPES.configMap, 'blocked', namespace))?.metadata.finalizers).toEqual([
      'example.com/hold',
    ]);
    await finalizers([]);
  });

  it('K8.6-51: keeps duplicate keys that somebody else created, and refuses a manifest with the same key', async () => {
    const entries = await deploy(image({ env: [{ name: 'B', value: 'b' }] }));
    const twice = [
      { name: 'A', value: '1' },
      { name: 'A', value: '2' },
    ];
    await eventually(async () => {
      const live = await deployment();
      const spec = record(at(live, 'spec'));
      const template = record(spec['template']);
      const containers = list(at(template, 'spec', 'containers')).map((container) => ({
        ...record(container),
        env: [...list(at(container, 'env')), ...twice],
      }));
      const changed = { ...template, spec: { ...record(template['spec']), containers } };
      await client.update(
        TYPES.deployment,
        { ...live, spec: { ...spec, template: changed } },
        { fieldManager: 'other' },
      );
    }); // the controller writes its status in between
    const env = async () =>
      list(at(await deployment(), 'spec', 'template', 'spec', 'containers', 0, 'env'))
        .filter((item) => at(item, 'name') === 'A')
        .map((item) => at(item, 'value'));
    const entriesAgain = await deploy(image({ env: [{ name: 'B', value: 'b' }] }), entries);
    expect(await env()).toEqual(['1', '2']);
    const wanted = image({
      env: [
        { name: 'B', value: 'b' },
        { name: 'A', value: '1' },
      ],
    });
    expect(await refusals(wanted, entriesAgain)).toMatchObject([
      { code: 'deployments/field-conflict', conflicts: [{ manager: 'other' }] },
    ]);
  });

  it('K8.6-23: deploys a definition and its custom objects in one set', async () => {
    const group = `g${randomUUID().slice(0, 8)}.example.com`;
    const crd: KubernetesObject = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `things.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { plural: 'things', singular: 'thing', kind: 'Thing' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    };
    const objects = ours([
      { apiVersion: `${group}/v1`, kind: 'Thing', metadata: { name: 'a', namespace }, spec: { x: 1 } },
      crd,
    ]);
    expect(actions(await plan(objects))).toEqual({
      [`CustomResourceDefinition/things.${group}`]: 'create',
      'Thing/a': 'create-later',
    });
    const entries = await deploy(objects);
    expect(entries.map(({ uid }) => uid !== undefined)).toEqual([true, true]);
    await client.delete(TYPES.customResourceDefinition, crd.metadata);
  });

  it('K8.6-44: keeps its fields when a definition gains a version with defaults, which makes the server forget them', async () => {
    const group = `g${randomUUID().slice(0, 8)}.example.com`;
    const gadgets = (version: string): ResourceType => ({
      group,
      version,
      kind: 'Gadget',
      resource: 'gadgets',
      namespaced: true,
      verbs: [],
    });
    const schema = (properties: object) => ({
      openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } },
    });
    const size = { type: 'string' };
    const definition = (versions: readonly object[]): KubernetesObject => ({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `gadgets.${group}` },
      spec: { group, scope: 'Namespaced', names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget' }, versions },
    });
    const gadget = (version: string, value: string): KubernetesObject => ({
      apiVersion: `${group}/${version}`,
      kind: 'Gadget',
      metadata: { name: 'a', namespace },
      spec: { size: value },
    });
    const served = { name: 'v1', served: true, schema: schema({ size }) };
    const before = definition([{ ...served, storage: true }]);
    const after = definition([
      { ...served, storage: false },
      { name: 'v2', served: true, storage: true, schema: schema({ size, color: { type: 'string', default: 'red' } }) },
    ]);
    const live = () => client.get(gadgets('v2'), 'a', namespace).catch(() => undefined);
    const first = await deploy(ours([before, gadget('v1', 'small')]));
    const second = await deploy(ours([after, gadget('v1', 'small')]), first);
    await eventually(async () => expect(await live()).toBeDefined());
    const annotate = { kind: 'merge' as const, body: { metadata: { annotations: { checked: 'yes' } } } };
    await client.patch(gadgets('v2'), { name: 'a', namespace }, annotate, { fieldManager: 'operator' });
    // The server cannot express the default in v1, where our entry is, so it drops all entries.
    expect(list((await live())?.metadata['managedFields'])).toEqual([]);
    expect(at(await live(), 'spec')).toEqual({ size: 'small', color: 'red' });

    for (const [version, value] of [
      ['v1', 'medium'],
      ['v2', 'large'],
    ] as const) {
      const objects = ours([after, gadget(version, value)]);
      const entries = await deploy(objects, second);
      expect(at(await live(), 'spec')).toEqual({ size: value, color: 'red' });
      expect(list((await live())?.metadata['managedFields'])).toContainEqual(
        expect.objectContaining({ manager: 'astro-platform', operation: 'Apply' }),
      );
      expect(actions(await plan(objects, entries))['Gadget/a']).toBe('unchanged');
    }
    await client.delete(TYPES.customResourceDefinition, after.metadata);
  });

  describe('replicas and autoscaling', () => {
    const scaled = { autoscaling: { min: 2, max: 5, cpu: 80 } };
    const scale = (replicas: number) =>
      client.patch(
        { ...TYPES.deployment, resource: 'deployments' },
        { name: 'web', namespace },
        { kind: 'merge', body: { spec: { replicas } } },
        { fieldManager: 'autoscaler' },
      );

    it('K8.6-45: never fall to one when an autoscaler takes over', async () => {
      const entries = await deploy(image({ replicas: 4 }));
      const next = await deploy(image(scaled), entries);
      expect(at(await deployment(), 'spec', 'replicas')).toBe(4);
      await deploy(image(scaled), next);
      expect(at(await deployment(), 'spec', 'replicas')).toBe(4);
    });

    it('return to a fixed number after the autoscaler, regardless of their owner', async () => {
      const entries = await deploy(image({ replicas: 4 }));
      const autoscaled = await deploy(image(scaled), entries);
      await deploy(image({ replicas: 3 }), autoscaled);
      expect(at(await deployment(), 'spec', 'replicas')).toBe(3);
    });

    it("keep the autoscaler's value in the next deployment", async () => {
      const entries = await deploy(image(scaled));
      await scale(5);
      await deploy(image({ ...scaled, image: 'images.acme.dev/web:1.1' }), entries);
      expect(at(await deployment(), 'spec', 'replicas')).toBe(5);
    });
  });

  describe('the fence', () => {
    it('E19: is lost to a frozen worker when a newer attempt holds it', async () => {
      const [old, newer] = [await fenceOf(1), await fenceOf(2)];
      await old.hold([]);
      const held = await fenceOf(2);
      await held.hold([]);
      await expect(old.hold([])).rejects.toThrow(FenceLostError);
      await expect(newer.hold([])).rejects.toThrow(FenceLostError); // opened before the other two wrote
      await expect(fenceOf(1)).rejects.toThrow(FenceLostError);
      await expect(old.release()).rejects.toThrow(FenceLostError);
      await held.hold([]);
      await held.release();
    });

    it('K8.6-5: is lost to one of two workers that start at the same time', async () => {
      const fences = await Promise.all([fenceOf(1), fenceOf(1)]);
      const outcomes = await Promise.allSettled(fences.map((fence) => fence.hold([])));
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    });

    it('is lost when its object is deleted, and the object is not recreated', async () => {
      const fence = await fenceOf(1);
      await fence.hold([]);
      await client.delete(TYPES.configMap, { name: inventoryName(APPLICATION), namespace });
      await expect(fence.hold([])).rejects.toThrow(FenceLostError);
      expect(await client.get(TYPES.configMap, inventoryName(APPLICATION), namespace)).toBeUndefined();
    });

    it('is kept when a user adds a label to its object', async () => {
      const fence = await fenceOf(1);
      await fence.hold([]);
      await client.patch(
        TYPES.configMap,
        { name: inventoryName(APPLICATION), namespace },
        { kind: 'merge', body: { metadata: { labels: { team: 'shop' } } } },
        { fieldManager: 'kubectl-label' },
      );
      await fence.hold([{ key: keyOf(configMap('a')), apiVersion: 'v1' }]);
    });

    it('K8.6-11: is kept when the response to its own write is lost', async () => {
      let loses = true;
      const lossy: KubernetesClient = Object.assign(Object.create(client), {
        async update(...args: Parameters<KubernetesClient['update']>) {
          const written = await client.update(...args);
          if (!loses) return written;
          loses = false;
          throw new KubernetesUnreachableError('connection', 'the answer got lost', true);
        },
      });
      await (await fenceOf(1)).hold([]);
      const fence = await openFence(lossy, { applicationId: APPLICATION, namespace, attempt: 2, ids });
      await fence.hold([]);
      await fence.hold([]);
      expect(at(await client.get(TYPES.configMap, inventoryName(APPLICATION), namespace), 'data', 'attempt')).toBe('2');
    });
  });

  it('starts no write that might end after the claim', async () => {
    const made = await plan(ours([configMap('late')]));
    const fence = await fenceOf(1);
    await expect(
      applyPlan(client, made, fence, { clock, claimDeadline: () => clock.monotonic() + 500 }),
    ).rejects.toThrow(ClaimTooShortError);
    expect(await client.get(TYPES.configMap, 'late', namespace)).toBeUndefined();
  });

  it('E11: does not apply to an object that is being deleted', async () => {
    const held = ours([configMap('held', {}, { finalizers: ['example.com/hold'] })]);
    const entries = await deploy(held);
    await client.delete(TYPES.configMap, { name: 'held', namespace });
    expect(await refusals(held, entries)).toMatchObject([
      { code: 'deployments/object-terminating', detail: expect.stringContaining('example.com/hold') },
    ]);
    await client.patch(
      TYPES.configMap,
      { name: 'held', namespace },
      { kind: 'merge', body: { metadata: { finalizers: null } } },
      { fieldManager: 'test' },
    );
  });

  it('E24, K8.6-21: reports a namespace that is being deleted', async () => {
    await client.create(TYPES.configMap, configMap('holds', {}, { finalizers: ['example.com/hold'] }), {
      fieldManager: 'test',
    });
    await client.delete(TYPES.namespace, { name: namespace });
    await eventually(async () =>
      expect(await refusals(ours([configMap('new')]))).toMatchObject([{ code: 'deployments/namespace-terminating' }]),
    );
    await client.patch(
      TYPES.configMap,
      { name: 'holds', namespace },
      { kind: 'merge', body: { metadata: { finalizers: null } } },
      { fieldManager: 'test' },
    );
  });

  it('reports conflicts in a fixed order', async () => {
    await client.apply(TYPES.configMap, configMap('f', { a: '1' }), { fieldManager: 'm2' });
    await client.apply(TYPES.configMap, configMap('f', { b: '1' }), { fieldManager: 'm1' });
    const failure = await client
      .apply(TYPES.configMap, configMap('f', { a: '2', b: '2' }), { fieldManager: 'm3' })
      .catch((error: unknown) => error);
    expect(conflictsOf(failure).map(({ field }) => field)).toEqual(['.data.a', '.data.b']);
  });

  it('use-D10: switches a Deployment to strategy Recreate and back, and alone owns its strategy', async () => {
    const web = (strategy?: object) =>
      ours([
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'web', namespace },
          spec: {
            replicas: 0,
            selector: { matchLabels: { app: 'web' } },
            template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'x/web:1' }] } },
            ...(strategy && { strategy }),
          },
        },
      ]);
    const first = await deploy(web());
    expect(at(await deployment(), 'spec', 'strategy', 'type')).toBe('RollingUpdate');
    const second = await deploy(web({ type: 'Recreate' }), first);
    expect(at(await deployment(), 'spec', 'strategy')).toEqual({ type: 'Recreate' });
    expect(actions(await plan(web({ type: 'Recreate' }), second))).toEqual({ 'Deployment/web': 'unchanged' });
    expect(JSON.stringify((await deployment()).metadata['managedFields'])).not.toContain('astro-platform-union');
    await deploy(web(), second);
    expect(at(await deployment(), 'spec', 'strategy', 'type')).toBe('RollingUpdate');
  });

  it('use-D9: deploys a Namespace together with its objects, and takes back fields there', async () => {
    const other = `${namespace}-own`;
    const set = (data: Record<string, string>) =>
      decorate(
        [
          { apiVersion: 'v1', kind: 'Namespace', metadata: { name: other } },
          { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'inside', namespace: other }, data },
        ],
        {
          applicationId: APPLICATION,
          attempt: 'a1',
          targetNamespace: namespace,
          namespaceMode: 'preserve',
          isNamespaced: ({ kind }) => kind !== 'Namespace',
        },
      ).objects;
    const first = await plan(set({ a: '1' }));
    expect(actions(first)).toEqual({ [`Namespace/${other}`]: 'create', 'ConfigMap/inside': 'create-later' });
    expect(first.waves.map(({ name }) => name)).toEqual(['namespaces', 'configuration']);
    const applied = await deploy(set({ a: '1' }));
    await client.patch(
      TYPES.configMap,
      { name: 'inside', namespace: other },
      { kind: 'merge', body: { data: { a: '2' } } },
      { fieldManager: 'kubectl-edit' },
    );
    const again = await plan(set({ a: '1' }), applied);
    expect(again.changes.find(({ key }) => key.name === 'inside')).toMatchObject({
      action: 'update',
      takesBackFrom: [{ manager: 'kubectl-edit' }],
    });
    await client.delete(TYPES.namespace, { name: other });
  });

  it('use-D8: does not run a completed Job again after its TTL has removed it', async () => {
    const job = (image: string) =>
      ours([
        {
          apiVersion: 'batch/v1',
          kind: 'Job',
          metadata: { name: 'migrate', namespace },
          spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image }] } } },
        },
      ]);
    const applied = (await deploy(job('x/migrate:1'))).map((entry) => ({
      ...entry,
      ...(entry.job && { job: { ...entry.job, done: true } }),
    }));
    await (await fenceOf(++attempt)).hold(applied);
    await client.delete(TYPES.job, { name: 'migrate', namespace }, { propagation: 'Background' });
    await eventually(async () => expect(await client.get(TYPES.job, 'migrate', namespace)).toBeUndefined());
    const again = await plan(job('x/migrate:1'), applied);
    expect(actions(again)).toEqual({ 'Job/migrate': 'unchanged' });
    const { applied: kept } = await applyPlan(client, again, await fenceOf(++attempt), { clock });
    expect(await client.get(TYPES.job, 'migrate', namespace)).toBeUndefined();
    const waited = { deadlineMs: 5_000, signal: new AbortController().signal, clock, ids };
    expect(await waitForHealth(client, { entries: kept, ...waited })).toMatchObject({ state: 'Healthy' });
    expect(actions(await plan(job('x/migrate:2'), applied))).toEqual({ 'Job/migrate': 'create' });
  });
}
