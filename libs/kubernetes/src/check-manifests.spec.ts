import { checkManifests, type CheckOptions } from './check-manifests.ts';
import type { ClusterPolicy } from './manifest-error.ts';
import type { KubernetesObject } from './objects.ts';

const CLUSTER_SCOPED = [
  'Namespace',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'PersistentVolume',
  'APIService',
  'ValidatingWebhookConfiguration',
];
const registered: ClusterPolicy = {
  namespaces: ['*', '!kube-*', '!default', '!astro-*'],
  clusterScoped: ['apiextensions.k8s.io/CustomResourceDefinition'],
  podSecurity: 'baseline',
};
const options = (policy: Partial<ClusterPolicy> = {}, more: Partial<CheckOptions> = {}): CheckOptions => ({
  policy: { ...registered, ...policy },
  clusterName: 'prod',
  targetNamespace: 'acme-web',
  namespaceMode: 'override',
  isNamespaced: ({ kind }) => !CLUSTER_SCOPED.includes(kind),
  ...more,
});
const object = (kind: string, more: object = {}, apiVersion = 'v1', metadata: object = {}): KubernetesObject => ({
  apiVersion,
  kind,
  metadata: { name: 'a', ...(CLUSTER_SCOPED.includes(kind) ? {} : { namespace: 'acme-web' }), ...metadata },
  ...more,
});
const codes = (given: KubernetesObject, policy: Partial<ClusterPolicy> = {}) =>
  checkManifests([given], options(policy)).map(({ code }) => code);
const pod = (spec: object): KubernetesObject =>
  object('Pod', { spec: { containers: [{ name: 'c', image: 'x' }], ...spec } });

describe('E1: a namespace that the policy does not allow', () => {
  it('is refused for each object in it, with the command that allows it', () => {
    expect(checkManifests([object('ConfigMap', {}, 'v1', { namespace: 'astro-x' })], options())).toMatchObject([
      {
        code: 'deployments/namespace-not-allowed',
        rule: 'namespaces',
        detail: expect.stringContaining('ConfigMap a in astro-x'),
        fix: "astroctl clusters policy set prod --namespaces '*,!kube-*,!default'",
      },
    ]);
  });

  it('is allowed after the command, even if no glob matches it', () => {
    const findings = checkManifests(
      [object('ConfigMap', {}, 'v1', { namespace: 'shop' })],
      options({ namespaces: ['team-*'] }),
    );
    expect(findings[0]?.fix).toBe("astroctl clusters policy set prod --namespaces 'team-*,shop'");
  });

  it('is refused by every policy if it belongs to the cluster', () => {
    for (const namespace of ['kube-system', 'kube-public', 'kube-node-lease'])
      expect(
        checkManifests([object('ConfigMap', {}, 'v1', { namespace })], options({ namespaces: ['*'] })),
      ).toMatchObject([{ code: 'deployments/namespace-not-allowed' }]);
  });
});

describe('E2: cluster-scoped kinds', () => {
  it.each(['ClusterRole', 'Namespace', 'PersistentVolume', 'APIService', 'ValidatingWebhookConfiguration'])(
    '%s is refused with the command that allows it',
    (kind) => {
      const [finding] = checkManifests([object(kind, {}, 'some.group/v1')], options());
      expect(finding).toMatchObject({
        code: 'deployments/cluster-scoped-not-allowed',
        fix: `astroctl clusters policy set prod --cluster-scoped apiextensions.k8s.io/CustomResourceDefinition,some.group/${kind}`,
      });
    },
  );

  it('are allowed if the policy lists the kind or allows all', () => {
    const crd = object('CustomResourceDefinition', {}, 'apiextensions.k8s.io/v1');
    expect(codes(crd)).toEqual([]);
    expect(codes(crd, { clusterScoped: 'deny' })).toEqual(['deployments/cluster-scoped-not-allowed']);
    expect(codes(object('PersistentVolume'), { clusterScoped: 'allow' })).toEqual([]);
  });
});

describe('E3: Pod Security', () => {
  it('reports object, rule, field, and command', () => {
    expect(checkManifests([pod({ hostNetwork: true })], options())).toMatchObject([
      {
        code: 'deployments/pod-security',
        rule: 'hostNetwork',
        pointer: '/spec/hostNetwork',
        fix: expect.stringContaining('astroctl clusters policy set prod --pod-security privileged'),
      },
    ]);
  });

  it('uses the level of the policy', () => {
    expect(codes(pod({}))).toEqual([]);
    expect(codes(pod({}), { podSecurity: 'restricted' })).toContain('deployments/pod-security');
    expect(codes(pod({ hostNetwork: true }), { podSecurity: 'privileged' })).toEqual([]);
  });
});

