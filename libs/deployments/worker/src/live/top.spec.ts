import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import { sandboxTarget, type SandboxTarget } from '#sandbox-cluster/cases';
import { temporaryFolder } from '#testing';
import { openEmbeddedVault } from '#vault/embedded';
import { NAMESPACE, POD } from '../cluster/kinds.ts';
import { DEPLOYMENT, openWorkshop, type Workshop } from '../testing/workshop.worker.ts';
import { TopHandlers } from './top.handlers.ts';

const METRICS = '/apis/metrics.k8s.io/v1beta1/';
const manager = { fieldManager: 'astro-platform' };

/** A cluster whose metrics API is a stand-in: paths of metrics.k8s.io are answered by the test, others by a sandbox. */
describe('the use of pods', () => {
  const folder = temporaryFolder();
  let target: SandboxTarget;
  let server: Server;
  let shop: Workshop;
  /** Paths of the metrics API that were requested. */
  let asked: string[];
  let answer: ((path: string, response: ServerResponse) => void) | undefined;

  beforeAll(async () => {
    target = await sandboxTarget(join(folder, 'sandbox'));
    server = createServer((request, response) => {
      const path = request.url ?? '/';
      if (!answer || !path.startsWith(METRICS)) return void target.sandbox.handle(request, response, path, '');
      asked.push(decodeURIComponent(path.slice(METRICS.length).replaceAll('+', ' ')));
      answer(path, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'dev',
        contexts: [{ name: 'dev', context: { cluster: 'dev', user: 'owner' } }],
        clusters: [{ name: 'dev', cluster: { server: `http://127.0.0.1:${port}` } }],
        users: [{ name: 'owner', user: { token: target.sandbox.token } }],
      }),
    );
    const vault = await openEmbeddedVault({
      folder: join(folder, 'vault'),
      clock: systemClock,
      ids: systemIds,
      sealingKeys: [{ id: 'k', key: new Uint8Array(32).fill(7) }],
      log: silentLogger,
    });
    shop = await openWorkshop(kubeconfig, vault);
    await shop.client.apply(NAMESPACE, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }, manager);
    const containers = [{ name: 'web', image: 'sandbox.invalid/web:1', resources: { limits: { cpu: '100m' } } }];
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'shop' },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, spec: { containers } },
      },
    };
    await shop.client.apply(DEPLOYMENT, deployment, manager);
    const single = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'tool', namespace: 'shop' },
      spec: { containers },
    };
    await shop.client.apply(POD, single, manager);
    while ((await podNames()).length < 3) await target.tick();
  });
  beforeEach(() => {
    asked = [];
    answer = undefined;
  });
  afterAll(async () => {
    shop.close();
    await shop.vault.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await target.close();
  });

  const podNames = async () =>
    (await shop.client.list(POD, { namespace: 'shop' })).items.map((pod) => pod.metadata.name);
  const entry = (group: string, kind: string, name: string) => ({
    group,
    version: 'v1',
    kind,
    namespace: 'shop',
    name,
    uid: null,
  });
  const top = () =>
    new TopHandlers(shop.connections).top({
      cluster: shop.cluster,
      applicationId: 'app',
      namespace: 'shop',
      inventory: [entry('apps', 'Deployment', 'web'), entry('', 'Pod', 'tool'), entry('', 'ConfigMap', 'words')],
    });
  const metricsOf = (name: string) => ({
    apiVersion: 'metrics.k8s.io/v1beta1',
    kind: 'PodMetrics',
    metadata: { name, namespace: 'shop' },
    containers: [{ name: 'web', usage: { cpu: '25m', memory: '8Mi' } }],
  });
  const json = (response: ServerResponse, status: number, body: object) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

  it('is asked of the metrics API, for the pods of the workloads only', async () => {
    const names = await podNames();
    answer = (path, response) =>
      path.includes('labelSelector')
        ? json(response, 200, { metadata: {}, items: names.filter((name) => name.startsWith('web')).map(metricsOf) })
        : json(response, 200, metricsOf('tool'));
    const use = { used: 25, request: 100, limit: 100 };
    expect(await top()).toMatchObject({
      ok: true,
      value: {
        use: { items: names.toSorted().map((name) => ({ name, cpu: use })), total: { cpu: { used: 75, limit: 300 } } },
      },
    });
    expect(asked.toSorted()).toEqual([
      expect.stringMatching(/^namespaces\/shop\/pods\/tool$/),
      expect.stringMatching(/^namespaces\/shop\/pods\?.*labelSelector=app=web/),
    ]);
  });

  it('is unknown for pods without metrics', async () => {
    answer = (path, response) =>
      path.includes('labelSelector')
        ? json(response, 200, { metadata: {}, items: [] })
        : json(response, 404, {
            kind: 'Status',
            code: 404,
            reason: 'NotFound',
            message: 'podmetrics "tool" not found',
          });
    expect(await top()).toMatchObject({ value: { use: { total: { cpu: { used: null, limit: 300 } } } } });
  });

  it('is not available where the API is not served, or its server does not respond', async () => {
    expect(await top()).toEqual({ ok: true, value: { use: null }, meta: {} });
    answer = (_, response) =>
      json(response, 503, {
        kind: 'Status',
        code: 503,
        reason: 'ServiceUnavailable',
        message: 'the server is currently unable to handle the request',
      });
    expect(await top()).toEqual({ ok: true, value: { use: null }, meta: {} });
    expect(await podNames()).toHaveLength(3);
  });

  it('is refused if the platform may not read it', async () => {
    answer = (_, response) =>
      json(response, 403, {
        kind: 'Status',
        code: 403,
        reason: 'Forbidden',
        message: 'pods.metrics.k8s.io is forbidden',
      });
    expect(await top()).toMatchObject({ ok: false, error: { code: 'deployments/forbidden-on-cluster' } });
  });
});
