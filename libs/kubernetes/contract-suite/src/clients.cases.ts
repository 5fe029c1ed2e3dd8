import type { Json, JsonObject } from '#kernel';
import {
  at,
  configMap,
  container,
  deployment,
  get,
  merge,
  of,
  pod,
  post,
  put,
  silent,
  workload,
  type Case,
  type Step,
} from '#sandbox-cluster/cases';

// Requests of other clients: protobuf of kubectl and client-go, YAML, access reviews, and labels and sizes that only
// admission checks.

const clients = (name: string, ...steps: readonly Step[]): Case => ({ area: 'clients', name, steps });
const protobuf = (method: 'POST' | 'PUT', path: string, bytes: string): Step => ({
  method,
  path: `${path}?fieldManager=case`,
  bytes,
  type: 'application/vnd.kubernetes.protobuf',
});
const yaml = (path: string, text: string): Step => ({
  method: 'POST',
  path: `${path}?fieldManager=case`,
  text,
  type: 'application/yaml',
});

// Written by client-go 0.36.3 from its own types.
/** A ConfigMap with finalizers, an owner, labels, and annotations. */
const HELD =
  'azhzAAoPCgJ2MRIJQ29uZmlnTWFwEn0KcwoBYRIAGgAiACoAMgA4AEIAWgYKAWwSATFiBgoBbhIBMmo+CglDb25maWdNYXAaBW93' +
  'bmVyIiQwYjViOGYzZS02ZjBlLTRhMWMtOWQ1NC0wYTZhZDJiMWYwMDAqAnYxOAFyEGV4YW1wbGUuY29tL2hlbGQSBgoBaxIBdhoA' +
  'IgA=';
/** The same ConfigMap with resourceVersion 1. */
const STALE = 'azhzAAoPCgJ2MRIJQ29uZmlnTWFwEhwKEgoBYRIAGgAiACoAMgExOABCABIGCgFrEgF3GgAiAA==';
const DEPLOYMENT =
  'azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50EqICCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEvABCAASDAoKCgNh' +
  'cHASA3dlYhrVAQocCgASABoAIgAqADIAOABCAFoKCgNhcHASA3dlYhK0AQoJCgF2EgQSAgoAEooBCgN3ZWISFnJlZ2lzdHJ5LmV4' +
  'YW1wbGUvd2ViOjEqADIKCgAQABhQIgAqADoGCgFBEgExOhEKAUISABoKIggKAwoBcxIBa0IPEg0KA2NwdRIGCgQxMDBtWiEKFRIT' +
  'CgEvEgoIARAAGgRodHRwGgAiABAAGAAgACgAMABqAHIAgAEAiAEAkAEAogEAGgAyAEIASgBSAFgAYABoAIIBAIoBAJoBAMIBACIC' +
  'CgAoADgAGgwIABAAGAAgACgAOAAaACIA';
const AUTOSCALER =
  'azhzAAopCg5hdXRvc2NhbGluZy92MhIXSG9yaXpvbnRhbFBvZEF1dG9zY2FsZXISYQoTCgN3ZWISABoAIgAqADIAOABCABJEChoK' +
  'CkRlcGxveW1lbnQSA3dlYhoHYXBwcy92MRABGAMiIgoIUmVzb3VyY2UiFgoDY3B1Eg8KC1V0aWxpemF0aW9uIDIaBBgAIAAaACIA';
const CRON_JOB =
  'azhzAAoTCghiYXRjaC92MRIHQ3JvbkpvYhKlAQoRCgFjEgAaACIAKgAyADgAQgASjQEKCTAgMCAxIDEgKhoAIAEqfAoQCgASABoA' +
  'IgAqADIAOABCABJoMmYKEAoAEgAaACIAKgAyADgAQgASUhIvCgFjEhZyZWdpc3RyeS5leGFtcGxlL3dlYjoxKgBCAGoAcgCAAQCI' +
  'AQCQAQCiAQAaBU5ldmVyMgBCAEoAUgBYAGAAaACCAQCKAQCaAQDCAQAaABoAIgA=';

