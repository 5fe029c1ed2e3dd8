import type { JsonObject } from '#kernel';
import {
  apply,
  at,
  configMap,
  container,
  deployment,
  dry,
  get,
  jsonPatch,
  merge,
  of,
  pod,
  post,
  put,
  remove,
  service,
  silent,
  strategic,
  workload,
  type Case,
  type Step,
} from './case.ts';

const one =
  (area: string) =>
  (name: string, ...steps: Case['steps']): Case => ({ area, name, steps });
const codes = one('codes');
const validation = one('validation');
const defaults = one('defaults');
const ssa = one('apply');
const patches = one('patches');

const cm = `${at.configmaps}/a`;
const web = `${at.deployments}/web`;

export const codeCases: readonly Case[] = [
  codes(
    'an object that is not there',
    get(cm),
    remove(cm),
    put(at.configmaps, configMap('a')),
    merge(cm, { data: {} }),
  ),
  codes('a name that is taken', post(at.configmaps, configMap('a')), post(at.configmaps, configMap('a'))),
  codes(
    'a namespace that is not there',
    post('/api/v1/namespaces/case-nowhere/configmaps', configMap('a')),
    dry(apply('/api/v1/namespaces/case-nowhere/configmaps', configMap('a'))),
  ),
  codes(
    'a list in a namespace that is not there',
    get('/api/v1/namespaces/case-nowhere/configmaps?labelSelector=x', {
      only: ({ items, kind }) => ({ items: items ?? null, kind: kind ?? null }),
    }),
  ),
  codes(
    'paths of nothing',
    get('/nothing'),
    get('/apis/nothing.example/v1/things'),
    get('/api/v1/namespaces/{ns}/things'),
    get('/api/v2/pods'),
  ),
  codes('an unknown sub-resource', post(at.configmaps, configMap('a')), get(`${cm}/nothing`), get(`${cm}/status`)),
  codes(
    'a method that is not there',
    { method: 'PUT', path: at.configmaps, body: configMap('a') },
    { method: 'PATCH', path: at.configmaps, body: {}, type: 'application/merge-patch+json' },
    { method: 'POST', path: cm, body: configMap('a') },
  ),
  codes(
    'another name than the URL says',
    post(at.configmaps, configMap('a')),
    { method: 'PUT', path: cm, body: configMap('b') },
    { method: 'PATCH', path: `${cm}?fieldManager=x`, type: 'application/apply-patch+yaml', body: configMap('b') },
    merge(cm, { metadata: { name: 'b' } }),
  ),
  codes(
    'another namespace than the URL says',
    post(at.configmaps, configMap('a', {}, { namespace: 'other' })),
    apply(at.configmaps, configMap('a', {}, { namespace: 'other' })),
  ),
  codes(
    'another kind than the URL says',
    post(at.configmaps, service('a')),
    post(at.configmaps, { apiVersion: 'v2', kind: 'ConfigMap', metadata: { name: 'a' } }),
    apply(at.configmaps, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' } }),
    apply(at.configmaps, { metadata: { name: 'a' } }),
  ),
  codes(
    'neither kind nor apiVersion',
    post(at.configmaps, { metadata: { name: 'a' }, data: { k: 'v' } }),
    put(at.configmaps, { metadata: { name: 'a' }, data: { k: 'w' } }),
  ),
  codes(
    'a body that is not JSON',
    { method: 'POST', path: at.configmaps, text: '{"kind":' },
    { method: 'POST', path: at.configmaps, text: '' },
    { method: 'POST', path: at.configmaps, text: '[]' },
  ),
  codes(
    'a media type nobody reads',
    { method: 'POST', path: at.configmaps, text: 'hello', type: 'text/plain' },
    { method: 'PATCH', path: cm, text: '{}', type: 'application/json' },
  ),
  codes('an answer in a type nobody writes', get(at.configmaps, { accept: 'text/html' })),
  codes('YAML is read', {
    method: 'POST',
    path: `${at.configmaps}?fieldManager=case`,
    type: 'application/yaml',
    text: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  yes: "no"\n',
  }),
  codes(
    'a stale resourceVersion',
    post(at.configmaps, configMap('a'), '', { save: { rv: ['metadata', 'resourceVersion'] } }),
    put(at.configmaps, configMap('a', { a: '2' }, { resourceVersion: '{rv}' })),
    put(at.configmaps, configMap('a', { a: '3' }, { resourceVersion: '{rv}' })),
    merge(cm, { metadata: { resourceVersion: '{rv}' }, data: { a: '4' } }),
    apply(at.configmaps, configMap('a', { a: '5' }, { resourceVersion: '1' }), 'fieldManager=one&force=true'),
  ),
  codes(
    'a resourceVersion that is none',
    post(at.configmaps, configMap('a')),
    put(at.configmaps, configMap('a', {}, { resourceVersion: 'soon' })),
  ),
  codes('a resourceVersion on a create', post(at.configmaps, configMap('a', {}, { resourceVersion: '5' }))),
  codes(
    "a uid that is another's",
    post(at.configmaps, configMap('a')),
    put(at.configmaps, configMap('a', {}, { uid: '00000000-0000-4000-8000-000000000000' })),
    apply(at.configmaps, configMap('b', {}, { uid: '00000000-0000-4000-8000-000000000000' })),
  ),
  codes(
    'delete with preconditions',
    post(at.configmaps, configMap('a')),
    remove(cm, { preconditions: { uid: '00000000-0000-4000-8000-000000000000' } }),
    remove(cm, { preconditions: { resourceVersion: '1' } }),
    get(cm),
    remove(cm),
    get(cm),
  ),
  codes(
    'delete as a dry run',
    post(at.configmaps, configMap('a')),
    remove(cm, { dryRun: ['All'] }),
    remove(`${cm}?dryRun=All`),
    get(cm),
  ),
  codes(
    'delete with an empty body ignores the query',
    post(at.configmaps, configMap('a')),
    remove(`${cm}?dryRun=All`, {}),
    get(cm),
  ),
  codes(
    'delete with a wrong policy',
    post(at.configmaps, configMap('a')),
    remove(`${cm}?propagationPolicy=Never`),
    remove(cm, { propagationPolicy: 'Never' }),
  ),
  codes(
    'a wrong dryRun',
    post(at.configmaps, configMap('a'), 'dryRun=Some'),
    post(at.configmaps, configMap('a'), 'dryRun='),
  ),
  codes('a wrong fieldValidation', post(at.configmaps, configMap('a'), 'fieldValidation=Loose'), {
    method: 'PATCH',
    path: `${cm}?fieldManager=x&fieldValidation=Loose`,
    type: 'application/apply-patch+yaml',
    body: configMap('a'),
  }),
  codes(
    'field managers',
    { method: 'PATCH', path: cm, type: 'application/apply-patch+yaml', body: configMap('a') },
    {
      method: 'PATCH',
      path: `${cm}?fieldManager=${'x'.repeat(129)}`,
      type: 'application/apply-patch+yaml',
      body: configMap('a'),
    },
    post(at.configmaps, configMap('a'), `fieldManager=${'x'.repeat(129)}`),
    merge(cm, {}, 'force=true'),
  ),
  codes(
    'a dry run creates nothing',
    dry(post(at.configmaps, configMap('a'))),
    get(cm),
    dry(apply(at.configmaps, configMap('a'))),
    get(cm),
  ),
  codes(
    'a generated name',
    post(at.configmaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'made-' } }, '', {
      only: (body) => ({
        made: /^made-[a-z0-9]{5}$/.test(String((body['metadata'] as { name?: string })?.name)),
        generateName: (body['metadata'] as { generateName?: string })?.generateName ?? null,
      }),
    }),
    post(at.configmaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} }),
  ),
  codes(
    'unknown fields by validation',
    ...['Ignore', 'Warn', 'Strict'].map((how) =>
      dry(
        post(
          at.deployments,
          { ...deployment('web', { web: { imagee: 'x' }, spec: { foo: 1 } }) },
          `fieldValidation=${how}`,
        ),
      ),
    ),
    dry(post(at.deployments, deployment('web', { web: { imagee: 'x' } }))),
  ),
  codes(
    'unknown fields in patches',
    post(at.configmaps, configMap('a')),
    ...['Ignore', 'Warn', 'Strict'].flatMap((how) => [
      merge(cm, { dataa: { k: 'v' } }, `fieldValidation=${how}`),
      strategic(cm, { dataa: { k: 'v' } }, `fieldValidation=${how}`),
      jsonPatch(cm, [{ op: 'add', path: '/dataa', value: {} }], `fieldValidation=${how}`),
    ]),
    apply(at.configmaps, { ...configMap('a'), dataa: {} }),
  ),
  codes(
    'doubled fields',
    {
      method: 'POST',
      path: `${at.configmaps}?dryRun=All&fieldManager=case`,
      text: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"1","a":"2"}}',
    },
    {
      method: 'POST',
      path: `${at.configmaps}?dryRun=All&fieldValidation=Strict`,
      text: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"1","a":"2"}}',
    },
  ),
  codes(
    'wrong types',
    ...[{ replicas: '3' }, { replicas: 1.5 }, { paused: 'yes' }, { template: [] }, { strategy: 'x' }].map((spec) =>
      dry(post(at.deployments, deployment('web', { spec }))),
    ),
    dry(post(at.deployments, deployment('web', { web: { image: 3 } }))),
    dry(post(at.deployments, deployment('web', { web: { env: { a: 1 } } }))),
    dry(post(at.configmaps, configMap('a', { n: 1 }))),
  ),
  codes(
    'wrong types in an apply',
    ...[{ replicas: '3' }, { paused: 'yes' }, { template: [] }].map((spec) =>
      dry(apply(at.deployments, deployment('web', { spec }))),
    ),
    dry(apply(at.deployments, deployment('web', { web: { image: 3 } }))),
    dry(apply(at.deployments, deployment('web', { web: { env: { a: 1 } } }))),
    dry(apply(at.configmaps, configMap('a', { n: 1 }))),
  ),
  codes('protected namespaces stay', remove('/api/v1/namespaces/default'), remove('/api/v1/namespaces/kube-system')),
  codes(
    'an annotation that is too large',
    dry(post(at.configmaps, configMap('a', {}, { annotations: { big: 'x'.repeat(262_145) } }))),
  ),
  codes('a ConfigMap that is too large', dry(post(at.configmaps, configMap('a', { big: 'x'.repeat(1_048_577) })))),
  codes('exec and logs of nothing', get(`${at.pods}/none/log`), remove(`${at.pods}/none`)),
];

