import type { Json, JsonObject } from '#kernel';
import {
  apply,
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
  remove,
  service,
  silent,
  workload,
  type Case,
  type Step,
} from './case.ts';

const one =
  (area: string) =>
  (name: string, ...steps: Case['steps']): Case => ({ area, name, steps });
const lists = one('lists');
const tables = one('tables');
const watches = one('watch');

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
const three = ['a', 'b', 'c'].map((name, index) =>
  silent(
    post(
      at.configmaps,
      configMap(
        name,
        { n: String(index) },
        { labels: { app: 'x', tier: index === 0 ? 'front' : 'back', ...(index === 2 && { extra: 'yes' }) } },
      ),
    ),
  ),
);
const names = (body: JsonObject): Json => ({
  kind: body['kind'] ?? null,
  names: Array.isArray(body['items'])
    ? (body['items'] as readonly JsonObject[]).map((item) => (item['metadata'] as JsonObject)['name'] ?? null)
    : null,
  ...(body['message'] !== undefined && { message: body['message'] }),
  metadata: body['metadata'] ?? null,
});
const selected = (selector: string) =>
  get(`${at.configmaps}?labelSelector=${encodeURIComponent(selector)}`, { only: names });
const byField = (path: string, selector: string) =>
  get(`${path}?fieldSelector=${encodeURIComponent(selector)}`, { only: names });

