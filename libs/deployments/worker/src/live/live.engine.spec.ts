import { appendFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { InputOf } from '#bus/contract';
import type { InventoryEntry, issueTokenRequest, KubernetesEvent } from '#deployments/contract';
import { silentLogger } from '#kernel';
import { createKubernetesClient, inventoryName } from '#kubernetes';
import { systemClock, systemIds } from '#runtime/system';
import { eventually, temporaryFolder } from '#testing';
import { decodeText, encodeText } from '#vault';
import { openEmbeddedVault } from '#vault/embedded';
import { AccessHandlers } from '../access/access.handlers.ts';
import { CLUSTER_ROLE_BINDING, NAMESPACE, POD, ROLE_BINDING } from '../cluster/kinds.ts';
import { accessSuite } from '../testing/access-suite.worker.ts';
import {
  CONFIG_MAP,
  DEPLOYMENT,
  dropNamespace,
  freshNamespace,
  imageSpec,
  noSources,
  openWorkshop,
  type Workshop,
} from '../testing/workshop.worker.ts';
import { ManifestRenderer } from '../rollout/renderer.worker.ts';
import { applicationEvents } from './events.worker.ts';
import { logLines } from './logs.worker.ts';
import { PreviewHandlers } from './preview.handlers.ts';
import { ProbeHandlers } from './probe.handlers.ts';
import { ResourcesHandlers } from './resources.handlers.ts';
import { StatusHandlers } from './status.handlers.ts';
import { TopHandlers } from './top.handlers.ts';

const kubeconfig = process.env['ASTRO_TEST_KUBECONFIG'];
if (kubeconfig) describe('requests to a live cluster', () => live(kubeconfig));
else
  describe.skip('requests to a live cluster: ASTRO_TEST_KUBECONFIG is not set', () => it('was not tested', () => {}));

function live(kubeconfig: string): void {
  const folder = temporaryFolder();
  const ns = freshNamespace('live');
  const inventory: InventoryEntry[] = [
    { group: 'apps', version: 'v1', kind: 'Deployment', namespace: ns, name: 'web', uid: null },
  ];
  let shop: Workshop;
  let about: { cluster: Workshop['cluster']; applicationId: string; namespace: string; inventory: InventoryEntry[] };

  beforeAll(async () => {
    const vault = await openEmbeddedVault({
      folder: join(folder, 'vault'),
      clock: systemClock,
      ids: systemIds,
      sealingKeys: [{ id: 'k', key: new Uint8Array(32).fill(7) }],
      log: silentLogger,
    });
    shop = await openWorkshop(kubeconfig, vault);
    about = { cluster: shop.cluster, applicationId: 'app', namespace: ns, inventory };
    const manager = { fieldManager: 'astro-platform' };
    await shop.client.apply(NAMESPACE, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: ns } }, manager);
    await shop.client.apply(
      DEPLOYMENT,
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web', namespace: ns },
        spec: {
          replicas: 2,
          selector: { matchLabels: { app: 'web' } },
          template: {
            metadata: { labels: { app: 'web' } },
            spec: { containers: [{ name: 'web', image: 'images.acme.dev/web:1.0' }] },
          },
        },
      },
      manager,
    );
    await eventually(async () => {
      const pods = await shop.client.list(POD, { namespace: ns });
      expect(pods.items.filter(({ status }) => JSON.stringify(status).includes('"ready":true'))).toHaveLength(2);
    });
  });
  afterAll(async () => {
    await dropNamespace(shop.client, ns);
    shop.close();
    await shop.vault.close();
  });

  const value = <T>(
    answer:
      { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: { readonly code: string } },
  ): T => {
    if (!answer.ok) throw new Error(answer.error.code);
    return answer.value;
  };

  it('identifies itself and reports no missing permissions', async () => {
    const facts = value(await new ProbeHandlers(shop.connections).probe({ cluster: shop.cluster }));
    expect(facts).toEqual({
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      version: expect.stringMatching(/^v\d/),
      nodes: expect.any(Number),
      missing: [],
    });
  });

  it('E13: distinguishes a rejected credential from an unreachable server', async () => {
    await shop.vault.put('credential/bad', encodeText(JSON.stringify({ token: 'nobody' })));
    const probe = new ProbeHandlers(shop.connections);
    expect(
      await probe.probe({ cluster: { ...shop.cluster, clusterId: 'bad', credential: 'credential/bad' } }),
    ).toMatchObject({
      ok: false,
      error: { code: 'deployments/cluster-unauthorized' },
    });
    expect(
      await probe.probe({ cluster: { ...shop.cluster, clusterId: 'private', server: 'https://10.1.2.3:6443' } }),
    ).toMatchObject({
      ok: false,
      error: { code: 'deployments/cluster-unreachable', detail: expect.stringContaining('ASTRO_EGRESS_ALLOW') },
    });
    expect(
      await probe.probe({ cluster: { ...shop.cluster, clusterId: 'foreign', certificateAuthority: null } }),
    ).toMatchObject({
      ok: false,
      error: { code: 'deployments/cluster-unreachable', detail: expect.stringContaining('certificate') },
    });
  });

  it('returns replicas and pods', async () => {
    const status = value(await new StatusHandlers(shop.connections, () => Promise.resolve([])).status(about));
    expect(status.replicas).toBe('2/2');
    expect(status.pods).toHaveLength(2);
    expect(status.pods[0]).toMatchObject({
      name: expect.stringMatching(/^web-/),
      ready: '1/1',
      state: 'Running',
      restarts: 0,
      node: 'node-0',
    });
  });

  it('says that nothing measures its pods, if it has no metrics-server', async () => {
    const { types } = await shop.client.discovery();
    const isMeasured = types.some(({ group }) => group === 'metrics.k8s.io');
    const { use } = value(await new TopHandlers(shop.connections).top(about));
    expect(use === null).toBe(!isMeasured);
  });

  it('renders what an attempt would apply, and writes nothing to the cluster', async () => {
    const renderer = new ManifestRenderer(systemClock, silentLogger);
    const handlers = new PreviewHandlers(shop.connections, shop.vault, renderer, noSources, systemClock, systemIds);
    const place = freshNamespace('preview');
    const ask = async (image: string) => {
      const resolved = `resolved/${place}`;
      await shop.vault.put(resolved, encodeText(JSON.stringify(imageSpec(place, 1, image, { replicas: 3 }))));
      return handlers.preview({
        organizationId: 'org-1',
        applicationId: 'previewed',
        applicationName: 'web',
        revision: 1,
        attemptNumber: 0,
        cluster: shop.cluster,
        targetNamespace: place,
        namespaceMode: 'override',
        resolved,
      });
    };
    const { rendered, digest } = value(await ask('images.acme.dev/web:1.0'));
    const record = await shop.vault.get(rendered);
    const objects: unknown = JSON.parse(decodeText(record?.value ?? new Uint8Array()));
    expect(objects).toContainEqual(
      expect.objectContaining({ kind: 'Deployment', spec: expect.objectContaining({ replicas: 3 }) }),
    );
    expect(value(await ask('images.acme.dev/web:1.0')).digest).toBe(digest);
    expect(value(await ask('images.acme.dev/web:2.0')).digest).not.toBe(digest);
    expect(await shop.client.get(NAMESPACE, place)).toBeUndefined();
    await renderer.onModuleDestroy();
  });

  it('returns objects with their health, and missing ones', async () => {
    const gone = { group: '', version: 'v1', kind: 'ConfigMap', namespace: ns, name: 'gone', uid: null };
    const { items } = value(
      await new ResourcesHandlers(shop.connections, systemClock).resources({
        ...about,
        inventory: [...inventory, gone],
      }),
    );
    expect(items).toEqual([
      expect.objectContaining({ kind: 'ConfigMap', name: inventoryName(about.applicationId), health: 'Missing' }),
      expect.objectContaining({ kind: 'Deployment', name: 'web', namespace: ns, health: 'Healthy', sync: 'Synced' }),
      expect.objectContaining({
        kind: 'ConfigMap',
        name: 'gone',
        health: 'Missing',
        sync: 'OutOfSync',
        createdAt: null,
      }),
    ]);
  });

  it('streams events of its objects, oldest first, and then new ones', async () => {
    const stop = new AbortController();
    const present: KubernetesEvent[] = [];
    for await (const event of applicationEvents(
      shop.connections,
      systemClock,
      { ...about, follow: false },
      stop.signal,
    ))
      present.push(event);
    expect(present.map(({ reason }) => reason)).toContain('ScalingReplicaSet');
    expect(present.map(({ last }) => last)).toEqual(present.map(({ last }) => last).toSorted());

    const seen: KubernetesEvent[] = [];
    const following = (async () => {
      for await (const event of applicationEvents(
        shop.connections,
        systemClock,
        { ...about, follow: true },
        stop.signal,
      ))
        seen.push(event);
    })();
    await eventually(() => expect(seen.length).toBeGreaterThanOrEqual(present.length));
    await shop.client.patch(
      DEPLOYMENT,
      { name: 'web', namespace: ns },
      { kind: 'merge', body: { spec: { replicas: 3 } } },
      { fieldManager: 'astro-platform-test' },
    );
    await eventually(() => expect(seen.length).toBeGreaterThan(present.length));
    stop.abort();
    await following;
  });

  it('E15: returns log lines of all pods unchanged', async () => {
    const stop = new AbortController();
    const word = `hello-${ns}`;
    appendFileSync(
      join(dirname(kubeconfig), 'pods.log'),
      `${new Date().toISOString().replace('Z', '000000Z')} stdout F ${word} \u001b[31mred\n`,
    );
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { pod, line } of logLines(
        () => shop.connections.client(shop.cluster),
        { ...about, follow: true, previous: false, tail: 50 },
        systemClock,
        stop.signal,
      ))
        if (line.includes(word)) seen.push(`${pod} ${line}`);
    })();
    await eventually(() => expect(new Set(seen).size).toBeGreaterThanOrEqual(2));
    expect(seen[0]).toContain('\u001b[31mred');
    stop.abort();
    await reading;
  });

  describe('a token for one person', () => {
    const ask = (more: Partial<InputOf<typeof issueTokenRequest>>) => ({
      cluster: shop.cluster,
      organizationId: 'org-1',
      memberId: `ada-${ns}`,
      access: 'edit' as const,
      namespaces: [ns],
      ...more,
    });
    const as = async (token: string) =>
      createKubernetesClient({
        server: shop.cluster.server,
        ...(shop.cluster.certificateAuthority !== null && { ca: shop.cluster.certificateAuthority }),
        credential: { token },
        egress: shop.egress,
        clock: systemClock,
        ids: systemIds,
        log: silentLogger,
      });

    it('has exactly the rights of the role, and loses others when the role changes', async () => {
      const handlers = new AccessHandlers(shop.connections);
      const { token, expiresAt } = value(await handlers.issue(ask({})));
      expect(Date.parse(expiresAt) - Date.now()).toBeLessThanOrEqual(601_000);
      const ada = await as(token);
      const may = (verb: string, resource: string, namespace?: string) =>
        ada
          .mayI({ verb, group: '', resource, ...(namespace !== undefined && { namespace }) })
          .then(({ allowed }) => allowed);
      await eventually(async () => expect(await may('create', 'configmaps', ns)).toBe(true));
      expect(await may('create', 'configmaps', 'default')).toBe(false);
      expect(await may('create', 'namespaces')).toBe(false);

      await handlers.issue(ask({ access: 'view' }));
      await eventually(async () => expect(await may('create', 'configmaps', ns)).toBe(false));
      expect(await may('list', 'configmaps', ns)).toBe(true);

      await handlers.issue(ask({ access: 'cluster', namespaces: [] }));
      await eventually(async () => expect(await may('create', 'namespaces')).toBe(true));

      await handlers.issue(ask({ access: 'view', namespaces: [] }));
      await eventually(async () => expect(await may('list', 'configmaps', ns)).toBe(false));
      const left = await Promise.all([
        shop.client.list(ROLE_BINDING, { namespace: ns }),
        shop.client.list(CLUSTER_ROLE_BINDING, { labelSelector: 'platform.astropulse.io/member' }),
      ]);
      expect(JSON.stringify(left)).not.toContain(`ada-${ns}`);
      ada.close();
    });
  });

  describe('access of members', () => accessSuite(() => shop));

  it('uses one connection, which is closed when the cluster is deleted', async () => {
    const first = await shop.connections.client(shop.cluster);
    expect(await shop.connections.client(shop.cluster)).toBe(first);
    shop.connections.drop(shop.cluster.clusterId);
    const second = await shop.connections.client(shop.cluster);
    expect(second).not.toBe(first);
    await expect(first.get(CONFIG_MAP, 'x', ns)).rejects.toThrow();
    expect(await second.get(CONFIG_MAP, 'x', ns)).toBeUndefined();
  });
}
