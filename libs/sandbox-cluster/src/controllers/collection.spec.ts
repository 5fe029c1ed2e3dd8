import { join } from 'node:path';
import { temporaryFolder } from '#testing';
import { conditionsShown, deployment, pod, testCluster, type TestCluster } from './cluster.fixture.ts';

const folder = temporaryFolder();
let tests = 0;
let cluster: TestCluster;
beforeEach(() => void (cluster = testCluster(join(folder, String((tests += 1))))));
afterEach(() => cluster.close());

describe('the garbage collector', () => {
  it('deletes the dependents of a deleted owner', () => {
    cluster.create(deployment('web'));
    cluster.pass(5_000);
    cluster.delete('deployments.apps', 'web', { propagation: 'Background' });
    expect(cluster.has('deployments.apps', 'web')).toBe(false);
    cluster.pass(5_000);
    expect(cluster.list('replicasets.apps')).toEqual([]);
    expect(cluster.list('pods')).toEqual([]);
  });

  it('keeps an owner that is deleted in the foreground until its dependents are deleted', () => {
    cluster.create(deployment('web'));
    cluster.pass(5_000);
    cluster.delete('deployments.apps', 'web', { propagation: 'Foreground' });
    cluster.pass(500);
    expect(cluster.get('deployments.apps', 'web').metadata.finalizers).toEqual(['foregroundDeletion']);
    expect(cluster.list('replicasets.apps')).toHaveLength(1);
    cluster.pass(5_000);
    expect(cluster.has('deployments.apps', 'web')).toBe(false);
    expect([...cluster.list('replicasets.apps'), ...cluster.list('pods')]).toEqual([]);
  });

  it('deletes an object whose owner never existed', () => {
    const ownerReferences = [
      { apiVersion: 'v1', kind: 'ConfigMap', name: 'ghost', uid: '00000000-0000-7000-8000-000000000000' },
    ];
    cluster.create({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', namespace: 'shop', ownerReferences },
    });
    cluster.pass(1_000);
    expect(cluster.has('configmaps', 'a')).toBe(false);
  });

  it('removes only the reference to a deleted owner when another owner exists', () => {
    const owners = ['one', 'two'].map((name) =>
      cluster.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'shop' } }),
    );
    const ownerReferences = owners.map(({ metadata }) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: metadata.name,
      uid: metadata.uid,
    }));
    cluster.create({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'child', namespace: 'shop', ownerReferences },
    });
    cluster.delete('configmaps', 'one');
    cluster.pass(1_000);
    expect(cluster.get('configmaps', 'child').metadata.ownerReferences?.map(({ name }) => name)).toEqual(['two']);
  });
});

describe('a namespace', () => {
  it('is deleted in several steps when it has many objects, and its status does not change before the last one', () => {
    for (let n = 0; n < 35; n++)
      cluster.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `settings-${n}`, namespace: 'shop' } });
    cluster.delete('namespaces', 'shop', {}, '');
    const left: number[] = [];
    const end = cluster.store.subscribe(
      ({ key }) => key.resource === 'namespaces' && left.push(cluster.list('configmaps').length),
    );
    cluster.pass(1_000);
    end();
    expect(cluster.list('configmaps')).toEqual([]);
    expect(cluster.has('namespaces', 'shop', '')).toBe(false);
    expect(left.filter((count) => count > 0)).toEqual([]);
  });

  it('has a ServiceAccount and a root certificate, which are recreated after a deletion', () => {
    expect(cluster.has('serviceaccounts', 'default')).toBe(true);
    cluster.delete('serviceaccounts', 'default');
    cluster.delete('configmaps', 'kube-root-ca.crt');
    cluster.pass(1_000);
    expect(cluster.has('serviceaccounts', 'default')).toBe(true);
    expect(cluster.has('configmaps', 'kube-root-ca.crt')).toBe(true);
  });

  it('is deleted with all of its objects, and reports the remaining ones in its conditions', () => {
    cluster.create(deployment('web'));
    cluster.create({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'held', namespace: 'shop', finalizers: ['example.com/hold'] },
    });
    cluster.pass(5_000);
    cluster.delete('namespaces', 'shop', {}, '');
    cluster.pass(10_000);
    const space = cluster.get('namespaces', 'shop', '');
    expect(space.status?.['phase']).toBe('Terminating');
    expect(conditionsShown(space)).toEqual([
      'NamespaceDeletionDiscoveryFailure=False ResourcesDiscovered',
      'NamespaceDeletionGroupVersionParsingFailure=False ParsedGroupVersions',
      'NamespaceDeletionContentFailure=False ContentDeleted',
      'NamespaceContentRemaining=True SomeResourcesRemain',
      'NamespaceFinalizersRemaining=True SomeFinalizersRemain',
    ]);
    const held = cluster.get('configmaps', 'held');
    const { finalizers: _released, ...metadata } = held.metadata;
    cluster.api.update({ ...held, metadata }, 'test');
    cluster.pass(2_000);
    expect(cluster.has('namespaces', 'shop', '')).toBe(false);
    expect(cluster.store.resourcesIn('shop')).toEqual([]);
  });

  it('accepts no new objects while it is being deleted', () => {
    cluster.create(pod('a'));
    cluster.pass(3_000);
    cluster.delete('namespaces', 'shop', {}, '');
    expect(cluster.api.create(pod('b'), 'test')).toMatchObject({
      ok: false,
      error: { code: 403, reason: 'Forbidden' },
    });
  });
});

describe('events', () => {
  it('are deleted one hour after they were last counted', () => {
    cluster.create(pod('a'));
    cluster.pass(3_000);
    expect(cluster.list('events').length).toBeGreaterThan(0);
    cluster.pass(3_602_000);
    expect(cluster.list('events')).toEqual([]);
  });
});