const badLabels = { metadata: { name: 'a', labels: { 'a b': 'c', ok: 'not ok', '/x': 'y', 'UP.example/x': 'y' } } };

export const validationCases: readonly Case[] = [
  validation(
    'names',
    ...['A', 'a_b', 'a..b', '-a', 'a-', 'a.b', '1a', 'x'.repeat(254)].map((name) =>
      dry(post(at.configmaps, configMap(name))),
    ),
  ),
  validation(
    'names of services',
    ...['A', 'a.b', '1a', 'x'.repeat(64), 'a_b'].map((name) => dry(post(at.services, service(name)))),
  ),
  validation(
    'names of namespaces',
    ...['A', 'a.b', 'x'.repeat(64)].map((name) => dry(post('/api/v1/namespaces', of('v1', 'Namespace', name, {})))),
  ),
  validation(
    'names of workloads',
    ...['A', 'a.b', 'a_b'].flatMap((name) => [
      dry(post(at.deployments, deployment(name))),
      dry(post(at.pods, pod('ok', {}, [container({ name })]))),
    ]),
  ),
  validation(
    'names of roles',
    ...['system:x', 'a/b', 'A'].map((name) =>
      dry(post(at.roles, of('rbac.authorization.k8s.io/v1', 'Role', name, { rules: [] }))),
    ),
  ),
  validation(
    'labels',
    dry(post(at.configmaps, { apiVersion: 'v1', kind: 'ConfigMap', ...badLabels })),
    dry(post(at.configmaps, configMap('a', {}, { labels: { long: 'x'.repeat(64) } }))),
  ),
  validation('annotations', dry(post(at.configmaps, configMap('a', {}, { annotations: { 'a b': 'c' } })))),
  validation(
    'finalizers and owners',
    dry(post(at.configmaps, configMap('a', {}, { finalizers: ['nodomain'] }))),
    dry(
      post(
        at.configmaps,
        configMap('a', {}, { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'b' }] }),
      ),
    ),
  ),
  validation(
    'an empty deployment',
    dry(post(at.deployments, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } })),
    dry(post(at.deployments, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: {} })),
  ),
  validation(
    'a selector that does not match',
    dry(post(at.deployments, deployment('web', { spec: { selector: { matchLabels: { app: 'other' } } } }))),
    dry(post(at.deployments, deployment('web', { spec: { selector: {} } }))),
  ),
  validation(
    'a selector by expressions',
    dry(
      post(
        at.deployments,
        deployment('web', {
          spec: { selector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }] } },
        }),
      ),
    ),
    dry(
      post(
        at.deployments,
        deployment('web', {
          spec: { selector: { matchExpressions: [{ key: 'app', operator: 'Like', values: ['web'] }] } },
        }),
      ),
    ),
    dry(
      post(
        at.deployments,
        deployment('web', { spec: { selector: { matchExpressions: [{ key: 'app', operator: 'In' }] } } }),
      ),
    ),
  ),
  validation('replicas', dry(post(at.deployments, deployment('web', { spec: { replicas: -1 } })))),
  validation(
    'a strategy',
    ...[
      { type: 'Other' },
      { type: 'Recreate', rollingUpdate: {} },
      { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } },
      { rollingUpdate: { maxSurge: 'x' } },
      { rollingUpdate: { maxUnavailable: '101%' } },
      { rollingUpdate: { maxSurge: -1 } },
    ].map((strategy) => dry(post(at.deployments, deployment('web', { spec: { strategy } })))),
  ),
  validation(
    'deadlines',
    ...[
      { progressDeadlineSeconds: -1 },
      { progressDeadlineSeconds: 5, minReadySeconds: 10 },
      { minReadySeconds: -1 },
      { revisionHistoryLimit: -1 },
    ].map((spec) => dry(post(at.deployments, deployment('web', { spec })))),
  ),
  validation(
    'a container without a name or an image',
    dry(post(at.deployments, deployment('web', { web: { name: '' } }))),
    dry(post(at.deployments, deployment('web', { web: { image: '' } }))),
    dry(post(at.deployments, deployment('web', { web: { image: ' x ' } }))),
    dry(post(at.pods, pod('web', { containers: [] }))),
  ),
  validation(
    'two containers of one name',
    dry(post(at.pods, pod('web', {}, [container(), container()]))),
    dry(post(at.pods, pod('web', { initContainers: [container()] }))),
  ),
  validation(
    'restart policies',
    ...['Never', 'OnFailure', 'Other'].map((restartPolicy) =>
      dry(post(at.deployments, deployment('web', { podSpec: { restartPolicy } }))),
    ),
    dry(post(at.pods, pod('web', { restartPolicy: 'Other' }))),
  ),
  validation(
    'ports',
    ...[
      { containerPort: 0 },
      { containerPort: 65_536 },
      { containerPort: 80, protocol: 'HTTP' },
      { containerPort: 80, name: 'UPPER' },
      { containerPort: 80, name: 'much-too-long-name' },
      { containerPort: 80, hostPort: 70_000 },
    ].map((port) => dry(post(at.pods, pod('web', {}, [container({ ports: [port] })])))),
  ),
  validation(
    'ports of one name',
    dry(
      post(
        at.pods,
        pod('web', {}, [
          container({
            ports: [
              { containerPort: 80, name: 'a' },
              { containerPort: 81, name: 'a' },
            ],
          }),
        ]),
      ),
    ),
  ),
  validation(
    'environment',
    ...[
      [{ name: '' }],
      [{ name: 'A=B' }],
      [{ name: 'a b' }],
      [{ name: 'A', value: 'x', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
      [{ name: 'A', valueFrom: {} }],
      [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.nothing' } } }],
      [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'x', key: '' } } }],
      [{ name: 'A', valueFrom: { secretKeyRef: { key: 'a' } } }],
    ].map((env) => dry(post(at.pods, pod('web', {}, [container({ env })])))),
  ),
  validation(
    'quantities',
    ...[
      { limits: { cpu: 'x' } },
      { limits: { cpu: '-1' } },
      { requests: { cpu: '2' }, limits: { cpu: '1' } },
      { requests: { memory: '2Gi' }, limits: { memory: '1Gi' } },
      { limits: { 'nvidia.example': '1' } },
      { limits: { bogus: '1' } },
    ].map((resources) => dry(post(at.pods, pod('web', {}, [container({ resources })])))),
  ),
  validation(
    'probes',
    ...[
      {},
      { httpGet: { port: 80 }, tcpSocket: { port: 80 } },
      { httpGet: { port: 0 } },
      { httpGet: { port: 80 }, periodSeconds: -1 },
      { httpGet: { port: 80 }, successThreshold: 2 },
      { httpGet: { port: 80, scheme: 'FTP' } },
      { exec: { command: [] } },
    ].map((livenessProbe) => dry(post(at.pods, pod('web', {}, [container({ livenessProbe })])))),
  ),
  validation(
    'volumes',
    ...[
      [{ name: 'a' }, { name: 'a' }],
      [{ name: 'A_' }],
      [{ name: 'a', emptyDir: {}, configMap: { name: 'x' } }],
      [{ name: 'a', configMap: {} }],
      [{ name: 'a', secret: {} }],
      [{ name: 'a', persistentVolumeClaim: { claimName: '' } }],
      [{ name: 'a', hostPath: { path: '' } }],
    ].map((volumes) => dry(post(at.pods, pod('web', { volumes })))),
  ),
  validation(
    'mounts',
    ...[
      [{ name: 'none', mountPath: '/x' }],
      [{ name: 'v', mountPath: '' }],
      [
        { name: 'v', mountPath: '/x' },
        { name: 'v', mountPath: '/x' },
      ],
      [{ name: 'v', mountPath: '/x', subPath: '../y' }],
    ].map((volumeMounts) =>
      dry(post(at.pods, pod('web', { volumes: [{ name: 'v' }] }, [container({ volumeMounts })]))),
    ),
  ),
  validation('image pull policies', dry(post(at.pods, pod('web', {}, [container({ imagePullPolicy: 'Sometimes' })])))),
  validation(
    "a pod spec's own fields",
    ...[
      { dnsPolicy: 'Other' },
      { terminationGracePeriodSeconds: -1 },
      { activeDeadlineSeconds: 0 },
      { nodeSelector: { 'a b': 'c' } },
      { serviceAccountName: 'A_' },
      { tolerations: [{ key: 'a', operator: 'Maybe' }] },
      { tolerations: [{ operator: 'Equal', value: 'x' }] },
      { imagePullSecrets: [{}] },
      { hostname: 'A_' },
    ].map((spec) => dry(post(at.deployments, deployment('web', { podSpec: spec })))),
  ),
  validation(
    'security contexts',
    ...[
      { runAsUser: -1 },
      { runAsNonRoot: true, runAsUser: 0 },
      { privileged: true, allowPrivilegeEscalation: false },
      {
        privileged: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        seLinuxOptions: { level: 's0' },
        windowsOptions: { gmsaCredentialSpecName: 'a', hostProcess: false },
        runAsNonRoot: true,
        procMount: 'Default',
        seccompProfile: { type: 'RuntimeDefault' },
        appArmorProfile: { type: 'Localhost', localhostProfile: 'b' },
      },
      { privileged: true, allowPrivilegeEscalation: false, capabilities: {}, seLinuxOptions: {}, windowsOptions: {} },
      { allowPrivilegeEscalation: false, capabilities: { add: ['CAP_SYS_ADMIN'] } },
      { seccompProfile: { type: 'Other' } },
    ].map((securityContext) => dry(post(at.pods, pod('web', {}, [container({ securityContext })])))),
  ),
  validation(
    'services',
    ...[
      { ports: [] },
      { ports: [{ port: 0 }] },
      { ports: [{ port: 80 }, { port: 81 }] },
      {
        ports: [
          { port: 80, name: 'a' },
          { port: 81, name: 'a' },
        ],
      },
      {
        ports: [
          { port: 80, name: 'a' },
          { port: 80, name: 'b' },
        ],
      },
      { ports: [{ port: 80, targetPort: 'UPPER_' }] },
      { ports: [{ port: 80, targetPort: 0 }] },
      { ports: [{ port: 80, protocol: 'HTTP' }] },
      { type: 'Other' },
      { type: 'ExternalName' },
      { type: 'ExternalName', externalName: 'A_' },
      { clusterIP: 'x' },
      { sessionAffinity: 'Other' },
      { selector: { 'a b': 'c' } },
      { ports: [{ port: 80, nodePort: 30_000 }] },
    ].map((spec) => dry(post(at.services, service('web', spec)))),
  ),
  validation(
    'secrets',
    dry(post(at.secrets, of('v1', 'Secret', 'a', { data: { k: 'not base64' } }))),
    dry(post(at.secrets, of('v1', 'Secret', 'a', { data: { 'a b': 'YQ==' } }))),
    dry(post(at.secrets, of('v1', 'Secret', 'a', { type: 'kubernetes.io/tls' }))),
    dry(
      post(
        at.secrets,
        of('v1', 'Secret', 'a', { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': 'YQ==' } }),
      ),
    ),
  ),
  validation(
    'config maps',
    dry(post(at.configmaps, configMap('a', { 'a b': 'c' }))),
    dry(post(at.configmaps, { ...configMap('a', { k: 'v' }), binaryData: { k: 'AAE=' } })),
    dry(post(at.configmaps, configMap('a', { '..': 'c' }))),
  ),
  validation(
    'claims',
    ...[
      {},
      { accessModes: ['ReadWriteOnce'] },
      { accessModes: ['Sometimes'], resources: { requests: { storage: '1Gi' } } },
      { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '-1Gi' } } },
      { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '0' } } },
    ].map((spec) => dry(post(at.claims, of('v1', 'PersistentVolumeClaim', 'a', { spec })))),
  ),
  validation(
    'jobs',
    ...[
      {},
      { template: { spec: { containers: [container()] } } },
      { template: { spec: { containers: [container()], restartPolicy: 'Never' } }, parallelism: -1 },
      { template: { spec: { containers: [container()], restartPolicy: 'Never' } }, completions: -1 },
      { template: { spec: { containers: [container()], restartPolicy: 'Never' } }, backoffLimit: -1 },
      { template: { spec: { containers: [container()], restartPolicy: 'Never' } }, completionMode: 'Indexed' },
    ].map((spec) => dry(post(at.jobs, of('batch/v1', 'Job', 'a', { spec })))),
  ),
  validation(
    'cron jobs',
    ...['', '* * *', 'nonsense', '61 * * * *', '* * * * * *'].map((schedule) =>
      dry(
        post(
          at.cronjobs,
          of('batch/v1', 'CronJob', 'a', {
            spec: {
              schedule,
              jobTemplate: { spec: { template: { spec: { containers: [container()], restartPolicy: 'Never' } } } },
            },
          }),
        ),
      ),
    ),
    dry(
      post(
        at.cronjobs,
        of('batch/v1', 'CronJob', 'a', {
          spec: {
            schedule: '* * * * *',
            concurrencyPolicy: 'Other',
            jobTemplate: { spec: { template: { spec: { containers: [container()], restartPolicy: 'Never' } } } },
          },
        }),
      ),
    ),
  ),
  validation(
    'ingresses',
    ...[
      {},
      { rules: [{ host: 'A_' }] },
      {
        rules: [
          {
            host: 'a.example',
            http: { paths: [{ path: '/', backend: { service: { name: 'x', port: { number: 80 } } } }] },
          },
        ],
      },
      {
        rules: [
          {
            http: {
              paths: [{ path: 'x', pathType: 'Prefix', backend: { service: { name: 'x', port: { number: 80 } } } }],
            },
          },
        ],
      },
      {
        rules: [
          { http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'x', port: {} } } }] } },
        ],
      },
      { rules: [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend: {} }] } }] },
      { rules: [{ host: '*.a.example' }], tls: [{ hosts: ['A_'] }] },
    ].map((spec) => dry(post(at.ingresses, of('networking.k8s.io/v1', 'Ingress', 'a', { spec })))),
  ),
  validation(
    'network policies',
    ...[
      { podSelector: {}, policyTypes: ['Other'] },
      { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: 'x' } }] }] },
      { podSelector: {}, ingress: [{ ports: [{ port: 0 }] }] },
      { podSelector: {}, ingress: [{ from: [{}] }] },
    ].map((spec) => dry(post(at.policies, of('networking.k8s.io/v1', 'NetworkPolicy', 'a', { spec })))),
  ),
  validation(
    'autoscalers',
    ...[
      {},
      { maxReplicas: 0 },
      { minReplicas: 5, maxReplicas: 3 },
      { minReplicas: 0, maxReplicas: 3 },
      { maxReplicas: 3, metrics: [{ type: 'Resource' }] },
    ].map((spec) =>
      dry(
        post(
          at.scalers,
          of('autoscaling/v2', 'HorizontalPodAutoscaler', 'a', {
            spec: { scaleTargetRef: { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' }, ...spec },
          }),
        ),
      ),
    ),
  ),
  validation(
    'budgets',
    ...[
      { minAvailable: 1, maxUnavailable: 1 },
      { minAvailable: '150%' },
      { minAvailable: -1 },
      { minAvailable: 'x' },
    ].map((spec) =>
      dry(
        post(
          at.budgets,
          of('policy/v1', 'PodDisruptionBudget', 'a', { spec: { selector: { matchLabels: { app: 'web' } }, ...spec } }),
        ),
      ),
    ),
  ),
  validation(
    'role bindings',
    ...[
      {
        roleRef: { kind: 'Role', name: 'x', apiGroup: 'rbac.authorization.k8s.io' },
        subjects: [{ kind: 'Robot', name: 'x' }],
      },
      { roleRef: { kind: 'Other', name: 'x', apiGroup: 'rbac.authorization.k8s.io' } },
      { roleRef: { kind: 'Role', name: '', apiGroup: 'rbac.authorization.k8s.io' } },
      {
        roleRef: { kind: 'Role', name: 'x', apiGroup: 'rbac.authorization.k8s.io' },
        subjects: [{ kind: 'ServiceAccount', name: 'x' }],
      },
    ].map((rest) => dry(post(at.rolebindings, of('rbac.authorization.k8s.io/v1', 'RoleBinding', 'a', rest)))),
  ),
  validation(
    'roles',
    dry(
      post(
        at.roles,
        of('rbac.authorization.k8s.io/v1', 'Role', 'a', { rules: [{ apiGroups: [''], resources: ['pods'] }] }),
      ),
    ),
    dry(post(at.roles, of('rbac.authorization.k8s.io/v1', 'Role', 'a', { rules: [{ verbs: ['get'] }] }))),
  ),
  validation(
    'stateful sets',
    dry(post(at.statefulsets, workload('apps/v1', 'StatefulSet', 'a', { spec: { podManagementPolicy: 'Other' } }))),
    dry(
      post(
        at.statefulsets,
        workload('apps/v1', 'StatefulSet', 'a', { spec: { selector: { matchLabels: { b: 'c' } } } }),
      ),
    ),
  ),
  validation(
    'daemon sets',
    dry(post(at.daemonsets, workload('apps/v1', 'DaemonSet', 'a', { spec: { updateStrategy: { type: 'Other' } } }))),
  ),
  validation(
    'quotas and limits',
    dry(post(at.quotas, of('v1', 'ResourceQuota', 'a', { spec: { hard: { nonsense: '1' } } }))),
    dry(post(at.quotas, of('v1', 'ResourceQuota', 'a', { spec: { hard: { pods: '-1' } } }))),
    dry(
      post(
        at.limits,
        of('v1', 'LimitRange', 'a', {
          spec: { limits: [{ type: 'Container', min: { cpu: '2' }, max: { cpu: '1' } }] },
        }),
      ),
    ),
  ),
  validation(
    'a selector stays',
    post(at.deployments, deployment('web', { spec: { replicas: 0 } }), '', { silent: true }),
    put(
      at.deployments,
      deployment('web', {
        spec: {
          replicas: 0,
          selector: { matchLabels: { app: 'b' } },
          template: { metadata: { labels: { app: 'b' } }, spec: { containers: [container()] } },
        },
      }),
    ),
  ),
  validation(
    'immutable data stays',
    post(at.configmaps, { ...configMap('a'), immutable: true }),
    merge(cm, { data: { a: '2' } }),
    merge(cm, { immutable: false }),
    merge(cm, { metadata: { labels: { x: 'y' } } }),
  ),
  validation(
    "a secret's type stays",
    post(at.secrets, of('v1', 'Secret', 'a', { data: {} })),
    merge(`${at.secrets}/a`, { type: 'other' }),
  ),
  validation(
    'a cluster address stays',
    post(at.services, service('web')),
    merge(`${at.services}/web`, { spec: { clusterIP: '10.96.200.200' } }),
    merge(`${at.services}/web`, { spec: { clusterIP: '10.96.200.200', clusterIPs: ['10.96.200.200'] } }),
  ),
  validation(
    'a role reference stays',
    post(
      at.rolebindings,
      of('rbac.authorization.k8s.io/v1', 'RoleBinding', 'a', {
        roleRef: { kind: 'Role', name: 'x', apiGroup: 'rbac.authorization.k8s.io' },
      }),
    ),
    merge(`${at.rolebindings}/a`, { roleRef: { name: 'y' } }),
  ),
  validation(
    "a job's template stays",
    post(
      at.jobs,
      of('batch/v1', 'Job', 'a', {
        spec: { suspend: true, template: { spec: { containers: [container()], restartPolicy: 'Never' } } },
      }),
      '',
      { silent: true },
    ),
    merge(`${at.jobs}/a`, { spec: { completions: 5 } }),
    merge(`${at.jobs}/a`, { spec: { parallelism: 3 } }, '', { silent: true }),
  ),
  validation(
    'what changes in a stateful set',
    post(at.statefulsets, workload('apps/v1', 'StatefulSet', 'a', { spec: { replicas: 0 } }), '', { silent: true }),
    merge(`${at.statefulsets}/a`, { spec: { serviceName: 'x' } }),
  ),
  validation(
    'metadata that stays',
    post(at.configmaps, configMap('a'), '', { silent: true }),
    merge(cm, { metadata: { uid: 'x' } }),
    merge(cm, { metadata: { creationTimestamp: '2020-01-01T00:00:00Z' } }),
    merge(cm, { metadata: { deletionTimestamp: '2020-01-01T00:00:00Z' } }),
    merge(cm, { metadata: { namespace: 'x' } }),
  ),
];

const kinds: readonly (readonly [string, string, import('#kernel').JsonObject])[] = [
  ['config map', at.configmaps, configMap('a')],
  ['empty config map', at.configmaps, of('v1', 'ConfigMap', 'a', { data: {} })],
  ['secret', at.secrets, of('v1', 'Secret', 'a', { stringData: { k: 'v' }, data: { l: 'YQ==' } })],
  ['service account', at.serviceaccounts, of('v1', 'ServiceAccount', 'a', {})],
  ['service', at.services, service('web')],
  ['node port', at.services, service('web', { type: 'NodePort' })],
  ['load balancer', at.services, service('web', { type: 'LoadBalancer' })],
  ['headless service', at.services, service('web', { clusterIP: 'None' })],
  [
    'external name',
    at.services,
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { type: 'ExternalName', externalName: 'a.example' },
    },
  ],
  [
    'service with affinity',
    at.services,
    service('web', {
      sessionAffinity: 'ClientIP',
      ports: [
        { port: 80, targetPort: 'http', name: 'a' },
        { port: 53, protocol: 'UDP', name: 'b' },
      ],
    }),
  ],
  [
    'service without selector',
    at.services,
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { ports: [{ port: 80 }] } },
  ],
  ['deployment', at.deployments, deployment('web')],
  [
    'recreated deployment',
    at.deployments,
    deployment('web', { spec: { strategy: { type: 'Recreate' }, replicas: 3 } }),
  ],
  ['half a strategy', at.deployments, deployment('web', { spec: { strategy: { rollingUpdate: { maxSurge: 2 } } } })],
  [
    'probes',
    at.deployments,
    deployment('web', {
      web: {
        livenessProbe: { httpGet: { port: 80 } },
        readinessProbe: { tcpSocket: { port: 'http' }, periodSeconds: 3 },
        startupProbe: { exec: { command: ['x'] } },
        ports: [{ containerPort: 80, name: 'http' }],
      },
    }),
  ],
  [
    'volumes',
    at.deployments,
    deployment('web', {
      podSpec: {
        volumes: [
          { name: 'a' },
          { name: 'b', configMap: { name: 'x' } },
          { name: 'c', secret: { secretName: 'x', items: [{ key: 'k', path: 'p' }] } },
          { name: 'd', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } },
          { name: 'e', downwardAPI: { items: [{ path: 'x', fieldRef: { fieldPath: 'metadata.name' } }] } },
          { name: 'f', hostPath: { path: '/x' } },
          {
            name: 'g',
            ephemeral: {
              volumeClaimTemplate: {
                spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
              },
            },
          },
        ],
      },
    }),
  ],
  [
    'resources',
    at.deployments,
    deployment('web', { web: { resources: { limits: { cpu: '1000m', memory: '1024Mi' }, requests: { cpu: 0.5 } } } }),
  ],
  [
    'requests of limits',
    at.deployments,
    deployment('web', { web: { resources: { limits: { cpu: '1', memory: '1Gi' } } } }),
  ],
  [
    'environment',
    at.deployments,
    deployment('web', {
      web: {
        env: [
          { name: 'A' },
          { name: 'B', value: '' },
          { name: 'C', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'D', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
        ],
      },
    }),
  ],
  [
    'latest images',
    at.deployments,
    deployment('web', {
      podSpec: {
        containers: [
          container({ image: 'a' }),
          container({ name: 'b', image: 'a:latest' }),
          container({ name: 'c', image: 'localhost:5000/a' }),
          container({ name: 'd', image: `a@sha256:${'0'.repeat(64)}` }),
          container({ name: 'e', image: `a:latest@sha256:${'0'.repeat(64)}` }),
        ],
      },
    }),
  ],
  [
    'zero values',
    at.deployments,
    deployment('web', {
      spec: { paused: false, minReadySeconds: 0, replicas: 0, revisionHistoryLimit: 0 },
      podSpec: {
        hostNetwork: false,
        securityContext: {},
        volumes: [],
        nodeSelector: {},
        terminationGracePeriodSeconds: 0,
        shareProcessNamespace: false,
      },
      web: { env: [], stdin: false, command: [], securityContext: {}, resources: {}, lifecycle: {} },
    }),
  ],
  [
    'nulls',
    at.deployments,
    deployment('web', {
      spec: { replicas: null, minReadySeconds: null },
      podSpec: { volumes: null },
      web: { command: null, ports: null },
    }),
  ],
  [
    'host network',
    at.deployments,
    deployment('web', { podSpec: { hostNetwork: true, containers: [container({ ports: [{ containerPort: 80 }] })] } }),
  ],
  ['account by its old name', at.deployments, deployment('web', { podSpec: { serviceAccount: 'x' } })],
  ['account by its new name', at.deployments, deployment('web', { podSpec: { serviceAccountName: 'x' } })],
  [
    'security context',
    at.deployments,
    deployment('web', {
      podSpec: { securityContext: { runAsUser: 1, fsGroup: 2 } },
      web: { securityContext: { privileged: false, runAsNonRoot: true, capabilities: { drop: ['ALL'] } } },
    }),
  ],
  [
    'lifecycle',
    at.deployments,
    deployment('web', {
      web: { lifecycle: { preStop: { httpGet: { port: 80 } }, postStart: { exec: { command: ['x'] } } } },
    }),
  ],
  [
    'affinity',
    at.deployments,
    deployment('web', {
      podSpec: {
        affinity: {
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 1, podAffinityTerm: { topologyKey: 'a', labelSelector: { matchLabels: { a: 'b' } } } },
            ],
          },
        },
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'a',
            whenUnsatisfiable: 'DoNotSchedule',
            labelSelector: { matchLabels: { a: 'b' } },
          },
        ],
      },
    }),
  ],
  ['replica set', at.replicasets, workload('apps/v1', 'ReplicaSet', 'web')],
  [
    'stateful set',
    at.statefulsets,
    workload('apps/v1', 'StatefulSet', 'web', {
      spec: {
        volumeClaimTemplates: [
          {
            metadata: { name: 'v' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          },
        ],
      },
    }),
  ],
  ['daemon set', at.daemonsets, workload('apps/v1', 'DaemonSet', 'web')],
  [
    'job',
    at.jobs,
    of('batch/v1', 'Job', 'web', {
      spec: { template: { spec: { containers: [container()], restartPolicy: 'Never' } } },
    }),
  ],
  [
    'parallel job',
    at.jobs,
    of('batch/v1', 'Job', 'web', {
      spec: { parallelism: 2, template: { spec: { containers: [container()], restartPolicy: 'OnFailure' } } },
    }),
  ],
  [
    'cron job',
    at.cronjobs,
    of('batch/v1', 'CronJob', 'web', {
      spec: {
        schedule: '0 0 * * *',
        jobTemplate: { spec: { template: { spec: { containers: [container()], restartPolicy: 'Never' } } } },
      },
    }),
  ],
  [
    'ingress',
    at.ingresses,
    of('networking.k8s.io/v1', 'Ingress', 'web', {
      spec: {
        rules: [
          {
            host: 'a.example',
            http: {
              paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }],
            },
          },
        ],
      },
    }),
  ],
  [
    'network policy',
    at.policies,
    of('networking.k8s.io/v1', 'NetworkPolicy', 'web', {
      spec: { podSelector: {}, ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 80 }] }] },
    }),
  ],
  [
    'network policy that only lets out',
    at.policies,
    of('networking.k8s.io/v1', 'NetworkPolicy', 'web', { spec: { podSelector: {}, egress: [{}] } }),
  ],
  [
    'autoscaler',
    at.scalers,
    of('autoscaling/v2', 'HorizontalPodAutoscaler', 'web', {
      spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' } },
    }),
  ],
  [
    'autoscaler with behaviour',
    at.scalers,
    of('autoscaling/v2', 'HorizontalPodAutoscaler', 'web', {
      spec: {
        maxReplicas: 3,
        scaleTargetRef: { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' },
        behavior: {
          scaleDown: { stabilizationWindowSeconds: 5 },
          scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 15 }] },
        },
      },
    }),
  ],
  [
    'budget',
    at.budgets,
    of('policy/v1', 'PodDisruptionBudget', 'web', {
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
    }),
  ],
  [
    'claim',
    at.claims,
    of('v1', 'PersistentVolumeClaim', 'web', {
      spec: {
        storageClassName: 'none',
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1024Mi' } },
      },
    }),
  ],
  ['quota', at.quotas, of('v1', 'ResourceQuota', 'web', { spec: { hard: { pods: '10', 'requests.cpu': '1000m' } } })],
  [
    'limits',
    at.limits,
    of('v1', 'LimitRange', 'web', {
      spec: {
        limits: [
          { type: 'Container', max: { cpu: '2' }, min: { cpu: '100m' } },
          { type: 'Container', default: { memory: '1Gi' } },
        ],
      },
    }),
  ],
  [
    'role',
    at.roles,
    of('rbac.authorization.k8s.io/v1', 'Role', 'web', {
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
    }),
  ],
  [
    'role binding',
    at.rolebindings,
    of('rbac.authorization.k8s.io/v1', 'RoleBinding', 'web', {
      roleRef: { kind: 'Role', name: 'x', apiGroup: 'rbac.authorization.k8s.io' },
      subjects: [
        { kind: 'User', name: 'u' },
        { kind: 'ServiceAccount', name: 's', namespace: 'n' },
      ],
    }),
  ],
  [
    'metadata',
    at.configmaps,
    of('v1', 'ConfigMap', 'a', {
      metadata: {
        name: 'a',
        labels: {},
        annotations: {},
        finalizers: [],
        generation: 5,
        selfLink: '/x',
        uid: 'mine',
        creationTimestamp: '2020-01-01T00:00:00Z',
      },
    }),
  ],
];

