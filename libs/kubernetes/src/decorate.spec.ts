import { decorate, namespacedByOwnCrd, type Decoration } from './decorate.ts';
import { at, type KubernetesObject } from './objects.ts';

const CLUSTER_SCOPED = ['Namespace', 'ClusterRole', 'CustomResourceDefinition'];
const decoration: Decoration = {
  applicationId: 'app-1',
  attempt: 'attempt-9',
  targetNamespace: 'acme-web',
  namespaceMode: 'override',
  isNamespaced: ({ kind }) => (kind === 'Alien' ? undefined : !CLUSTER_SCOPED.includes(kind)),
};
const object = (kind: string, more: object = {}, metadata: object = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'a', ...metadata },
  ...more,
});
const one = (given: KubernetesObject, more: Partial<Decoration> = {}) => {
  const [first] = decorate([given], { ...decoration, ...more }).objects;
  if (!first) throw new Error('nothing is left');
  return first;
};

describe('E1: namespaces', () => {
  it('are set to the target namespace, with one warning that lists objects from other namespaces', () => {
    const { objects, warnings } = decorate(
      [
        object('ConfigMap', {}, { name: 'x', namespace: 'kube-system' }),
        object('Secret', {}, { namespace: 'other-org' }),
        object('Service'),
      ],
      decoration,
    );
    expect(objects.map(({ metadata }) => metadata.namespace)).toEqual(['acme-web', 'acme-web', 'acme-web']);
    expect(warnings).toEqual([
      'into namespace acme-web instead of their own: ConfigMap x (kube-system), Secret a (other-org)',
    ]);
  });

  it('are kept in mode preserve; objects without one are in the target namespace', () => {
    const { objects, warnings } = decorate([object('ConfigMap', {}, { namespace: 'team-a' }), object('Service')], {
      ...decoration,
      namespaceMode: 'preserve',
    });
    expect(objects.map(({ metadata }) => metadata.namespace)).toEqual(['team-a', 'acme-web']);
    expect(warnings).toEqual([]);
  });

  it('are not set on cluster-scoped objects', () =>
    expect(one(object('ClusterRole', {}, { namespace: 'x' })).metadata.namespace).toBeUndefined());

  it("do not include the application's own Namespace object", () =>
    expect(decorate([object('Namespace', {}, { name: 'acme-web' })], decoration)).toMatchObject({
      objects: [],
      warnings: [expect.stringContaining('acme-web')],
    }));

  it('must not merge two objects into one', () => {
    expect(
      decorate([object('ConfigMap', {}, { namespace: 'x' }), object('ConfigMap', {}, { namespace: 'y' })], decoration)
        .findings,
    ).toMatchObject([{ code: 'deployments/duplicate-object' }]);
  });

  it('require a known kind', () =>
    expect(decorate([object('Alien')], decoration).findings).toMatchObject([{ code: 'deployments/unknown-kind' }]));

  it('are used for custom kinds as a CustomResourceDefinition of the set defines', () => {
    const crd: KubernetesObject = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'x' },
      spec: { group: 'g.io', scope: 'Cluster', names: { kind: 'Alien' }, versions: [{ name: 'v1' }] },
    };
    const alien = { apiVersion: 'g.io/v1', kind: 'Alien', metadata: { name: 'a' } };
    expect(namespacedByOwnCrd([crd], alien)).toBe(false);
    expect(namespacedByOwnCrd([crd], { ...alien, apiVersion: 'g.io/v2' })).toBeUndefined();
  });
});

describe('E8: ownership marks', () => {
  const mark = 'platform.astropulse.io/application';

  it('are on every object and on the pods of its templates', () => {
    const deployed = one(object('Deployment', { spec: { template: { metadata: { labels: { x: 'y' } }, spec: {} } } }));
    expect(deployed.metadata).toMatchObject({
      labels: { [mark]: 'app-1', 'app.kubernetes.io/managed-by': 'astro-platform' },
      annotations: { 'platform.astropulse.io/owner': 'app-1', 'platform.astropulse.io/attempt': 'attempt-9' },
    });
    expect(at(deployed, 'spec', 'template', 'metadata', 'labels')).toEqual({ x: 'y', [mark]: 'app-1' });
    const cron = one(object('CronJob', { spec: { jobTemplate: { spec: { template: { spec: {} } } } } }));
    expect(at(cron, 'spec', 'jobTemplate', 'spec', 'template', 'metadata', 'labels')).toEqual({ [mark]: 'app-1' });
  });

  it('do not include the attempt on pods, which would restart them at each deployment', () => {
    expect(JSON.stringify(at(one(object('Deployment', { spec: { template: { spec: {} } } })), 'spec'))).not.toContain(
      'attempt-9',
    );
  });

  it('cannot be forged in a manifest', () => {
    const { objects, warnings } = decorate(
      [
        object(
          'ConfigMap',
          {},
          { labels: { [mark]: 'app-2' }, annotations: { 'platform.astropulse.io/owner': 'app-2', keep: 'this' } },
        ),
      ],
      decoration,
    );
    expect(objects[0]?.metadata).toMatchObject({
      labels: { [mark]: 'app-1' },
      annotations: { 'platform.astropulse.io/owner': 'app-1', keep: 'this' },
    });
    expect(warnings).toHaveLength(1);
  });
});

describe('the canonical form of an object', () => {
  it('omits what the server writes, with one warning', () => {
    const { objects, warnings } = decorate(
      [
        object(
          'ConfigMap',
          { status: { x: 1 } },
          {
            uid: 'u',
            resourceVersion: '1',
            managedFields: [],
            ownerReferences: [{}],
            annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"hidden": true}' },
          },
        ),
      ],
      decoration,
    );
    expect(Object.keys(objects[0]?.metadata ?? {}).sort()).toEqual(['annotations', 'labels', 'name', 'namespace']);
    expect(JSON.stringify(objects)).not.toContain('hidden');
    expect(objects[0]?.['status']).toBeUndefined();
    expect(warnings).toHaveLength(1);
  });

  it('K8.6-46: has data instead of stringData, so that a removed key is deleted', () => {
    expect(one(object('Secret', { data: { a: 'eA==' }, stringData: { b: 'pass' } }))).toMatchObject({
      data: { a: 'eA==', b: Buffer.from('pass').toString('base64') },
    });
    expect(one(object('Secret', { stringData: { b: 'pass' } }))['stringData']).toBeUndefined();
  });

  it('omits nulls, which the server would own', () =>
    expect(one(object('ConfigMap', { data: { a: null, b: 'c' } }))['data']).toEqual({ b: 'c' }));

  it('omits replicas if the set has an autoscaler for the workload', () => {
    const autoscaler: KubernetesObject = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'a' },
      spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' } },
    };
    const { objects, warnings } = decorate([object('Deployment', { spec: { replicas: 3 } }), autoscaler], decoration);
    expect(objects[0]?.['spec']).toEqual({});
    expect(warnings).toEqual(['replicas are managed by the autoscaler: Deployment a']);
  });

  it('is idempotent', () => {
    const first = one(object('Secret', { stringData: { b: 'x' }, spec: { limits: { cpu: '1000m' } } }));
    expect(one(first, { ownRendering: true })).toEqual(first);
  });
});
