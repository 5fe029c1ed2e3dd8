import type { Json, JsonObject } from '#kernel';
import {
  apply,
  at,
  configMap,
  deployment,
  dry,
  get,
  merge,
  pod,
  post,
  put,
  remove,
  service,
  silent,
  type Case,
  type Step,
} from '#sandbox-cluster/cases';
import {
  has,
  hasOne,
  isGone,
  isRolledOut,
  items,
  namesShown,
  part,
  podsShown,
  hasCondition,
  setsShown,
  workloadShown,
} from './shown.ts';

const collection = (name: string, ...steps: Case['steps']): Case => ({ area: 'collection', name, steps });

const web = `${at.deployments}/web`;
const running: readonly Step[] = [
  silent(post(at.deployments, deployment('web', { spec: { replicas: 2 } }))),
  silent(get(web, { until: isRolledOut })),
];
const with_ = (propagationPolicy: string): JsonObject => ({
  kind: 'DeleteOptions',
  apiVersion: 'v1',
  propagationPolicy,
});
const gone = (path: string): Step => get(path, { until: isGone });
const empty = (path: string): Step => get(path, { until: has(0), only: namesShown });
const owner = silent(post(at.configmaps, configMap('owner'), '', { save: { uid: ['metadata', 'uid'] } }));
const reference = (more: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: 'owner',
  uid: '{uid}',
  ...more,
});
const owned = (name: string, ...ownerReferences: readonly JsonObject[]): JsonObject =>
  configMap(name, { a: '1' }, { ownerReferences });
const metadata = (body: JsonObject): Json => (body['kind'] === 'Status' ? body : (body['metadata'] ?? null));
const UNKNOWN_UID = '00000000-0000-4000-8000-000000000000';

const other = '/api/v1/namespaces/{ns}-b';
const space = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: '{ns}-b' } };
const made: readonly Step[] = [
  silent(post('/api/v1/namespaces', space)),
  silent(get(`${other}/serviceaccounts/default`, { until: (body) => body['kind'] === 'ServiceAccount' })),
  silent(get(`${other}/configmaps/kube-root-ca.crt`, { until: (body) => body['kind'] === 'ConfigMap' })),
];
const held = configMap('held', {}, { finalizers: ['example.com/hold'] });
const release = silent(merge(`${other}/configmaps/held`, { metadata: { finalizers: null } }));
const ended = silent(gone(other));
/** Returns a namespace without values that an API server allocates. */
const spaceShown = (body: JsonObject): Json =>
  body['kind'] === 'Status'
    ? body
    : {
        kind: body['kind'] ?? null,
        deleting: part(body, 'metadata', 'deletionTimestamp') !== undefined,
        labels: part(body, 'metadata', 'labels') ?? null,
        spec: body['spec'] ?? null,
        status: body['status'] ?? null,
      };