export const defaultCases: readonly Case[] = kinds.flatMap(([name, path, object]) => [
  defaults(`${name}, created`, dry(post(path, object))),
  defaults(`${name}, applied`, dry(apply(path, object))),
]);

const cpu = (amount: string) =>
  deployment('web', { spec: { replicas: 0 }, web: { resources: { limits: { cpu: amount } } } });

export const applyCases: readonly Case[] = [
  ssa(
    'an apply creates, and repeats itself',
    apply(at.configmaps, configMap('a'), undefined, { save: { rv: ['metadata', 'resourceVersion'] } }),
    apply(at.configmaps, configMap('a')),
    get(cm),
  ),
  ssa(
    'a key given up by its only owner goes',
    apply(at.configmaps, configMap('a', { a: '1', b: '2' })),
    apply(at.configmaps, configMap('a', { a: '1' })),
  ),
  ssa(
    'a key given up by one of two owners stays',
    apply(at.configmaps, configMap('a', { a: '1', b: '2' })),
    apply(at.configmaps, configMap('a', { b: '2' }), 'fieldManager=two'),
    apply(at.configmaps, configMap('a', { a: '1' })),
    apply(at.configmaps, configMap('a', {}), 'fieldManager=two'),
  ),
  ssa(
    'two appliers conflict',
    apply(at.configmaps, configMap('a', { a: '1' })),
    apply(at.configmaps, configMap('a', { a: '2' }), 'fieldManager=two'),
    apply(at.configmaps, configMap('a', { a: '2' }), 'fieldManager=two&force=true'),
    apply(at.configmaps, configMap('a', { a: '1' })),
  ),
  ssa(
    'an updater conflicts',
    apply(at.configmaps, configMap('a', { a: '1' })),
    merge(cm, { data: { a: '2' } }, 'fieldManager=edit'),
    apply(at.configmaps, configMap('a', { a: '3' })),
    apply(at.configmaps, configMap('a', { a: '3' }), 'fieldManager=one&force=true'),
  ),
  ssa(
    'several conflicts with several managers',
    apply(at.configmaps, configMap('a', { a: '1', b: '1' })),
    merge(cm, { data: { b: '2' } }, 'fieldManager=edit'),
    apply(at.configmaps, configMap('a', { a: '3', b: '3' }), 'fieldManager=two'),
  ),
  ssa(
    'a creator by POST owns what it sent',
    post(at.configmaps, configMap('a', { a: '1' }, { labels: { x: 'y' }, annotations: { p: 'q' } })),
    apply(at.configmaps, configMap('a', { a: '1' })),
    apply(at.configmaps, configMap('a', { a: '2' })),
  ),
  ssa(
    'labels, annotations and finalizers',
    apply(
      at.configmaps,
      configMap('a', {}, { labels: { a: 'b', c: 'd' }, annotations: { e: 'f' }, finalizers: ['x.example/y'] }),
    ),
    apply(at.configmaps, configMap('a', {}, { labels: { a: 'b' } })),
    apply(at.configmaps, configMap('a', {})),
  ),
  ssa(
    'an empty map and a null',
    apply(at.configmaps, { ...configMap('a'), data: {} }),
    apply(at.configmaps, { ...configMap('b'), data: { k: null } }),
    apply(at.configmaps, { ...configMap('c'), data: null }),
  ),
  ssa(
    'list elements by key',
    apply(
      at.deployments,
      deployment('web', {
        spec: { replicas: 0 },
        web: {
          env: [
            { name: 'A', value: '1' },
            { name: 'B', value: '2' },
          ],
        },
      }),
      undefined,
      { only: (body) => body['spec'] ?? null },
    ),
    apply(
      at.deployments,
      deployment('web', {
        spec: { replicas: 0 },
        web: {
          env: [
            { name: 'B', value: '2' },
            { name: 'C', value: '3' },
          ],
        },
      }),
      undefined,
      { only: (body) => body['spec'] ?? null },
    ),
  ),
  ssa(
    'a sidecar of another manager stays',
    apply(at.deployments, deployment('web', { spec: { replicas: 0 } }), undefined, { silent: true }),
    apply(
      at.deployments,
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web' },
        spec: { template: { spec: { containers: [{ name: 'side', image: 's:1' }] } } },
      },
      'fieldManager=two',
      { only: (body) => body['spec'] ?? null },
    ),
    apply(at.deployments, deployment('web', { spec: { replicas: 0 } }), undefined, {
      only: (body) => body['spec'] ?? null,
    }),
    apply(
      at.deployments,
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } },
      'fieldManager=two',
      { only: (body) => body['spec'] ?? null },
    ),
  ),
  ssa(
    'the order of list elements',
    dry(
      apply(
        at.deployments,
        deployment('web', { spec: { replicas: 0 }, web: { env: [{ name: 'C' }, { name: 'A' }, { name: 'B' }] } }),
      ),
    ),
    apply(
      at.deployments,
      deployment('web', { spec: { replicas: 0 }, web: { env: [{ name: 'C' }, { name: 'A' }, { name: 'B' }] } }),
      undefined,
      { silent: true },
    ),
    strategic(web, { spec: { template: { spec: { containers: [{ name: 'web', env: [{ name: 'Z' }] }] } } } }, '', {
      silent: true,
    }),
    apply(
      at.deployments,
      deployment('web', { spec: { replicas: 0 }, web: { env: [{ name: 'B' }, { name: 'D' }, { name: 'C' }] } }),
      undefined,
      {
        only: (body) =>
          (body['spec'] as { template: { spec: { containers: [{ env: [] }] } } }).template.spec.containers[0].env,
      },
    ),
  ),
  ssa(
    'port 53 by TCP and UDP',
    dry(
      apply(
        at.deployments,
        deployment('web', {
          web: {
            ports: [
              { containerPort: 53, protocol: 'TCP' },
              { containerPort: 53, protocol: 'UDP' },
            ],
          },
        }),
      ),
    ),
    dry(
      apply(
        at.deployments,
        deployment('web', { web: { ports: [{ containerPort: 53 }, { containerPort: 53, protocol: 'UDP' }] } }),
      ),
    ),
  ),
  ssa(
    'doubled keys in a list',
    dry(
      apply(
        at.deployments,
        deployment('web', {
          web: {
            env: [
              { name: 'A', value: '1' },
              { name: 'A', value: '2' },
            ],
          },
        }),
      ),
    ),
    dry(
      apply(
        at.services,
        service('web', {
          ports: [
            { port: 80, name: 'a' },
            { port: 80, name: 'b' },
          ],
        }),
      ),
    ),
  ),
  ssa(
    'an element without its key',
    dry(apply(at.deployments, deployment('web', { podSpec: { containers: [{ image: 'a' }] } }))),
    dry(apply(at.deployments, deployment('web', { podSpec: { containers: ['x'] } }))),
    dry(apply(at.deployments, deployment('web', { web: { volumeMounts: [{ name: 'a' }] } }))),
  ),
  ssa(
    'an atomic selector',
    apply(at.services, service('web', { selector: { a: 'b', c: 'd' } })),
    apply(at.services, service('web', { selector: { a: 'b' } })),
  ),
  ssa(
    'an address stays with the service',
    apply(at.services, service('web')),
    apply(at.services, service('web', { ports: [{ port: 81 }] })),
    get(`${at.services}/web`),
  ),
  ssa(
    'replicas given up by their only owner',
    apply(at.deployments, deployment('web', { spec: { replicas: 0, paused: true } }), undefined, { silent: true }),
    apply(at.deployments, deployment('web', { spec: { paused: true } }), undefined, {
      only: (body) => body['spec'] ?? null,
    }),
  ),
  ssa(
    'replicas taken over by a scale',
    apply(at.deployments, deployment('web', { spec: { replicas: 0, paused: true } }), undefined, { silent: true }),
    merge(`${web}/scale`, { spec: { replicas: 2 } }, 'fieldManager=hpa'),
    get(web, {
      only: (body) =>
        (body['metadata'] as { managedFields: { subresource?: string }[] }).managedFields.filter(
          ({ subresource }) => subresource !== 'status',
        ) as never,
    }),
    apply(at.deployments, deployment('web', { spec: { replicas: 0, paused: true } })),
    apply(at.deployments, deployment('web', { spec: { paused: true } }), undefined, {
      only: (body) => body['spec'] ?? null,
    }),
  ),
  ssa(
    'quantities written in two ways',
    apply(at.deployments, cpu('1000m'), undefined, { silent: true }),
    apply(at.deployments, cpu('1000m'), 'fieldManager=two'),
    apply(at.deployments, cpu('1'), 'fieldManager=two', { only: (body) => body['spec'] ?? null }),
    apply(at.deployments, cpu('1000m')),
  ),
  ssa(
    'a secret by stringData',
    apply(at.secrets, of('v1', 'Secret', 'a', { stringData: { a: '1', b: '2' } })),
    apply(at.secrets, of('v1', 'Secret', 'a', { stringData: { a: '1' } })),
  ),
  ssa(
    'a status by its own endpoint',
    post(at.deployments, deployment('web', { spec: { replicas: 0, paused: true } }), '', { silent: true }),
    {
      method: 'PATCH',
      path: `${web}/status?fieldManager=one`,
      type: 'application/apply-patch+yaml',
      body: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web' },
        status: { conditions: [{ type: 'X', status: 'True', lastUpdateTime: null, lastTransitionTime: null }] },
      },
      only: (body) =>
        (body['metadata'] as { managedFields: { manager?: string }[] }).managedFields.filter(
          ({ manager }) => manager === 'one',
        ) as never,
    },
  ),
  ssa(
    'a status in the object itself is dropped',
    dry(apply(at.deployments, { ...deployment('web'), status: { replicas: 5 } })),
    dry(post(at.deployments, { ...deployment('web'), status: { replicas: 5 } })),
  ),
  ssa(
    'managedFields in an apply',
    apply(at.configmaps, configMap('a', {}, { managedFields: [] })),
    apply(
      at.configmaps,
      configMap(
        'b',
        {},
        {
          managedFields: [{ manager: 'x', operation: 'Apply', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: {} }],
        },
      ),
    ),
  ),
  ssa(
    'managedFields emptied by hand',
    apply(at.configmaps, configMap('a')),
    merge(cm, { metadata: { managedFields: [{}] } }, 'fieldManager=edit'),
    apply(at.configmaps, configMap('a', { b: '2' })),
  ),
  ssa(
    'managers of an update by PUT',
    apply(at.configmaps, configMap('a', { a: '1', b: '2' })),
    put(at.configmaps, configMap('a', { a: '1', c: '3' }), 'fieldManager=putter'),
  ),
  ssa(
    'owner references',
    apply(at.configmaps, configMap('o'), undefined, { save: { uid: ['metadata', 'uid'] } }),
    apply(
      at.configmaps,
      configMap('a', {}, { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: '{uid}' }] }),
    ),
  ),
  ssa(
    'kubectl moves from client-side to server-side',
    post(
      at.configmaps,
      configMap('a', { a: '1' }, { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' } }),
      'fieldManager=kubectl-client-side-apply',
    ),
    apply(at.configmaps, configMap('a', { a: '1' }), 'fieldManager=kubectl'),
    apply(at.configmaps, configMap('a', { a: '2' }), 'fieldManager=kubectl'),
  ),
  ssa(
    'a dry run of what is there equals it',
    apply(at.deployments, deployment('web', { spec: { replicas: 0, paused: true } }), undefined, { silent: true }),
    get(web, {
      until: (body) => (body['status'] as { observedGeneration?: number }).observedGeneration === 1,
      silent: true,
    }),
    dry(apply(at.deployments, deployment('web', { spec: { replicas: 0, paused: true } }))),
    get(web),
  ),
];

const mapped = configMap('a', { a: '1', b: '2' }, { labels: { x: 'y' }, finalizers: ['a.example/b'] });
const holds = (steps: Case['steps']) => [post(at.configmaps, mapped, '', { silent: true }), ...steps];
const spec = (body: import('#kernel').JsonObject) => body['spec'] ?? (body as never);
const template = (part: import('#kernel').JsonObject) => ({ spec: { template: { spec: part } } });
const withWeb = (parts: Parameters<typeof deployment>[1], ...steps: Case['steps']) => [
  post(at.deployments, deployment('web', { ...parts, spec: { replicas: 0, paused: true, ...parts?.spec } }), '', {
    silent: true,
  }),
  ...steps.map((step) => ({ only: spec, ...step })),
];

/** The same request, of whose answer the generation is compared. */
const generationOf = (step: Step): Step => ({
  ...step,
  only: (body) => (body['metadata'] as { generation: number }).generation,
});
const policy = (spec: JsonObject = {}): JsonObject =>
  of('networking.k8s.io/v1', 'NetworkPolicy', 'p', { spec: { podSelector: {}, policyTypes: ['Ingress'], ...spec } });

export const patchCases: readonly Case[] = [
  patches(
    'merge sets, replaces and removes',
    ...holds([
      merge(cm, { data: { a: null, b: '3', c: '4' } }),
      merge(cm, { metadata: { labels: null } }),
      merge(cm, { data: null }),
    ]),
  ),
  patches('merge that changes nothing', ...holds([merge(cm, {}), merge(cm, { data: { a: '1' } })])),
  patches(
    'merge replaces lists',
    ...withWeb(
      { web: { env: [{ name: 'A' }] } },
      merge(web, template({ containers: [{ name: 'new', image: 'n:1' }] })),
    ),
  ),
  patches(
    'merge with a bad body',
    ...holds([
      merge(cm, []),
      merge(cm, 'text'),
      { method: 'PATCH', path: cm, type: 'application/merge-patch+json', text: '{' },
    ]),
  ),
  patches(
    'merge into what is invalid',
    ...withWeb(
      {},
      merge(web, { spec: { replicas: -1 } }),
      merge(web, { spec: { template: { spec: { containers: [] } } } }),
      merge(web, { spec: { replicas: 'x' } }),
    ),
  ),
  patches(
    'merge with nulls in lists',
    ...withWeb({}, merge(web, template({ containers: [{ name: 'web', image: 'n:1', command: null }] }))),
  ),
  patches(
    'JSON patch: every operation',
    ...holds([
      jsonPatch(cm, [
        { op: 'add', path: '/data/c', value: '3' },
        { op: 'replace', path: '/data/a', value: '9' },
        { op: 'remove', path: '/data/b' },
      ]),
      jsonPatch(cm, [
        { op: 'copy', from: '/data/a', path: '/data/d' },
        { op: 'move', from: '/data/c', path: '/data/e' },
        { op: 'test', path: '/data/a', value: '9' },
      ]),
    ]),
  ),
  patches(
    'JSON patch: pointers with / and ~',
    ...holds([
      jsonPatch(cm, [
        { op: 'add', path: '/metadata/annotations', value: {} },
        { op: 'add', path: '/metadata/annotations/a.example~1b~0c', value: 'd' },
      ]),
    ]),
  ),
  patches(
    'JSON patch: a test that fails',
    ...holds([
      jsonPatch(cm, [
        { op: 'test', path: '/data/a', value: '2' },
        { op: 'remove', path: '/data/a' },
      ]),
      get(cm),
    ]),
  ),
  patches(
    'JSON patch: places that are not there',
    ...holds([
      jsonPatch(cm, [{ op: 'remove', path: '/data/z' }]),
      jsonPatch(cm, [{ op: 'replace', path: '/data/z', value: '1' }]),
      jsonPatch(cm, [{ op: 'add', path: '/nothing/at/all', value: '1' }]),
      jsonPatch(cm, [{ op: 'copy', from: '/data/z', path: '/data/y' }]),
    ]),
  ),
  patches(
    'JSON patch: bad operations',
    ...holds([
      jsonPatch(cm, [{ op: 'erase', path: '/data' }]),
      jsonPatch(cm, {}),
      jsonPatch(cm, [{ path: '/data' }]),
      jsonPatch(cm, []),
    ]),
  ),
  patches(
    'JSON patch: elements of lists',
    ...withWeb(
      { web: { args: ['a', 'b', 'c'] } },
      jsonPatch(web, [
        { op: 'add', path: '/spec/template/spec/containers/0/args/1', value: 'x' },
        { op: 'remove', path: '/spec/template/spec/containers/0/args/0' },
        { op: 'add', path: '/spec/template/spec/containers/0/args/-', value: 'z' },
      ]),
      jsonPatch(web, [{ op: 'replace', path: '/spec/template/spec/containers/0/args/9', value: 'x' }]),
    ),
  ),
  patches(
    'JSON patch: more than ten thousand operations',
    ...holds([
      jsonPatch(
        cm,
        Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/data/a', value: '1' })),
      ),
    ]),
  ),
  patches(
    'strategic: a container by its name',
    ...withWeb(
      {},
      strategic(web, template({ containers: [{ name: 'web', image: 'b:2' }] })),
      strategic(web, template({ containers: [{ name: 'side', image: 's:1' }] })),
    ),
  ),
  patches(
    'strategic: delete an element',
    ...withWeb(
      {
        web: {
          env: [
            { name: 'A', value: '1' },
            { name: 'B', value: '2' },
          ],
        },
      },
      strategic(web, template({ containers: [{ name: 'web', env: [{ name: 'A', $patch: 'delete' }] }] })),
      strategic(web, template({ containers: [{ name: 'web', env: [{ name: 'none', $patch: 'delete' }] }] })),
    ),
  ),
  patches(
    'strategic: replace a list',
    ...withWeb(
      { web: { env: [{ name: 'A', value: '1' }] } },
      strategic(
        web,
        template({ containers: [{ name: 'web', env: [{ $patch: 'replace' }, { name: 'C', value: '3' }] }] }),
      ),
    ),
  ),
  patches(
    'strategic: replace and delete a map',
    ...withWeb(
      { podSpec: { nodeSelector: { a: 'b' } } },
      strategic(web, template({ nodeSelector: { $patch: 'replace', c: 'd' } })),
      strategic(web, template({ nodeSelector: { $patch: 'delete' } })),
    ),
  ),
  patches(
    'strategic: the order of elements',
    ...withWeb(
      { web: { env: [{ name: 'A' }, { name: 'B' }, { name: 'C' }] } },
      strategic(
        web,
        template({
          containers: [
            {
              name: 'web',
              $setElementOrder: undefined as never,
              '$setElementOrder/env': [{ name: 'C' }, { name: 'A' }, { name: 'D' }, { name: 'B' }],
              env: [{ name: 'D' }],
            },
          ],
          '$setElementOrder/containers': [{ name: 'web' }],
        } as never),
      ),
    ),
  ),
  patches(
    'strategic: retain keys',
    ...withWeb({}, strategic(web, { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } })),
  ),
  patches(
    'strategic: volumes change their kind',
    ...withWeb(
      { podSpec: { volumes: [{ name: 'v', configMap: { name: 'x' } }] } },
      strategic(web, template({ volumes: [{ name: 'v', $retainKeys: ['name', 'emptyDir'], emptyDir: {} }] })),
    ),
  ),
  patches(
    'strategic: primitive lists',
    ...holds([
      strategic(cm, { metadata: { finalizers: ['c.example/d'] } }),
      strategic(cm, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a.example/b'] } }),
      strategic(cm, { metadata: { finalizers: null } }),
    ]),
  ),
  patches(
    'strategic: an atomic list is replaced',
    ...withWeb(
      { web: { args: ['a', 'b'] } },
      strategic(web, template({ containers: [{ name: 'web', args: ['c'] }] })),
      strategic(web, template({ tolerations: [{ key: 'a', operator: 'Exists' }] })),
    ),
  ),
  patches(
    'strategic: ports by number',
    ...withWeb(
      { web: { ports: [{ containerPort: 80, name: 'a' }] } },
      strategic(
        web,
        template({ containers: [{ name: 'web', ports: [{ containerPort: 80, name: 'b' }, { containerPort: 81 }] }] }),
      ),
    ),
  ),
  patches(
    'strategic: service ports',
    post(at.services, service('web', { ports: [{ port: 80, name: 'a' }] }), '', { silent: true }),
    strategic(`${at.services}/web`, { spec: { ports: [{ port: 81, name: 'b' }] } }),
  ),
  patches(
    'strategic: an element without its key',
    ...withWeb({}, strategic(web, template({ containers: [{ image: 'x' }] }))),
  ),
  patches(
    'strategic: null removes',
    ...withWeb(
      { podSpec: { nodeSelector: { a: 'b', c: 'd' } } },
      strategic(web, template({ nodeSelector: { a: null } })),
      strategic(web, template({ nodeSelector: null })),
    ),
  ),
  patches(
    'strategic: unknown directives',
    ...withWeb(
      {},
      strategic(web, template({ containers: [{ name: 'web', $patch: 'explode' }] })),
      strategic(web, { spec: { $patch: 'explode' } }),
    ),
  ),
  patches(
    'strategic: into what is invalid',
    ...withWeb({}, strategic(web, { spec: { replicas: 'x' } }), strategic(web, template({ restartPolicy: 'Never' }))),
  ),
  patches(
    'scale by every patch',
    ...withWeb(
      {},
      get(`${web}/scale`),
      merge(`${web}/scale`, { spec: { replicas: 3 } }),
      jsonPatch(`${web}/scale`, [{ op: 'replace', path: '/spec/replicas', value: 1 }]),
      strategic(`${web}/scale`, { spec: { replicas: 2 } }),
      merge(`${web}/scale`, { spec: { replicas: -1 } }),
    ),
  ),
  patches(
    'scale by PUT',
    ...withWeb(
      {},
      {
        method: 'PUT',
        path: `${web}/scale`,
        body: {
          apiVersion: 'autoscaling/v1',
          kind: 'Scale',
          metadata: { name: 'web', namespace: '{ns}' },
          spec: { replicas: 4 },
        },
      },
      {
        method: 'PUT',
        path: `${web}/scale`,
        body: {
          apiVersion: 'autoscaling/v1',
          kind: 'Scale',
          metadata: { name: 'other', namespace: '{ns}' },
          spec: { replicas: 4 },
        },
      },
    ),
  ),
  patches(
    'status does not touch the spec',
    ...withWeb(
      {},
      {
        ...merge(`${web}/status`, { spec: { replicas: 5 }, status: { replicas: 7 } }, '', {}),
        only: (body) => ({
          spec: body['spec'] ?? null,
          replicas: (body['status'] as { replicas?: number })?.replicas ?? null,
        }),
      },
    ),
  ),
  patches(
    'generation counts the spec alone',
    ...withWeb(
      {},
      ...[
        merge(web, { metadata: { labels: { a: 'b' } } }),
        merge(web, { spec: { replicas: 0 } }),
        merge(web, { spec: { minReadySeconds: 1 } }),
      ].map(generationOf),
    ),
  ),
  patches(
    'generation and empty maps and lists',
    silent(post(at.policies, policy())),
    ...[
      merge(`${at.policies}/p`, { metadata: { annotations: {} } }),
      merge(`${at.policies}/p`, { spec: { podSelector: { matchLabels: {} } } }),
      jsonPatch(`${at.policies}/p`, [{ op: 'add', path: '/spec/ingress', value: [] }]),
      put(at.policies, policy({ ingress: [] })),
      put(at.policies, policy({ egress: [], policyTypes: [] })),
      apply(at.policies, policy({ podSelector: { matchExpressions: [] } })),
      apply(at.policies, policy({ podSelector: { matchExpressions: [] } })),
      apply(at.policies, policy()),
      silent(
        post(at.budgets, of('policy/v1', 'PodDisruptionBudget', 'b', { spec: { minAvailable: 1, selector: {} } })),
      ),
      merge(`${at.budgets}/b`, { spec: { selector: { matchLabels: {}, matchExpressions: [] } } }),
    ].map(generationOf),
  ),
  patches(
    'an annotation that a patch adds',
    ...withWeb(
      {},
      {
        ...strategic(web, {
          spec: {
            template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': '2026-01-01T00:00:00Z' } } },
          },
        }),
      },
    ),
  ),
];