describe('E4: pods in other kinds', () => {
  const bad = { containers: [{ name: 'c', image: 'x', securityContext: { privileged: true } }] };
  it.each([
    ['a Deployment', object('Deployment', { spec: { template: { spec: bad } } }, 'apps/v1')],
    ['a CronJob', object('CronJob', { spec: { jobTemplate: { spec: { template: { spec: bad } } } } }, 'batch/v1')],
    ['a StatefulSet', object('StatefulSet', { spec: { template: { spec: bad } } }, 'apps/v1')],
    ['an unknown kind', object('Rollout', { spec: { workload: { deeply: [{ nested: bad }] } } }, 'argoproj.io/v1')],
    ['initContainers', pod({ initContainers: bad.containers })],
    ['ephemeralContainers', pod({ ephemeralContainers: bad.containers })],
    [
      'an unknown kind with hostPath volumes',
      object('Thing', { spec: { volumes: [{ name: 'v', hostPath: { path: '/' } }] } }, 'x.io/v1'),
    ],
    ['an unknown kind with hostNetwork', object('Thing', { spec: { hostNetwork: true } }, 'x.io/v1')],
    [
      'a container without image',
      object('Thing', { spec: { containers: [{ name: 'c', securityContext: { privileged: true } }] } }, 'x.io/v1'),
    ],
    [
      'an AppArmor annotation',
      object(
        'Deployment',
        {
          spec: {
            template: {
              metadata: { annotations: { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' } },
              spec: { containers: [{ name: 'c', image: 'x' }] },
            },
          },
        },
        'apps/v1',
      ),
    ],
  ])('%s', (_, given) => expect(codes(given)).toContain('deployments/pod-security'));

  describe('use-S8: pods anywhere in an object', () => {
    const harmless = [{ name: 'sidecar', image: 'x' }];
    const nested = (levels: number): object => (levels === 0 ? { spec: bad } : { deeper: nested(levels - 1) });
    it.each([
      ['next to harmless containers', { spec: { containers: harmless, template: { spec: bad } } }],
      ['below metadata', { spec: { metadata: { template: { spec: bad } } } }],
      ['below the metadata of a template', { spec: { template: { metadata: { spec: bad } } } }],
      ['inside a container', { spec: { containers: [{ ...harmless[0], template: { spec: bad } }] } }],
      ['fifty levels deep', { spec: nested(50) }],
      ['as a single container', { spec: { templates: [{ container: bad.containers[0] }] } }],
      ['as a map of containers', { spec: { containers: { main: bad.containers[0] } } }],
      ['as a security context only', { spec: { podSecurityContext: {}, securityContext: { privileged: true } } }],
      ['as a volume of another name', { spec: { extraVolumes: [{ name: 'v', hostPath: { path: '/' } }] } }],
    ])('%s', (_, more) => expect(codes(object('Thing', more, 'x.io/v1'))).toContain('deployments/pod-security'));

    it('are reported with their field', () => {
      const spec = { templates: [{ container: bad.containers[0] }], moreVolumes: [{ hostPath: {} }] };
      expect(checkManifests([object('Thing', { spec }, 'x.io/v1')], options()).map(({ pointer }) => pointer)).toEqual([
        '/spec/templates/0/container/securityContext/privileged',
        '/spec/moreVolumes/0/hostPath',
      ]);
    });

    it('are reported once for each violation', () =>
      expect(codes(object('Deployment', { spec: { template: { spec: bad } } }, 'apps/v1'))).toEqual([
        'deployments/pod-security',
      ]));

    it('have no stricter rules for a single container than for its pod', () =>
      expect(
        codes(
          object('Workflow', { spec: { templates: [{ container: { image: 'x', securityContext: {} } }] } }, 'x.io/v1'),
          { podSecurity: 'restricted' },
        ),
      ).toEqual([]));
  });

  it('do not include a schema that describes containers', () => {
    expect(
      codes(
        object(
          'CustomResourceDefinition',
          {
            spec: {
              versions: [
                {
                  schema: {
                    openAPIV3Schema: {
                      properties: {
                        containers: { type: 'array', items: { properties: { image: { type: 'string' } } } },
                      },
                    },
                  },
                },
              ],
            },
          },
          'apiextensions.k8s.io/v1',
        ),
      ),
    ).toEqual([]);
  });
});

describe('E5: permissions', () => {
  const binding = (roleRef: object, subjects: readonly object[]) =>
    object('RoleBinding', { roleRef, subjects }, 'rbac.authorization.k8s.io/v1');
  const own = [{ kind: 'ServiceAccount', name: 'a' }];
  const role = { kind: 'Role', name: 'r' };
  it.each([
    ['of cluster-admin', binding({ kind: 'ClusterRole', name: 'cluster-admin' }, own)],
    ['for system:masters', binding(role, [{ kind: 'Group', name: 'system:masters' }])],
    ['for a user', binding(role, [{ kind: 'User', name: 'eve' }])],
    [
      "for another namespace's ServiceAccount",
      binding(role, [{ kind: 'ServiceAccount', name: 'a', namespace: 'other-org' }]),
    ],
    [
      'with a wildcard',
      object(
        'Role',
        { rules: [{ apiGroups: [''], resources: ['*'], verbs: ['get'] }] },
        'rbac.authorization.k8s.io/v1',
      ),
    ],
    [
      'with the verb escalate',
      object(
        'Role',
        { rules: [{ apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'], verbs: ['escalate'] }] },
        'rbac.authorization.k8s.io/v1',
      ),
    ],
  ])('%s are refused', (_, given) => expect(new Set(codes(given))).toEqual(new Set(['deployments/role-not-allowed'])));

  it('of the application itself are accepted', () => {
    const bound = binding(role, [{ kind: 'ServiceAccount', name: 'a', namespace: 'acme-web' }]);
    const ownRole = object('Role', { rules: [] }, 'rbac.authorization.k8s.io/v1', { name: 'r' });
    expect(checkManifests([ownRole, bound], options())).toEqual([]);
    expect(codes(binding({ kind: 'ClusterRole', name: 'view' }, own))).toEqual([]);
    expect(
      codes(
        object(
          'Role',
          { rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] }] },
          'rbac.authorization.k8s.io/v1',
        ),
      ),
    ).toEqual([]);
  });
});

describe('E6: traffic of others', () => {
  const ingress = (spec: object, annotations: object = {}) =>
    object('Ingress', { spec }, 'networking.k8s.io/v1', { annotations });
  it.each([
    ['an ExternalName', object('Service', { spec: { type: 'ExternalName', externalName: 'db.other' } })],
    ['external IPs', object('Service', { spec: { externalIPs: ['1.2.3.4'] } })],
    ['a wildcard host', ingress({ rules: [{ host: '*.acme.dev' }] })],
    ['a wildcard host in tls', ingress({ rules: [{ host: 'a.acme.dev' }], tls: [{ hosts: ['*.acme.dev'] }] })],
    ['no host', ingress({ rules: [{ http: {} }] })],
    ['a default backend', ingress({ defaultBackend: {}, rules: [] })],
    ['a snippet', ingress({ rules: [{ host: 'a.dev' }] }, { 'nginx.ingress.kubernetes.io/server-snippet': 'x' })],
  ])('is refused with %s', (_, given) => expect(codes(given)).toContain('deployments/network-not-allowed'));

  it('is not claimed by an exact host', () => expect(codes(ingress({ rules: [{ host: 'a.acme.dev' }] }))).toEqual([]));
});

describe('other rules', () => {
  it.each([
    ['Endpoints', object('Endpoints'), 'deployments/kind-not-allowed'],
    [
      'a token without expiry',
      object('Secret', { type: 'kubernetes.io/service-account-token' }),
      'deployments/kind-not-allowed',
    ],
    ['a node name', pod({ nodeName: 'node-0' }), 'deployments/field-not-allowed'],
    [
      'a priority class of the cluster',
      pod({ priorityClassName: 'system-node-critical' }),
      'deployments/field-not-allowed',
    ],
    ["another application's ServiceAccount", pod({ serviceAccountName: 'admin' }), 'deployments/field-not-allowed'],
    [
      'an object over 1 MB',
      object('ConfigMap', { data: { a: 'x'.repeat(1_000_001) } }),
      'deployments/invalid-manifest',
    ],
    [
      'annotations over 256 KiB',
      object('ConfigMap', {}, 'v1', { annotations: { a: 'x'.repeat(262_145) } }),
      'deployments/invalid-manifest',
    ],
  ] as const)('refuse %s', (_, given, code) => expect(codes(given)).toEqual([code]));

  it('refuse a set without objects, which would delete everything', () =>
    expect(checkManifests([], options())).toMatchObject([{ code: 'deployments/no-objects' }]));

  it('E16: include no value of a Secret in findings', () => {
    const findings = checkManifests(
      [object('Secret', { type: 'kubernetes.io/service-account-token', data: { password: 'aHVudGVyMg==' } })],
      options(),
    );
    expect(JSON.stringify(findings)).not.toContain('aHVudGVyMg');
  });
});
