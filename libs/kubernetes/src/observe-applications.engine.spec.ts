import { randomUUID } from 'node:crypto';
import { systemClock as clock, systemIds as ids } from '#runtime/system';
import { eventually } from '#testing';
import type { KubernetesClient } from './client.ts';
import { decorate } from './decorate.ts';
import { TYPES } from './discovery.ts';
import { inventoryName, openFence } from './inventory-fence.ts';
import { keyOf, type KubernetesObject } from './objects.ts';
import { observeApplications, type ObservedApplication } from './observe-applications.ts';
import { makeNamespace, openRealCluster } from './testing/real-cluster.ts';

const kubeconfig = process.env['ASTRO_TEST_KUBECONFIG'];
if (kubeconfig) describe('applications observed on a real Kubernetes', () => observing(kubeconfig));
else
  describe.skip('applications observed on a real Kubernetes: ASTRO_TEST_KUBECONFIG is not set', () =>
    it('was not tested', () => {}));

function observing(path: string): void {
  let client: KubernetesClient;
  let namespace: string;
  let stop: AbortController;
  let ended: Promise<void>;
  const applicationId = `app-${randomUUID()}`;
  const otherId = `app-${randomUUID()}`;
  const reported = new Set<string>();
  const last: Partial<ObservedApplication> & { calls: number } = { calls: 0 };

  const deployment = (image: string): KubernetesObject => {
    const labels = { app: 'web' };
    const given = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'c', image }] } },
      },
    };
    const [object] = decorate([given], {
      applicationId,
      attempt: '1',
      targetNamespace: namespace,
      namespaceMode: 'override',
      isNamespaced: () => true,
    }).objects;
    if (!object) throw new Error('nothing was decorated');
    return object;
  };
  const apply = (image: string) =>
    client.apply(TYPES.deployment, deployment(image), { fieldManager: 'astro-platform' });

  beforeAll(async () => {
    client = openRealCluster(path);
    namespace = await makeNamespace(client);
    const fence = await openFence(client, { applicationId, namespace, attempt: 7, ids });
    await apply('x/web:1');
    await fence.hold([{ key: keyOf(deployment('x/web:1')), apiVersion: 'apps/v1' }]);
    stop = new AbortController();
    ended = observeApplications(client, {
      signal: stop.signal,
      clock,
      ids,
      onSeen: (id, seen) => {
        reported.add(id);
        if (id === applicationId) Object.assign(last, seen, { calls: last.calls + 1 });
      },
    });
  });
  afterAll(async () => {
    stop.abort();
    await ended;
    await client.delete(TYPES.namespace, { name: namespace });
    client.close();
  });

  it('are Healthy when their objects are, with the attempt of the inventory', async () => {
    await eventually(() =>
      expect(last).toMatchObject({ health: { state: 'Healthy', replicas: { wanted: 1, ready: 1 } }, attempt: 7 }),
    );
  });

  it('E23: are Missing within 5 s after kubectl delete, and Healthy again when the object is recreated', async () => {
    await client.delete(TYPES.deployment, { name: 'web', namespace });
    await eventually(() =>
      expect(last.health).toMatchObject({ state: 'Missing', message: expect.stringContaining('web') }),
    );
    await apply('x/web:1');
    await eventually(() => expect(last.health?.state).toBe('Healthy'));
  });

  it('E23: are Degraded within 5 s when pods crash', async () => {
    await apply('x/web:crash');
    await eventually(() =>
      expect(last.health).toMatchObject({ state: 'Degraded', code: 'deployments/container-crashed' }),
    );
  });

  it('are no longer observed after the signal aborts, even between two checks', async () => {
    for (const afterMs of [0, 20, 60, 120, 250]) {
      const short = new AbortController();
      const following = observeApplications(client, { signal: short.signal, clock, ids, onSeen: () => {} }).catch(
        () => {},
      ); // rejects if it ends before the first lists
      setTimeout(() => short.abort(), afterMs);
      await new Promise((resolve) => short.signal.addEventListener('abort', resolve, { once: true }));
      const startedMs = performance.now();
      await following;
      expect(performance.now() - startedMs).toBeLessThan(2_500);
    }
  });

  it('are no longer reported after their inventory was deleted', async () => {
    await client.delete(TYPES.configMap, { name: inventoryName(applicationId), namespace });
    const other = await openFence(client, { applicationId: otherId, namespace, attempt: 1, ids });
    await other.hold([]);
    // The report about the other application started after the deletion, because both come from the same list and
    // watch.
    await eventually(() => expect(reported.has(otherId)).toBe(true));
    const { calls } = last;
    reported.clear();
    await other.hold([]);
    await client.patch(
      TYPES.configMap,
      { name: inventoryName(otherId), namespace },
      { kind: 'merge', body: { metadata: { labels: { touched: 'yes' } } } },
      { fieldManager: 'test' },
    );
    await eventually(() => expect(reported.has(otherId)).toBe(true));
    expect(last.calls).toBe(calls);
  });
}