const reviews = '/apis/authorization.k8s.io/v1';
const review = (kind: string, spec: JsonObject, headers: Step['headers'] = {}): Step => ({
  ...post(
    kind === 'LocalSubjectAccessReview'
      ? `${reviews}/namespaces/{ns}/localsubjectaccessreviews`
      : `${reviews}/${kind.toLowerCase()}s`,
    { apiVersion: 'authorization.k8s.io/v1', kind, spec },
  ),
  headers,
});
const reading = { verb: 'get', resource: 'pods', namespace: '{ns}' };
const jane = { 'impersonate-user': 'jane' };
/** Returns the rules of a review, sorted, since a server returns them in random order. */
const rules = ({ status }: JsonObject): Json =>
  ['resourceRules', 'nonResourceRules'].map((field) =>
    ((status as JsonObject)[field] as readonly Json[]).map((rule) => JSON.stringify(rule)).sort(),
  );
const token = (spec: JsonObject): Step =>
  post('/apis/authentication.k8s.io/v1/tokenreviews', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec,
  });
const role = of('rbac.authorization.k8s.io/v1', 'Role', 'reader', {
  rules: [
    { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list'] },
    { apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['web'], verbs: ['*'] },
  ],
});
const binding = of('rbac.authorization.k8s.io/v1', 'RoleBinding', 'reader', {
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
  subjects: [
    { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' },
    { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'readers' },
  ],
});
const asJane = (step: Step): Step => ({ ...step, headers: jane });

const enforce = (level: string): Step =>
  silent(merge('/api/v1/namespaces/{ns}', { metadata: { labels: { 'pod-security.kubernetes.io/enforce': level } } }));
const careful = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

const claim = (storage: string): JsonObject =>
  of('v1', 'PersistentVolumeClaim', 'data', {
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } }, storageClassName: 'none-such' },
  });
const bound: Step = silent(
  merge(`${at.claims}/data/status`, { status: { phase: 'Bound', capacity: { storage: '2Gi' } } }),
);
const resized = (storage: string): Step =>
  merge(`${at.claims}/data`, { spec: { resources: { requests: { storage } } } });