export const listCases: readonly Case[] = [
  lists('a whole list', ...three, get(`${at.configmaps}?labelSelector=app`)),
  lists('an empty list', get(at.secrets), get(`${at.configmaps}?labelSelector=none`)),
  lists(
    'label selectors',
    ...three,
    ...[
      'app=x',
      'app==x',
      'app!=x',
      'tier in (front,back)',
      'tier notin (front)',
      'extra',
      '!extra,app',
      'app=x,tier=back',
      'app in (x),extra',
      'tier in ()',
      'app=',
      'tier>1',
    ].map(selected),
  ),
  lists(
    'label selectors that are none',
    ...['a b', '=x', 'tier in', 'tier in (a', 'a=b=c', '!', 'app=x,', 'UP/CASE/x=y'].map(selected),
  ),
  lists(
    'fields of a config map',
    ...three,
    byField(at.configmaps, 'metadata.name=a'),
    byField(at.configmaps, 'metadata.name!=a,metadata.name!=kube-root-ca.crt'),
    byField(at.configmaps, 'metadata.namespace={ns},metadata.name=b'),
    byField(at.configmaps, 'data.n=1'),
    byField(at.configmaps, 'nonsense'),
  ),
  lists(
    'fields of a pod',
    silent(post(at.pods, pod('p', { nodeName: 'nowhere' }))),
    byField(at.pods, 'spec.nodeName=nowhere'),
    byField(at.pods, 'spec.nodeName='),
    byField(at.pods, 'spec.restartPolicy=Always'),
    byField(at.pods, 'spec.image=x'),
    silent(remove(`${at.pods}/p`, { gracePeriodSeconds: 0 })),
  ),
  lists(
    'fields of a secret',
    silent(post(at.secrets, of('v1', 'Secret', 's', { type: 'a.example/b' }))),
    byField(at.secrets, 'type=a.example/b'),
    byField(at.secrets, 'type!=a.example/b'),
    byField(at.secrets, 'data=x'),
  ),
  lists(
    'fields of a deployment',
    byField(at.deployments, 'metadata.name=x'),
    byField(at.deployments, 'spec.replicas=1'),
    byField(at.jobs, 'status.successful=1'),
    byField(at.jobs, 'spec.x=1'),
  ),
  lists(
    'pages',
    ...three,
    get(`${at.configmaps}?limit=2&labelSelector=app`, { only: names, save: { next: ['metadata', 'continue'] } }),
    get(`${at.configmaps}?limit=2&labelSelector=app&continue={next}`, { only: names }),
  ),
  lists(
    'pages without a selector count what is left',
    silent(remove(`${at.configmaps}/kube-root-ca.crt`)),
    ...three,
    get(`${at.secrets}?limit=1`, { only: names }),
  ),
  lists(
    'a page that goes nowhere',
    get(`${at.configmaps}?limit=2&continue=nonsense`),
    get(`${at.configmaps}?limit=1&labelSelector=none`, { only: names }),
  ),
  lists(
    'a page with a version',
    ...three,
    get(`${at.configmaps}?limit=1&labelSelector=app`, { only: names, save: { next: ['metadata', 'continue'] } }),
    get(`${at.configmaps}?limit=1&labelSelector=app&continue={next}&resourceVersion=5`, { only: names }),
  ),
  lists(
    'versions',
    get(`${at.configmaps}?resourceVersion=0&labelSelector=none`, { only: names }),
    get(`${at.configmaps}?resourceVersion=nonsense`, { only: names }),
  ),
  lists(
    'a name in several namespaces',
    get('/api/v1/configmaps?labelSelector=none', { only: names }),
    get('/apis/apps/v1/deployments?labelSelector=none', { only: names }),
  ),
  lists(
    'metadata alone',
    ...three,
    get(`${at.configmaps}/a`, { accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1' }),
    get(`${at.configmaps}?labelSelector=extra`, {
      accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
    }),
  ),
  lists(
    'delete a collection',
    ...three,
    remove(`${at.configmaps}?labelSelector=tier%3Dback`, undefined, { only: names }),
    selected('app'),
  ),
  lists(
    'delete a collection as a dry run',
    ...three,
    remove(`${at.configmaps}?labelSelector=app`, { dryRun: ['All'] }, { only: names }),
    selected('app'),
  ),
  lists(
    'options of a watch on a list',
    get(`${at.configmaps}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan`),
  ),
];

const rows = (body: JsonObject): Json => ({
  ...body,
  rows: Array.isArray(body['rows'])
    ? (body['rows'] as readonly JsonObject[]).map(({ cells, object }) => ({
        cells: (cells as readonly Json[]).map((cell) =>
          typeof cell === 'string' && /^\d+[smh]/.test(cell) ? '<age>' : cell,
        ),
        kind: (object as JsonObject | null)?.['kind'] ?? null,
      }))
    : null,
});
const table = (path: string) => get(path, { accept: TABLE, only: rows });
const shown = (name: string, path: string, object: JsonObject): Case =>
  tables(
    name,
    silent(post(path, object)),
    table(`${path}?fieldSelector=metadata.name%3D${(object['metadata'] as { name: string }).name}`),
    table(`${path}/${(object['metadata'] as { name: string }).name}`),
  );

export const tableCases: readonly Case[] = [
  shown('config map', at.configmaps, configMap('x', { a: '1', b: '2' })),
  shown('secret', at.secrets, of('v1', 'Secret', 'x', { data: { a: 'YQ==' } })),
  shown(
    'service',
    at.services,
    service('web', {
      ports: [
        { port: 80, name: 'a' },
        { port: 53, protocol: 'UDP', name: 'b' },
      ],
      clusterIP: 'None',
    }),
  ),
  shown('external name', at.services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { type: 'ExternalName', externalName: 'a.example' },
  }),
  shown('service account', at.serviceaccounts, of('v1', 'ServiceAccount', 'x', {})),
  shown('deployment without replicas', at.deployments, deployment('web', { spec: { replicas: 0, paused: true } })),
  shown(
    'deployment with two containers',
    at.deployments,
    deployment('web', {
      spec: { replicas: 0, paused: true },
      podSpec: { containers: [container(), container({ name: 'b', image: 'b:2' })] },
    }),
  ),
  shown('stateful set', at.statefulsets, workload('apps/v1', 'StatefulSet', 'web', { spec: { replicas: 0 } })),
  shown('replica set', at.replicasets, workload('apps/v1', 'ReplicaSet', 'web', { spec: { replicas: 0 } })),
  tables(
    'suspended job',
    silent(
      post(
        at.jobs,
        of('batch/v1', 'Job', 'web', {
          spec: { suspend: true, template: { spec: { containers: [container()], restartPolicy: 'Never' } } },
        }),
      ),
    ),
    silent(get(`${at.jobs}/web`, { until: (body) => JSON.stringify(body['status']).includes('JobSuspended') })),
    table(`${at.jobs}?fieldSelector=metadata.name%3Dweb`),
    table(`${at.jobs}/web`),
  ),
  shown(
    'cron job',
    at.cronjobs,
    of('batch/v1', 'CronJob', 'web', {
      spec: {
        schedule: '0 0 1 1 *',
        suspend: true,
        timeZone: 'Etc/UTC',
        jobTemplate: { spec: { template: { spec: { containers: [container()], restartPolicy: 'Never' } } } },
      },
    }),
  ),
  shown(
    'ingress',
    at.ingresses,
    of('networking.k8s.io/v1', 'Ingress', 'web', {
      spec: {
        ingressClassName: 'x',
        tls: [{ hosts: ['a.example'] }],
        rules: [{ host: 'a.example' }, { host: 'b.example' }],
      },
    }),
  ),
  shown(
    'ingress for everybody',
    at.ingresses,
    of('networking.k8s.io/v1', 'Ingress', 'web', {
      spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } },
    }),
  ),
  shown(
    'network policy',
    at.policies,
    of('networking.k8s.io/v1', 'NetworkPolicy', 'web', { spec: { podSelector: { matchLabels: { a: 'b' } } } }),
  ),
  shown(
    'network policy for all pods',
    at.policies,
    of('networking.k8s.io/v1', 'NetworkPolicy', 'web', { spec: { podSelector: {} } }),
  ),
  shown(
    'budget',
    at.budgets,
    of('policy/v1', 'PodDisruptionBudget', 'web', {
      spec: { minAvailable: '50%', selector: { matchLabels: { app: 'none' } } },
    }),
  ),
  shown('role', at.roles, of('rbac.authorization.k8s.io/v1', 'Role', 'web', { rules: [] })),
  shown(
    'role binding',
    at.rolebindings,
    of('rbac.authorization.k8s.io/v1', 'RoleBinding', 'web', {
      roleRef: { kind: 'Role', name: 'x', apiGroup: 'rbac.authorization.k8s.io' },
      subjects: [
        { kind: 'User', name: 'u' },
        { kind: 'Group', name: 'g' },
        { kind: 'ServiceAccount', name: 's', namespace: 'n' },
      ],
    }),
  ),
  shown(
    'limits',
    at.limits,
    of('v1', 'LimitRange', 'web', { spec: { limits: [{ type: 'Container', max: { cpu: '2' } }] } }),
  ),
  tables(
    'nothing',
    table(`${at.configmaps}?labelSelector=none`),
    table(`${at.deployments}?labelSelector=none`),
    table(`${at.pods}?labelSelector=none`),
    table(`${at.events}?labelSelector=none`),
  ),
  tables(
    'what rows carry',
    silent(post(at.configmaps, configMap('x'))),
    ...['None', 'Metadata', 'Object'].map((include) =>
      get(`${at.configmaps}/x?includeObject=${include}`, {
        accept: TABLE,
        only: ({ rows: found }) => (found as readonly JsonObject[])[0]?.['object'] ?? null,
      }),
    ),
  ),
  tables('an error in place of a table', get(`${at.configmaps}/none`, { accept: TABLE })),
];

