import type { KubernetesObject } from '#kubernetes';
import { deletionOrder, deletionBlockerOf, isRelevantKind, isForeign, namespaceBlockersOf } from './deletion.ts';

const object = (kind: string, name: string, metadata: object = {}, more: object = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, ...metadata },
  ...more,
});

describe('a deletion', () => {
  it('is in reverse order: from what is exposed to what defines the rest', () => {
    const entries = ['CustomResourceDefinition', 'ConfigMap', 'Service', 'Deployment', 'Ingress', 'Widget'].map(
      (kind) => ({ key: { kind } }),
    );
    expect(deletionOrder(entries).map((group) => group.map(({ key }) => key.kind))).toEqual([
      ['Ingress'],
      ['Deployment', 'Widget'],
      ['Service'],
      ['ConfigMap'],
      ['CustomResourceDefinition'],
    ]);
  });

  it('E11: names the finalizer that blocks an object', () => {
    expect(deletionBlockerOf(object('ConfigMap', 'a', { finalizers: ['acme.dev/hold'] }))).toBe(
      'ConfigMap/a is waiting for finalizer acme.dev/hold',
    );
    expect(deletionBlockerOf(object('Deployment', 'web', { finalizers: ['foregroundDeletion'] }))).toBe(
      'Deployment/web is waiting for its dependents',
    );
    const conditions = [
      {
        type: 'NamespaceFinalizersRemaining',
        status: 'True',
        message: 'Some content in the namespace has finalizers remaining: acme.dev/hold in 1 resource instances',
      },
    ];
    expect(namespaceBlockersOf(object('Namespace', 'shop', {}, { status: { conditions } }))).toContain(
      'acme.dev/hold in 1 resource instances',
    );
  });

  it('keeps a namespace that contains objects of others', () => {
    const foreign = (there: KubernetesObject) => isForeign(there, there.kind, 'app', 'a');
    expect(
      [object('ConfigMap', 'theirs'), object('Pod', 'debug'), object('ConfigMap', 'b', { labels: { app: 'b' } })].map(
        foreign,
      ),
    ).toEqual([true, true, true]);
    expect(
      [
        object('ConfigMap', 'kube-root-ca.crt'),
        object('ServiceAccount', 'default'),
        object('Pod', 'web-1', { ownerReferences: [{}] }),
        object('ConfigMap', 'a', { labels: { app: 'a' } }),
        object('RoleBinding', 'r', { labels: { 'app.kubernetes.io/managed-by': 'astro-platform' } }),
      ].map(foreign),
    ).toEqual([false, false, false, false, false]);
    const type = { group: '', version: 'v1', kind: 'Event', resource: 'events', namespaced: true, verbs: ['list'] };
    expect([
      isRelevantKind(type),
      isRelevantKind({ ...type, kind: 'Secret' }),
      isRelevantKind({ ...type, kind: 'Secret', verbs: ['create'] }),
    ]).toEqual([false, true, false]);
  });
});