export const clientCases: readonly Case[] = [
  clients(
    'protobuf carries finalizers, owners, labels and annotations',
    protobuf('POST', at.configmaps, HELD),
    silent(merge(`${at.configmaps}/a`, { metadata: { finalizers: null } })),
  ),
  clients(
    'an update in protobuf of an older resourceVersion',
    silent(post(at.configmaps, configMap('a'))),
    protobuf('PUT', `${at.configmaps}/a`, STALE),
  ),
  clients('a Deployment in protobuf', protobuf('POST', at.deployments, DEPLOYMENT)),
  clients('an autoscaler in protobuf', protobuf('POST', at.scalers, AUTOSCALER)),
  clients('a CronJob in protobuf', protobuf('POST', at.cronjobs, CRON_JOB)),
  clients('bytes that are not protobuf', protobuf('POST', at.configmaps, 'azhzAAo=')),
  clients(
    'an object in YAML',
    yaml(at.configmaps, 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: y\ndata:\n  a: "1"\n'),
  ),
  clients(
    'a StatefulSet mounts the volumes of its claim templates',
    post(
      at.statefulsets,
      workload('apps/v1', 'StatefulSet', 'db', {
        spec: {
          replicas: 0,
          serviceName: 'db',
          volumeClaimTemplates: [
            {
              metadata: { name: 'data' },
              spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
            },
          ],
        },
        web: { volumeMounts: [{ name: 'data', mountPath: '/data' }] },
      }),
    ),
    post(
      at.statefulsets,
      workload('apps/v1', 'StatefulSet', 'bad', {
        spec: { replicas: 0, serviceName: 'db' },
        web: { volumeMounts: [{ name: 'data', mountPath: '/data' }] },
      }),
    ),
  ),
  clients(
    'questions about the rights of others',
    ...[
      review('SubjectAccessReview', { user: 'jane', resourceAttributes: reading }),
      review('SubjectAccessReview', { user: 'jane', groups: ['system:masters'], resourceAttributes: reading }),
      review('SubjectAccessReview', { resourceAttributes: reading }),
      review('LocalSubjectAccessReview', { user: 'jane', resourceAttributes: reading }),
      review('LocalSubjectAccessReview', { user: 'jane', resourceAttributes: { ...reading, namespace: 'other' } }),
    ],
  ),
  clients(
    "questions about one's own rights",
    ...[
      review('SelfSubjectAccessReview', { resourceAttributes: reading }),
      review('SelfSubjectAccessReview', {}),
      review('SelfSubjectAccessReview', { resourceAttributes: reading }, jane),
      { ...review('SelfSubjectRulesReview', { namespace: '{ns}' }), only: rules },
      review('SelfSubjectRulesReview', {}),
      { ...review('SelfSubjectRulesReview', { namespace: '{ns}' }, jane), only: rules },
    ],
  ),
  clients('a token that is none', token({ token: 'nope' }), token({})),
  clients(
    "somebody else's rights are those of the roles bound to them",
    silent(post(at.roles, role)),
    silent(post(at.rolebindings, binding)),
    asJane(get(`${at.pods}?limit=1`, { only: ({ kind }) => kind ?? null })),
    asJane(post(at.pods, pod('p'))),
    asJane(get(at.configmaps)),
    asJane(get(`${at.deployments}/other`)),
    asJane(get(`${at.deployments}/web`)),
    asJane(get('/api/v1/nodes')),
    {
      ...get(`${at.pods}?limit=1`, { only: ({ kind }) => kind ?? null }),
      headers: { 'impersonate-user': 'joe', 'impersonate-group': 'readers' },
    },
    { ...get(at.pods), headers: { 'impersonate-group': 'readers' } },
  ),
  clients(
    'whom one acts as',
    {
      ...post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'SelfSubjectReview',
      }),
      headers: jane,
    },
    {
      ...post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'SelfSubjectReview',
      }),
      headers: { 'impersonate-user': 'system:serviceaccount:{ns}:default' },
    },
  ),
  clients(
    'a namespace that enforces the restricted level',
    enforce('restricted'),
    post(at.pods, pod('p')),
    post(at.pods, pod('q', {}, [container({ securityContext: careful })]), '', { only: ({ kind }) => kind ?? null }),
    post(
      at.pods,
      pod('r', { securityContext: { runAsNonRoot: true, runAsUser: 0, seccompProfile: { type: 'Unconfined' } } }, [
        container({ securityContext: { allowPrivilegeEscalation: false, capabilities: { add: ['NET_ADMIN'] } } }),
      ]),
    ),
    post(
      at.pods,
      pod('s', { volumes: [{ name: 'host', hostPath: { path: '/' } }], hostNetwork: true }, [
        container({ securityContext: { ...careful, privileged: true, allowPrivilegeEscalation: true } }),
        container({ name: 'two', securityContext: { runAsNonRoot: false } }),
      ]),
    ),
    post(at.deployments, deployment('web', { spec: { replicas: 0 } }), '', { only: ({ kind }) => kind ?? null }),
    merge(`${at.deployments}/web`, { metadata: { labels: { a: '1' } } }, '', { only: ({ kind }) => kind ?? null }),
  ),
  clients(
    'a namespace that enforces the baseline level and warns of the restricted one',
    silent(
      merge('/api/v1/namespaces/{ns}', {
        metadata: {
          labels: {
            'pod-security.kubernetes.io/enforce': 'baseline',
            'pod-security.kubernetes.io/enforce-version': 'v1.30',
            'pod-security.kubernetes.io/warn': 'restricted',
          },
        },
      }),
    ),
    post(at.pods, pod('p'), '', { only: ({ kind }) => kind ?? null }),
    post(at.pods, pod('q', { hostPID: true })),
    post(
      at.jobs,
      of('batch/v1', 'Job', 'j', {
        spec: { suspend: true, template: { spec: { restartPolicy: 'Never', containers: [container()] } } },
      }),
      '',
      { only: ({ kind }) => kind ?? null },
    ),
  ),
  clients(
    'a claim does not shrink',
    silent(post(at.claims, claim('2Gi'))),
    bound,
    resized('1Gi'),
    resized('2Gi'),
    resized('3Gi'),
    put(at.claims, claim('1Gi')),
  ),
];