/** A watch that ends after a second, from a version an earlier step saved. */
const watch = (path: string, query = '', more: Omit<Step, 'method' | 'path'> = {}): Step =>
  get(`${path}?watch=true&timeoutSeconds=1${query}`, { ...more, stream: true });
const begin = silent(post(at.configmaps, configMap('zero'), '', { save: { rv: ['metadata', 'resourceVersion'] } }));
const change = (name: string, data: JsonObject, labels: JsonObject = {}) =>
  silent(put(at.configmaps, configMap(name, data, { labels })));

export const watchCases: readonly Case[] = [
  watches(
    'changes from a version on',
    begin,
    silent(post(at.configmaps, configMap('a'))),
    change('a', { a: '2' }),
    silent(remove(`${at.configmaps}/a`)),
    watch(at.configmaps, '&resourceVersion={rv}'),
  ),
  watches(
    'from the beginning',
    silent(remove(`${at.configmaps}/kube-root-ca.crt`)),
    begin,
    watch(at.configmaps, '&fieldSelector=metadata.name%3Dzero'),
  ),
  watches(
    'a selector that is entered and left',
    begin,
    silent(post(at.configmaps, configMap('a', {}, { labels: { in: 'yes' } }))),
    change('a', { a: '1' }),
    change('a', { a: '1' }, { in: 'yes' }),
    silent(remove(`${at.configmaps}/a`)),
    watch(at.configmaps, '&resourceVersion={rv}&labelSelector=in'),
  ),
  watches(
    'a field selector',
    begin,
    silent(post(at.configmaps, configMap('a'))),
    silent(post(at.configmaps, configMap('b'))),
    watch(at.configmaps, '&resourceVersion={rv}&fieldSelector=metadata.name%3Db'),
  ),
  watches('bookmarks', begin, watch(at.configmaps, '&resourceVersion={rv}&allowWatchBookmarks=true')),
  watches('a version that is none', watch(at.configmaps, '&resourceVersion=soon')),
  watches(
    'tables',
    begin,
    silent(post(at.configmaps, configMap('a', { x: 'y' }))),
    change('a', { x: 'y', z: '1' }),
    watch(at.configmaps, '&resourceVersion={rv}', { accept: TABLE }),
  ),
  watches(
    'metadata alone',
    begin,
    silent(post(at.configmaps, configMap('a'))),
    watch(at.configmaps, '&resourceVersion={rv}', {
      accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
    }),
  ),
  watches(
    'an apply that changes nothing is not seen',
    begin,
    silent(apply(at.configmaps, configMap('a'))),
    silent(apply(at.configmaps, configMap('a'))),
    watch(at.configmaps, '&resourceVersion={rv}'),
  ),
  watches(
    'a dry run is not seen',
    begin,
    silent({ ...post(at.configmaps, configMap('a'), 'dryRun=All') }),
    silent({ ...merge(`${at.configmaps}/zero`, { data: { a: '9' } }, 'dryRun=All') }),
    watch(at.configmaps, '&resourceVersion={rv}'),
  ),
  watches(
    'an end with finalizers',
    begin,
    silent(post(at.configmaps, configMap('a', {}, { finalizers: ['x.example/y'] }))),
    silent(remove(`${at.configmaps}/a`)),
    silent(merge(`${at.configmaps}/a`, { metadata: { finalizers: null } })),
    watch(at.configmaps, '&resourceVersion={rv}'),
  ),
  watches(
    'options that do not go together',
    watch(at.configmaps, '&resourceVersionMatch=NotOlderThan'),
    watch(at.configmaps, '&sendInitialEvents=true'),
  ),
];
