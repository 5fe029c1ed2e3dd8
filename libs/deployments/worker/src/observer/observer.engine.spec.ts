import { join } from 'node:path';
import type { HealthSettings } from '#deployments/contract';
import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import { eventually, temporaryFolder } from '#testing';
import { encodeText } from '#vault';
import { openEmbeddedVault } from '#vault/embedded';
import { CONFIG_MAP, NAMESPACE, POD } from '../cluster/kinds.ts';
import {
  DEPLOYMENT,
  dropNamespace,
  freshNamespace,
  imageSpec,
  openWorkshop,
  yamlSpec,
  type Workshop,
} from '../testing/workshop.worker.ts';
import { ResourcesHandlers } from '../live/resources.handlers.ts';
import { ObserverWorker } from './observer.worker.ts';

const kubeconfig = process.env['ASTRO_TEST_KUBECONFIG'];
if (kubeconfig) describe('an observer of a real Kubernetes', () => observing(kubeconfig));
else
  describe.skip('an observer of a real Kubernetes: ASTRO_TEST_KUBECONFIG is not set', () =>
    it('was not tested', () => {}));

function observing(kubeconfig: string): void {
  const folder = temporaryFolder();
  const ns = freshNamespace('seen');
  const applicationId = `app-${ns}`;
  let shop: Workshop;
  let observer: ObserverWorker;

  beforeAll(async () => {
    const vault = await openEmbeddedVault({
      folder: join(folder, 'vault'),
      clock: systemClock,
      ids: systemIds,
      sealingKeys: [{ id: 'k', key: new Uint8Array(32).fill(7) }],
      log: silentLogger,
    });
    shop = await openWorkshop(kubeconfig, vault, { rolloutMs: 20_000 });
    await shop.deliver(await shop.request(imageSpec(ns, 1, 'images.acme.dev/web:1.0')));
    await shop.vault.put('credential/bad', encodeText(JSON.stringify({ token: 'nobody' })));
    shop.deployments.observed = {
      clusters: [
        { connection: shop.cluster, applications: [{ applicationId, namespace: ns, deployedBy: 1 }] },
        { connection: { ...shop.cluster, clusterId: 'cluster-bad', credential: 'credential/bad' }, applications: [] },
        { connection: { ...shop.cluster, clusterId: 'cluster-away', server: 'https://127.0.0.1:1' }, applications: [] },
      ],
    };
    observer = new ObserverWorker(shop.deployments, systemClock, systemIds, silentLogger, shop.connections);
    observer.start('observer-1', { requestEveryMs: 500, heartbeatMs: 1_000 });
  });
  afterAll(async () => {
    await observer.stop();
    await dropNamespace(shop.client, ns);
    shop.close();
    await shop.vault.close();
  });

  const newest = () => shop.deployments.health.filter((report) => report.applicationId === applicationId).at(-1);

  it('reports the state of each cluster: READY, UNAUTHORIZED, or UNREACHABLE with the cause', async () => {
    const stateOf = (clusterId: string) =>
      shop.deployments.clusters.filter((report) => report.clusterId === clusterId).at(-1);
    await eventually(() =>
      expect(stateOf('cluster-1')).toMatchObject({
        state: 'READY',
        reason: null,
        version: expect.stringMatching(/^v/),
        nodes: expect.any(Number),
      }),
    );
    await eventually(() => expect(stateOf('cluster-bad')).toMatchObject({ state: 'UNAUTHORIZED' }));
    await eventually(() =>
      expect(stateOf('cluster-away')).toMatchObject({
        state: 'UNREACHABLE',
        reason: expect.stringContaining('ECONNREFUSED'),
      }),
    );
  });

  it('reports a healthy application', () =>
    eventually(() => expect(newest()).toMatchObject({ health: 'Healthy', replicas: '2/2' })));

  it('E23: reports within 5 s that a Deployment was deleted, and that it is back', async () => {
    await eventually(() => expect(newest()).toMatchObject({ health: 'Healthy' }));
    await shop.client.delete(DEPLOYMENT, { name: 'web', namespace: ns });
    await eventually(() =>
      expect(newest()).toMatchObject({
        health: expect.stringMatching(/Missing|Degraded/),
        message: expect.stringContaining('web'),
      }),
    );
    // otherwise the new ReplicaSet adopts pods that are being deleted
    await eventually(async () => expect((await shop.client.list(POD, { namespace: ns })).items).toEqual([]), 20_000);
    const task = await shop.request(imageSpec(ns, 2, 'images.acme.dev/web:1.0'));
    await shop.deliver(task);
    expect(shop.deployments.attempt(task.attemptId).outcome).toMatchObject({ outcome: 'succeeded' });
    await eventually(() => expect(newest()).toMatchObject({ health: 'Healthy', replicas: '2/2' }));
  });

  const again = async (revision: number) => {
    const task = await shop.request(imageSpec(ns, revision, 'images.acme.dev/web:1.0'));
    await shop.deliver(task);
    const { outcome } = shop.deployments.attempt(task.attemptId);
    expect(outcome).toMatchObject({ ...outcome, outcome: 'succeeded' });
    await eventually(() => expect(newest()).toMatchObject({ health: 'Healthy', sync: 'Synced', drift: [] }), 15_000);
  };

  it('use-D1: reports who changed which field of any kind of object; an attempt repairs it', async () => {
    await again(3);
    await shop.client.patch(
      DEPLOYMENT,
      { name: 'web', namespace: ns },
      { kind: 'merge', body: { spec: { replicas: 1 } } },
      { fieldManager: 'kubectl-scale' },
    );
    await eventually(
      () =>
        expect(newest()).toMatchObject({
          sync: 'OutOfSync',
          drift: [{ what: 'Deployment/web was changed by kubectl-scale', fields: ['spec.replicas'] }],
        }),
      15_000,
    );
    await again(4);
    const { items } = await shop.client.list(CONFIG_MAP, { namespace: ns });
    const files = items.find(({ metadata }) => metadata.name.startsWith('web'));
    if (!files) throw new Error('the application has no configuration files');
    await shop.client.patch(
      CONFIG_MAP,
      { name: files.metadata.name, namespace: ns },
      {
        kind: 'merge',
        body: { data: Object.fromEntries(Object.keys(files['data'] as object).map((key) => [key, 'x'])) },
      },
      { fieldManager: 'kubectl-edit' },
    );
    await eventually(
      () =>
        expect(newest()?.drift).toEqual([
          {
            what: `ConfigMap/${files.metadata.name} was changed by kubectl-edit`,
            fields: [expect.stringContaining('data')],
          },
        ]),
      15_000,
    );
    await again(5);
  });

  it('use-D1: reports a field that was changed and changed back, until the platform owns it again', async () => {
    for (const replicas of [1, 2])
      await shop.client.patch(
        DEPLOYMENT,
        { name: 'web', namespace: ns },
        { kind: 'merge', body: { spec: { replicas } } },
        { fieldManager: 'kubectl-scale' },
      );
    await eventually(() => expect(newest()).toMatchObject({ sync: 'OutOfSync' }), 15_000);
    await again(6);
  });

  it('use-D1: does not report a restart as drift, and later attempts keep it', async () => {
    const task = await shop.request(imageSpec(ns, 7, 'images.acme.dev/web:1.0'), {
      restart: '2026-12-01T01:00:00.000Z',
    });
    await shop.deliver(task);
    await again(8);
    const live = await shop.client.get(DEPLOYMENT, 'web', ns);
    expect(live).toMatchObject({
      spec: {
        template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': '2026-12-01T01:00:00.000Z' } } },
      },
    });
  });

  it('use-D2, K8.6-22: reports a missing inventory, then a missing namespace; an attempt restores both', async () => {
    const inventory = `astro-inventory-${applicationId}`;
    await shop.client.delete(CONFIG_MAP, { name: inventory, namespace: ns });
    await eventually(
      () =>
        expect(newest()).toMatchObject({
          health: 'Missing',
          sync: 'OutOfSync',
          message: expect.stringContaining(inventory),
        }),
      15_000,
    );
    await again(9);
    await dropNamespace(shop.client, ns);
    await eventually(async () => expect(await shop.client.get(NAMESPACE, ns)).toBeUndefined(), 30_000);
    await eventually(() => expect(newest()).toMatchObject({ health: 'Missing', sync: 'OutOfSync' }), 15_000);
    await again(10);
  }, 90_000);

  it('E23: reports the reason when pods crash', async () => {
    await shop.client.patch(
      DEPLOYMENT,
      { name: 'web', namespace: ns },
      {
        kind: 'strategic',
        body: { spec: { template: { spec: { containers: [{ name: 'web', image: 'images.acme.dev/web:crash' }] } } } },
      },
      { fieldManager: 'test' },
    );
    await eventually(() => expect(newest()).toMatchObject({ health: 'Degraded', code: 'deployments/crash-loop' }));
  });

  it('uses the health rules of the cluster in rollouts, in lists of objects, and for what it observes', async () => {
    const own = freshNamespace('rules');
    const id = `app-${own}`;
    const health = (state: 'Healthy' | 'Degraded'): HealthSettings['kinds'] => [
      {
        group: '',
        kind: 'PersistentVolumeClaim',
        rules: [{ path: 'status.phase', values: ['Pending'], health: state }],
      },
    ];
    const claim = JSON.stringify({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'none' },
    });
    const observe = (healthRevision: number) => {
      shop.deployments.observed = {
        clusters: [
          {
            connection: { ...shop.cluster, healthRevision },
            applications: [{ applicationId: id, namespace: own, deployedBy: 1 }],
          },
        ],
      };
    };
    const seen = () => shop.deployments.health.filter((report) => report.applicationId === id).at(-1);
    const cluster = { ...shop.cluster, health: health('Healthy') };
    try {
      const task = await shop.request(yamlSpec(own, 1, claim), { cluster });
      await shop.deliver(task);
      const { outcome } = shop.deployments.attempt(task.attemptId);
      expect(outcome).toMatchObject({ ...outcome, outcome: 'succeeded' });

      shop.deployments.healthRules = { kinds: health('Healthy') };
      observe(1);
      await eventually(() => expect(seen()).toMatchObject({ health: 'Healthy' }), 15_000);
      shop.deployments.healthRules = { kinds: health('Degraded') };
      observe(2);
      const message = expect.stringContaining('status.phase is Pending');
      await eventually(() => expect(seen()).toMatchObject({ health: 'Degraded', message }), 15_000);

      const listed = await new ResourcesHandlers(shop.connections, systemClock).resources({
        cluster: { ...cluster, health: health('Degraded') },
        applicationId: id,
        namespace: own,
        inventory: [
          { group: '', version: 'v1', kind: 'PersistentVolumeClaim', namespace: own, name: 'data', uid: null },
        ],
      });
      expect(listed).toMatchObject({ ok: true, value: { items: [{ health: 'Degraded', message }] } });
    } finally {
      await dropNamespace(shop.client, own);
    }
  });
}
