import { checkManifests, type CheckOptions } from './check-manifests.ts';
import type { KubernetesObject } from './objects.ts';

const GROUP = 'rbac.authorization.k8s.io/v1';
const open: CheckOptions = {
  policy: { namespaces: ['*'], clusterScoped: 'allow', podSecurity: 'baseline' },
  clusterName: 'prod',
  targetNamespace: 'acme-web',
  namespaceMode: 'override',
  isNamespaced: ({ kind }) => !kind.startsWith('Cluster') && kind !== 'CustomResourceDefinition',
};
const rulesOf = (objects: readonly KubernetesObject[], options: Partial<CheckOptions> = {}) =>
  checkManifests(objects, { ...open, ...options }).map(({ rule }) => rule);
const object = (kind: string, more: object, labels: Record<string, string> = {}): KubernetesObject => ({
  apiVersion: GROUP,
  kind,
  metadata: { name: 'a', labels, ...(kind.startsWith('Cluster') ? {} : { namespace: 'acme-web' }) },
  ...more,
});
const own = [{ kind: 'ServiceAccount', name: 'a', namespace: 'acme-web' }];
const edit = { roleRef: { kind: 'ClusterRole', name: 'edit' }, subjects: own };
const role = (apiGroup: string, resource: string, ...verbs: string[]) =>
  object('Role', { rules: [{ apiGroups: [apiGroup], resources: [resource], verbs }] });

describe('use-S9: the permissions that an editor may bind', () => {
  it('exclude cluster-wide bindings, whatever the policy allows', () => {
    expect(rulesOf([object('ClusterRoleBinding', edit)])).toEqual(['wholeCluster']);
    expect(rulesOf([object('RoleBinding', edit)])).toEqual([]);
  });

  it('include cluster-wide bindings of view and edit for an admin, if the policy allows the kind', () => {
    const binding = object('ClusterRoleBinding', edit);
    const admin = { byAdmin: true };
    expect(rulesOf([binding], admin)).toEqual([]);
    expect(rulesOf([binding], { ...admin, policy: { ...open.policy, clusterScoped: 'deny' } })).toEqual([
      'clusterScoped',
    ]);
    const all = { roleRef: { kind: 'ClusterRole', name: 'cluster-admin' }, subjects: own };
    expect(rulesOf([object('ClusterRoleBinding', all)], admin)).toEqual(['clusterRole']);
  });

  it('exclude roles that the manifests do not contain', () => {
    const binding = object('RoleBinding', { roleRef: { kind: 'Role', name: 'of-an-admin' }, subjects: own });
    expect(rulesOf([binding])).toEqual(['role']);
    expect(rulesOf([binding], { byAdmin: true })).toEqual([]);
  });

  it.each([
    ['a role on roles', role('rbac.authorization.k8s.io', 'rolebindings', 'create')],
    ['a role that deletes quotas', role('', 'resourcequotas', 'delete')],
    ['a role on endpoints', role('', 'endpoints', 'update')],
    ['a role on debug containers', role('', 'pods/ephemeralcontainers', 'patch')],
    ['a role on certificate requests', role('certificates.k8s.io', 'certificatesigningrequests', 'create')],
  ])('exclude %s', (_, given) => expect(rulesOf([given])).toEqual(['beyondEdit']));

  it.each([
    ['secrets', role('', 'secrets', 'get', 'create')],
    ['leases', role('coordination.k8s.io', 'leases', 'create', 'update')],
    ['logs and commands in pods', role('', 'pods/exec', 'create')],
    ['reading quotas', role('', 'resourcequotas', 'get')],
    ['custom resources', role('shop.acme.dev', 'orders', 'create', 'delete')],
  ])('include a role on %s', (_, given) => expect(rulesOf([given])).toEqual([]));

  it('exclude additions to aggregated roles', () => {
    const aggregated = object('ClusterRole', { rules: [] }, { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' });
    expect(rulesOf([aggregated])).toEqual(['aggregation']);
    expect(rulesOf([object('ClusterRole', { aggregationRule: {}, rules: [] })])).toEqual(['aggregation']);
  });
});

describe('use-S9: a conversion webhook', () => {
  const definition = (conversion?: object): KubernetesObject => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'orders.shop.acme.dev' },
    spec: { group: 'shop.acme.dev', ...(conversion && { conversion }) },
  });
  const webhook = { strategy: 'Webhook', webhook: { clientConfig: { url: 'https://evil.dev' } } };
  const listing = (...clusterScoped: string[]) => ({ policy: { ...open.policy, clusterScoped } });
  const KIND = 'apiextensions.k8s.io/CustomResourceDefinition';

  it('requires a policy that allows webhooks, as the fix says', () => {
    expect(checkManifests([definition(webhook)], { ...open, ...listing(KIND) })).toMatchObject([
      {
        code: 'deployments/cluster-scoped-not-allowed',
        rule: 'conversionWebhook',
        fix: `astroctl clusters policy set prod --cluster-scoped ${KIND},admissionregistration.k8s.io/MutatingWebhookConfiguration`,
      },
    ]);
    const webhooks = 'admissionregistration.k8s.io/MutatingWebhookConfiguration';
    expect(rulesOf([definition(webhook)], listing(KIND, webhooks))).toEqual([]);
    expect(rulesOf([definition({ strategy: 'None' })], listing(KIND))).toEqual([]);
    expect(rulesOf([definition()], listing(KIND))).toEqual([]);
  });
});