/** Owners, finalizers, propagation policies, and the deletion of namespaces with their objects. */
export const collectionCases: readonly Case[] = [
  collection('in the background', ...running, remove(web, with_('Background')), empty(at.replicasets), empty(at.pods)),
  collection('in the background when nothing is said', ...running, remove(web), empty(at.replicasets), empty(at.pods)),
  collection(
    'in the foreground',
    ...running,
    remove(web, with_('Foreground'), { only: metadata }),
    silent(gone(web)),
    empty(at.replicasets),
    empty(at.pods),
  ),
  collection(
    'in the foreground without dependents',
    silent(post(at.configmaps, configMap('a'))),
    remove(`${at.configmaps}/a`, with_('Foreground'), { only: metadata }),
    gone(`${at.configmaps}/a`),
  ),
  collection(
    'orphans',
    ...running,
    remove(web, with_('Orphan'), { only: metadata }),
    silent(gone(web)),
    get(at.replicasets, {
      until: (body) => items(body).every((set) => part(set, 'metadata', 'ownerReferences') === undefined),
      only: setsShown,
    }),
    get(at.pods, { only: podsShown }),
  ),
  collection(
    'orphans are adopted',
    ...running,
    silent(remove(web, with_('Orphan'))),
    silent(gone(web)),
    ...running,
    get(web, { until: isRolledOut, only: workloadShown }),
    get(at.replicasets, { only: setsShown }),
    get(at.pods, { only: podsShown }),
  ),
  collection(
    'an orphaned set keeps its pods',
    ...running,
    silent(remove(web, with_('Orphan'))),
    silent(gone(web)),
    get(at.replicasets, { save: { set: ['items', 0, 'metadata', 'name'] }, only: namesShown }),
    silent(remove(`${at.replicasets}/{set}`, with_('Orphan'))),
    silent(gone(`${at.replicasets}/{set}`)),
    get(at.pods, {
      until: (body) => items(body).every((each) => part(each, 'metadata', 'ownerReferences') === undefined),
      only: podsShown,
    }),
  ),
  collection(
    'a policy that is none',
    silent(post(at.configmaps, configMap('a'))),
    remove(`${at.configmaps}/a`, with_('Sideways')),
    remove(`${at.configmaps}/a`, { ...with_('Orphan'), orphanDependents: true }),
    remove(`${at.configmaps}/a`, { orphanDependents: true }, { only: metadata }),
    gone(`${at.configmaps}/a`),
  ),
  collection(
    'a child goes with its owner',
    owner,
    silent(post(at.configmaps, owned('child', reference()))),
    remove(`${at.configmaps}/owner`),
    gone(`${at.configmaps}/child`),
  ),
  collection(
    'a grandchild goes too',
    owner,
    silent(post(at.configmaps, owned('child', reference()), '', { save: { child: ['metadata', 'uid'] } })),
    silent(post(at.configmaps, owned('grandchild', reference({ name: 'child', uid: '{child}' })))),
    remove(`${at.configmaps}/owner`),
    gone(`${at.configmaps}/child`),
    gone(`${at.configmaps}/grandchild`),
  ),
  collection(
    'a child whose owner never was',
    silent(post(at.configmaps, owned('child', reference({ uid: UNKNOWN_UID })))),
    gone(`${at.configmaps}/child`),
  ),
  collection(
    'one of two owners goes',
    owner,
    silent(post(at.configmaps, configMap('second'), '', { save: { second: ['metadata', 'uid'] } })),
    silent(post(at.configmaps, owned('child', reference(), reference({ name: 'second', uid: '{second}' })))),
    silent(remove(`${at.configmaps}/owner`)),
    get(`${at.configmaps}/child`, {
      until: (body) => (part(body, 'metadata', 'ownerReferences') as readonly Json[] | undefined)?.length === 1,
      only: metadata,
    }),
  ),
  collection(
    'owners of another namespace do not count',
    ...made,
    silent(post(`${other}/configmaps`, configMap('owner'), '', { save: { uid: ['metadata', 'uid'] } })),
    silent(post(at.configmaps, owned('child', reference()))),
    gone(`${at.configmaps}/child`),
    silent(remove(other)),
    ended,
  ),
  collection(
    'a child that blocks',
    owner,
    silent(
      post(at.configmaps, {
        ...owned('child', reference({ blockOwnerDeletion: true })),
        metadata: {
          name: 'child',
          finalizers: ['example.com/hold'],
          ownerReferences: [reference({ blockOwnerDeletion: true })],
        },
      }),
    ),
    silent(remove(`${at.configmaps}/owner`, with_('Foreground'))),
    get(`${at.configmaps}/child`, {
      until: (body) => part(body, 'metadata', 'deletionTimestamp') !== undefined,
      only: metadata,
    }),
    get(`${at.configmaps}/owner`, { only: metadata }),
    silent(merge(`${at.configmaps}/child`, { metadata: { finalizers: null } })),
    gone(`${at.configmaps}/owner`),
  ),
  collection(
    'a child that does not block',
    owner,
    silent(
      post(at.configmaps, {
        ...owned('child'),
        metadata: { name: 'child', finalizers: ['example.com/hold'], ownerReferences: [reference()] },
      }),
    ),
    silent(remove(`${at.configmaps}/owner`, with_('Foreground'))),
    gone(`${at.configmaps}/owner`),
    get(`${at.configmaps}/child`, {
      until: (body) => part(body, 'metadata', 'deletionTimestamp') !== undefined,
      only: metadata,
    }),
    silent(merge(`${at.configmaps}/child`, { metadata: { finalizers: null } })),
    gone(`${at.configmaps}/child`),
  ),
  collection(
    'references that are refused',
    post(at.configmaps, owned('a', { kind: 'ConfigMap', name: 'x', uid: 'u' })),
    post(at.configmaps, owned('b', reference({ uid: '' }))),
    post(
      at.configmaps,
      owned(
        'c',
        reference({ uid: UNKNOWN_UID, controller: true }),
        reference({ uid: 'y', name: 'z', controller: true }),
      ),
    ),
    post(at.configmaps, owned('d', { apiVersion: 'v1', kind: 'Event', name: 'x', uid: 'u' })),
  ),
  collection(
    'finalizers hold an object',
    silent(post(at.configmaps, held)),
    remove(`${at.configmaps}/held`, undefined, { only: metadata }),
    remove(`${at.configmaps}/held`, undefined, { only: metadata }),
    get(`${at.configmaps}/held`, { only: metadata }),
    merge(`${at.configmaps}/held`, { data: { b: '2' } }),
    merge(`${at.configmaps}/held`, { metadata: { finalizers: ['example.com/hold', 'example.com/late'] } }),
    merge(`${at.configmaps}/held`, { metadata: { finalizers: [] } }),
    gone(`${at.configmaps}/held`),
  ),
  collection(
    'an object that is going is applied',
    silent(post(at.configmaps, held)),
    silent(remove(`${at.configmaps}/held`)),
    apply(at.configmaps, configMap('held', { c: '3' }), 'fieldManager=two&force=true', { only: metadata }),
    silent(merge(`${at.configmaps}/held`, { metadata: { finalizers: null } })),
  ),
  collection(
    'preconditions',
    silent(post(at.configmaps, configMap('a'))),
    remove(`${at.configmaps}/a`, { preconditions: { uid: UNKNOWN_UID } }),
    remove(`${at.configmaps}/a`, { preconditions: { resourceVersion: '1' } }),
    dry(remove(`${at.configmaps}/a`)),
    get(`${at.configmaps}/a`, { only: metadata }),
  ),
  collection(
    'the endpoints of a Service go with it',
    silent(post(at.services, service('web'))),
    ...running,
    silent(
      get('/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices', {
        until: hasOne((slice) => (slice['endpoints'] as readonly Json[] | undefined)?.length === 2),
      }),
    ),
    remove(`${at.services}/web`, undefined, { only: metadata }),
    empty('/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices'),
    gone('/api/v1/namespaces/{ns}/endpoints/web'),
  ),
  collection(
    'a set keeps its number',
    ...running,
    get(at.pods, { silent: true, save: { pod: ['items', 0, 'metadata', 'name'] } }),
    silent(remove(`${at.pods}/{pod}`)),
    silent(gone(`${at.pods}/{pod}`)),
    silent(get(web, { until: isRolledOut })),
    get(at.pods, { only: podsShown }),
  ),
  collection(
    'a pod that loses its label is let go',
    ...running,
    get(at.pods, { silent: true, save: { pod: ['items', 0, 'metadata', 'name'] } }),
    silent(merge(`${at.pods}/{pod}`, { metadata: { labels: { app: 'other' } } })),
    silent(get(at.pods, { until: has(3, (each) => hasCondition(each, 'Ready')) })),
    get(at.pods, { only: podsShown }),
  ),
  collection(
    'a pod nobody has placed',
    silent(post(at.pods, pod('p', { nodeSelector: { none: 'such' } }))),
    remove(`${at.pods}/p`, undefined, { only: ({ kind }) => kind ?? null }),
    gone(`${at.pods}/p`),
  ),
  collection(
    'a collection of workloads',
    ...running,
    silent(post(at.deployments, deployment('api', { spec: { replicas: 0 } }))),
    remove(`${at.deployments}?labelSelector=none`, undefined, { only: namesShown }),
    remove(at.deployments, undefined, { only: namesShown }),
    empty(at.replicasets),
    empty(at.pods),
  ),
  collection(
    'what a namespace begins with',
    ...made,
    get(`${other}/serviceaccounts/default`),
    get(`${other}/configmaps/kube-root-ca.crt`, { only: metadata }),
    get(other),
    silent(remove(`${other}/serviceaccounts/default`)),
    get(`${other}/serviceaccounts/default`, { until: (body) => body['kind'] === 'ServiceAccount' }),
    silent(remove(other)),
    ended,
  ),
  collection(
    'a namespace that is deleted',
    ...made,
    remove(other, undefined, { only: spaceShown }),
    ended,
    get(`${other}/configmaps`, { only: namesShown }),
  ),
  collection(
    'a namespace with workloads',
    ...made,
    silent(post('/apis/apps/v1/namespaces/{ns}-b/deployments', deployment('web'))),
    silent(get('/apis/apps/v1/namespaces/{ns}-b/deployments/web', { until: isRolledOut })),
    silent(remove(other)),
    ended,
    get(`${other}/pods`, { only: namesShown }),
    get('/apis/apps/v1/namespaces/{ns}-b/replicasets', { only: namesShown }),
  ),
  collection(
    'a namespace that something holds',
    ...made,
    silent(post(`${other}/configmaps`, held)),
    silent(remove(other)),
    get(other, { until: (body) => hasCondition(body, 'NamespaceFinalizersRemaining'), only: spaceShown }),
    get(`${other}/configmaps/held`, { only: metadata }),
    release,
    ended,
  ),
  collection(
    'nothing new in a namespace that goes',
    ...made,
    silent(post(`${other}/configmaps`, held)),
    silent(remove(other)),
    post(`${other}/configmaps`, configMap('a')),
    apply(`${other}/configmaps`, configMap('b')),
    post('/apis/apps/v1/namespaces/{ns}-b/deployments', deployment('web')),
    merge(`${other}/configmaps/held`, { data: { x: '1' } }, '', {
      only: ({ kind, data }) => ({ kind: kind ?? null, data: data ?? null }),
    }),
    remove(other, undefined, { only: ({ kind }) => kind ?? null }),
    post('/api/v1/namespaces', space),
    release,
    ended,
  ),
  collection(
    'namespaces that stay',
    remove('/api/v1/namespaces/default'),
    remove('/api/v1/namespaces/kube-system'),
    remove('/api/v1/namespaces/none-such'),
  ),
  collection(
    'names of namespaces',
    post('/api/v1/namespaces', { ...space, metadata: { name: 'Big' } }),
    post('/api/v1/namespaces', { ...space, metadata: { name: 'a.b' } }),
    post('/api/v1/namespaces', { ...space, metadata: { name: '{ns}' } }),
  ),
  collection(
    'labels of a namespace',
    ...made,
    merge(other, { metadata: { labels: { a: 'b' } } }),
    put('/api/v1/namespaces', {
      ...space,
      metadata: { name: '{ns}-b', labels: { 'kubernetes.io/metadata.name': 'other' } },
    }),
    apply('/api/v1/namespaces', { ...space, metadata: { name: '{ns}-b', labels: { c: 'd' } } }),
    silent(remove(other)),
    ended,
  ),
];
