import type { Json, JsonObject } from '#kernel';
import {
  at,
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
  strategic,
  type Case,
  type Step,
} from '#sandbox-cluster/cases';
import { eventsShown, has, hasOne, isRolledOut, items, part, hasCondition } from './shown.ts';

const eventsCase = (name: string, ...steps: Case['steps']): Case => ({ area: 'events', name, steps });
const logs = (name: string, ...steps: Case['steps']): Case => ({ area: 'logs', name, steps });
const state = (name: string, ...steps: Case['steps']): Case => ({ area: 'surroundings', name, steps });

const web = `${at.deployments}/web`;
const create = (parts: Parameters<typeof deployment>[1] = {}): Step =>
  silent(post(at.deployments, deployment('web', { ...parts, spec: { replicas: 2, ...parts.spec } })));
/** Creates the StatefulSet `db`. */
const database = (replicas: number): Step => {
  const template = { metadata: { labels: { app: 'db' } }, spec: { containers: [container()] } };
  return silent(
    post(
      at.statefulsets,
      of('apps/v1', 'StatefulSet', 'db', {
        spec: { replicas, serviceName: 'db', selector: { matchLabels: { app: 'db' } }, template },
      }),
    ),
  );
};
const settled: Step = silent(get(web, { until: isRolledOut }));
const about = (kind: string, test: (event: JsonObject) => boolean = () => true): Step =>
  get(`${at.events}?fieldSelector=${encodeURIComponent(`involvedObject.kind=${kind}`)}`, {
    until: hasOne(test),
    only: eventsShown,
  });
const reason =
  (text: string) =>
  (event: JsonObject): boolean =>
    event['reason'] === text;
const message =
  (text: string) =>
  (event: JsonObject): boolean =>
    String(event['message']).includes(text);
const event = (more: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: 'e' },
  involvedObject: { apiVersion: 'v1', kind: 'ConfigMap', name: 'a', namespace: '{ns}' },
  reason: 'Tested',
  message: 'once',
  type: 'Normal',
  source: { component: 'case' },
  ...more,
});
const selected = (selector: string): Step =>
  get(`${at.events}?fieldSelector=${encodeURIComponent(selector)}`, {
    only: (body) => (body['kind'] === 'Status' ? body : eventsShown(body)),
  });
const log = (name: string, query = ''): Step => get(`${at.pods}/${name}/log${query}`);
const unplaced = (name: string, containers?: readonly JsonObject[]): Step =>
  silent(post(at.pods, pod(name, { nodeSelector: { none: 'such' } }, containers)));

const newImage: Step = silent(
  strategic(web, {
    spec: { template: { spec: { containers: [{ name: 'web', image: 'registry.example/web:2' }] } } },
  }),
);

/** Events of controllers and schedulers, and requests for them. */
export const eventCases: readonly Case[] = [
  eventsCase('a first rollout', create(), settled, about('Deployment'), about('ReplicaSet', message('Created pod'))),
  eventsCase('a new image', create(), settled, newImage, settled, about('Deployment', message('from 1 to 0'))),
  eventsCase(
    'more and fewer',
    create(),
    settled,
    silent(merge(web, { spec: { replicas: 3 } })),
    settled,
    silent(merge(web, { spec: { replicas: 1 } })),
    settled,
    about('Deployment', message('from 3 to 1')),
    about('ReplicaSet', reason('SuccessfulDelete')),
  ),
  eventsCase(
    'all at once',
    create({ spec: { strategy: { type: 'Recreate' } } }),
    settled,
    newImage,
    settled,
    about('Deployment', message('from 2 to 0')),
  ),
  eventsCase(
    'a place on a node',
    silent(post(at.pods, pod('p'))),
    get(`${at.events}?fieldSelector=reason%3DScheduled`, { until: has(1), only: eventsShown }),
  ),
  eventsCase(
    'too much processor asked for',
    silent(post(at.pods, pod('p', {}, [container({ resources: { requests: { cpu: '4096' } } })]))),
    about('Pod', reason('FailedScheduling')),
  ),
  eventsCase(
    'too much memory and processor asked for',
    silent(post(at.pods, pod('p', {}, [container({ resources: { requests: { cpu: '4096', memory: '100Ti' } } })]))),
    about('Pod', reason('FailedScheduling')),
  ),
  eventsCase(
    'a node nobody has',
    silent(post(at.pods, pod('p', { nodeSelector: { none: 'such' } }))),
    about('Pod', reason('FailedScheduling')),
  ),
  eventsCase(
    'a claim that is missing',
    silent(post(at.pods, pod('p', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'none' } }] }))),
    about('Pod', reason('FailedScheduling')),
  ),
  eventsCase(
    'a class of storage that is missing',
    silent(
      post(
        at.claims,
        of('v1', 'PersistentVolumeClaim', 'c', {
          spec: {
            accessModes: ['ReadWriteOnce'],
            storageClassName: 'none',
            resources: { requests: { storage: '1Gi' } },
          },
        }),
      ),
    ),
    about('PersistentVolumeClaim'),
  ),
  eventsCase(
    'a quota that is full',
    silent(post(at.quotas, of('v1', 'ResourceQuota', 'plan', { spec: { hard: { pods: '0' } } }))),
    silent(get(`${at.quotas}/plan`, { until: (body) => part(body, 'status', 'used', 'pods') !== undefined })),
    create(),
    about('ReplicaSet', reason('FailedCreate')),
  ),
  eventsCase(
    'an autoscaler without a target',
    silent(
      post(
        at.scalers,
        of('autoscaling/v2', 'HorizontalPodAutoscaler', 'h', {
          spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'none' }, maxReplicas: 2 },
        }),
      ),
    ),
    about('HorizontalPodAutoscaler'),
  ),
  eventsCase(
    'a Job',
    silent(
      post(
        at.jobs,
        of('batch/v1', 'Job', 'j', {
          spec: { template: { spec: { containers: [container()], restartPolicy: 'Never' } } },
        }),
      ),
    ),
    about('Job', reason('SuccessfulCreate')),
  ),
  eventsCase('a StatefulSet', database(1), about('StatefulSet')),
  eventsCase(
    "events of one's own",
    post(at.events, event()),
    get(`${at.events}/e`),
    selected('involvedObject.name=a'),
    selected('reason=Tested,type=Normal'),
    selected('involvedObject.kind=Pod'),
    selected('source=case'),
    selected('message=once'),
  ),
  eventsCase(
    'events that are refused',
    post(at.events, event({ involvedObject: { kind: 'ConfigMap', name: 'a', namespace: 'other' } })),
    post(at.events, event({ involvedObject: { kind: 'Node', name: 'a' } })),
    post(at.events, event({ type: 'Loud' })),
    post(at.events, event({ metadata: {} })),
  ),
  eventsCase(
    'the other group shows the same',
    silent(post(at.events, event())),
    get('/apis/events.k8s.io/v1/namespaces/{ns}/events/e'),
    get('/apis/events.k8s.io/v1/namespaces/{ns}/events?fieldSelector=reason%3DTested', {
      only: (body) => items(body).map(({ reason: given, note }) => ({ reason: given ?? null, note: note ?? null })),
    }),
  ),
  eventsCase(
    'written in the other group',
    post('/apis/events.k8s.io/v1/namespaces/{ns}/events', {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: 'n' },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'example.com/case',
      reportingInstance: 'one',
      action: 'Testing',
      reason: 'Tested',
      note: 'twice',
      type: 'Normal',
      regarding: { apiVersion: 'v1', kind: 'ConfigMap', name: 'a', namespace: '{ns}' },
    }),
    get(`${at.events}/n`),
  ),
  eventsCase(
    'counted up',
    silent(post(at.events, event())),
    put(at.events, event({ count: 2, message: 'again' })),
    merge(`${at.events}/e`, { count: 3 }),
    remove(`${at.events}/e`),
    get(`${at.events}/e`),
  ),
  eventsCase(
    'in columns',
    silent(post(at.events, event({ count: 3, lastTimestamp: null }))),
    get(`${at.events}?fieldSelector=metadata.name%3De`, {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
      only: ({ columnDefinitions, rows }) => ({
        columnDefinitions: columnDefinitions ?? null,
        cells: ((rows as readonly JsonObject[] | undefined) ?? []).map((row) =>
          ((row['cells'] as readonly Json[] | undefined) ?? []).filter((_, index) => index !== 0 && index < 5),
        ),
      }),
    }),
  ),
];

/** Requests for logs that the API server answers without a kubelet. */
export const logCases: readonly Case[] = [
  logs('of a pod that is not there', log('none')),
  logs(
    'of a pod without a node',
    unplaced('p'),
    silent(get(`${at.pods}/p`, { until: (body) => hasCondition(body, 'PodScheduled', 'False') })),
    log('p'),
    log('p', '?container=web'),
  ),
  logs(
    'of one of several containers',
    unplaced('p', [container(), container({ name: 'side' })]),
    log('p'),
    log('p', '?container=side'),
    log('p', '?container=none'),
  ),
  logs(
    'with init containers',
    silent(
      post(
        at.pods,
        pod('p', { nodeSelector: { none: 'such' }, initContainers: [container({ name: 'setup' })] }, [
          container(),
          container({ name: 'side' }),
        ]),
      ),
    ),
    log('p'),
    log('p', '?container=setup'),
  ),
  logs('of a container that is not there', unplaced('p'), log('p', '?container=none')),
  logs(
    'with numbers below zero',
    unplaced('p'),
    log('p', '?tailLines=-1'),
    log('p', '?limitBytes=0'),
    log('p', '?sinceSeconds=0'),
  ),
  logs('with both kinds of since', unplaced('p'), log('p', '?sinceSeconds=5&sinceTime=2026-01-01T00:00:00Z')),
  logs(
    'with what is not a number',
    unplaced('p'),
    log('p', '?tailLines=all'),
    log('p', '?follow=maybe'),
    log('p', '?sinceTime=yesterday'),
  ),
  logs('of no kind of pod', silent(post(at.configmaps, of('v1', 'ConfigMap', 'a', {}))), get(`${at.configmaps}/a/log`)),
  logs(
    'written instead of read',
    unplaced('p'),
    { method: 'POST', path: `${at.pods}/p/log`, body: {} },
    { method: 'DELETE', path: `${at.pods}/p/log` },
  ),
];

/** What controllers other than that of Deployments write to their objects. */
export const surroundingCases: readonly Case[] = [
  state(
    'endpoints of pods that serve',
    silent(post(at.services, service('web', { ports: [{ port: 80, targetPort: 8080, name: 'http' }] }))),
    create(),
    settled,
    get('/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices', {
      until: hasOne(
        (slice) =>
          (slice['endpoints'] as readonly Json[] | undefined)?.filter(
            (each) => part(each, 'conditions', 'ready') === true,
          ).length === 2,
      ),
      only: slicesShown,
    }),
  ),
  state(
    'endpoints of nobody',
    silent(post(at.services, service('web'))),
    get('/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices', { until: has(1), only: slicesShown }),
    get('/api/v1/namespaces/{ns}/endpoints/web', {
      until: (body) => body['kind'] === 'Endpoints',
      only: ({ subsets, metadata }) => ({ subsets: subsets ?? null, labels: part(metadata, 'labels') ?? null }),
    }),
  ),
  state(
    'endpoints of a headless Service',
    silent(post(at.services, service('web', { clusterIP: 'None' }))),
    get('/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices', { until: has(1), only: slicesShown }),
  ),
  state(
    'no endpoints without a selector',
    silent(
      post(at.services, {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'bare' },
        spec: { ports: [{ port: 80 }] },
      }),
    ),
    silent(post(at.services, service('web'))),
    silent(
      get('/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices', { until: (body) => items(body).length > 0 }),
    ),
    get('/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices', { only: slicesShown }),
  ),
  state(
    'a budget by number',
    silent(
      post(
        at.budgets,
        of('policy/v1', 'PodDisruptionBudget', 'web', {
          spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
        }),
      ),
    ),
    create(),
    settled,
    get(`${at.budgets}/web`, {
      until: (body) => part(body, 'status', 'currentHealthy') === 2,
      only: ({ status }) => status ?? null,
    }),
  ),
  state(
    'a budget by share',
    silent(
      post(
        at.budgets,
        of('policy/v1', 'PodDisruptionBudget', 'web', {
          spec: { maxUnavailable: '50%', selector: { matchLabels: { app: 'web' } } },
        }),
      ),
    ),
    create({ spec: { replicas: 3 } }),
    settled,
    get(`${at.budgets}/web`, {
      until: (body) => part(body, 'status', 'currentHealthy') === 3,
      only: ({ status }) => status ?? null,
    }),
  ),
  state(
    'a budget of nobody',
    silent(
      post(
        at.budgets,
        of('policy/v1', 'PodDisruptionBudget', 'web', {
          spec: { minAvailable: 1, selector: { matchLabels: { app: 'none' } } },
        }),
      ),
    ),
    get(`${at.budgets}/web`, {
      until: (body) => part(body, 'status', 'observedGeneration') === 1,
      only: ({ status }) => status ?? null,
    }),
  ),
  state(
    'a quota counts',
    create(),
    settled,
    silent(
      post(
        at.quotas,
        of('v1', 'ResourceQuota', 'plan', {
          spec: {
            hard: {
              pods: '10',
              'requests.cpu': '2',
              'limits.memory': '1Gi',
              services: '5',
              'count/deployments.apps': '3',
              configmaps: '9',
            },
          },
        }),
      ),
    ),
    get(`${at.quotas}/plan`, {
      until: (body) => part(body, 'status', 'used', 'pods') === '2',
      only: ({ status }) => status ?? null,
    }),
  ),
  state(
    'a quota counts requests',
    create({
      web: { resources: { requests: { cpu: '150m', memory: '64Mi' }, limits: { cpu: '1', memory: '128Mi' } } },
    }),
    settled,
    silent(
      post(
        at.quotas,
        of('v1', 'ResourceQuota', 'plan', {
          spec: {
            hard: { cpu: '2', memory: '1Gi', 'limits.cpu': '4', 'limits.memory': '2Gi', 'requests.memory': '1Gi' },
          },
        }),
      ),
    ),
    get(`${at.quotas}/plan`, {
      until: (body) => part(body, 'status', 'used', 'cpu') === '300m',
      only: ({ status }) => status ?? null,
    }),
  ),
  state(
    'a quota refuses',
    silent(post(at.quotas, of('v1', 'ResourceQuota', 'plan', { spec: { hard: { pods: '1', 'requests.cpu': '1' } } }))),
    silent(get(`${at.quotas}/plan`, { until: (body) => part(body, 'status', 'used', 'pods') !== undefined })),
    post(at.pods, pod('p'), '', { only: refusal }),
    post(at.pods, pod('p', {}, [container({ resources: { requests: { cpu: '2' } } })]), '', { only: refusal }),
    silent(post(at.pods, pod('q', {}, [container({ resources: { requests: { cpu: '100m' } } })]))),
    post(at.pods, pod('r', {}, [container({ resources: { requests: { cpu: '100m' } } })]), '', { only: refusal }),
  ),
  state(
    'an autoscaler within bounds',
    create(),
    settled,
    silent(
      post(
        at.scalers,
        of('autoscaling/v2', 'HorizontalPodAutoscaler', 'web', {
          spec: {
            scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
            minReplicas: 1,
            maxReplicas: 4,
            metrics: [
              { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
            ],
          },
        }),
      ),
    ),
    get(`${at.scalers}/web`, {
      until: (body) => hasCondition(body, 'ScalingActive', 'False'),
      only: ({ status }) => status ?? null,
    }),
  ),
  state(
    'an autoscaler without a target',
    silent(
      post(
        at.scalers,
        of('autoscaling/v2', 'HorizontalPodAutoscaler', 'web', {
          spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'none' }, maxReplicas: 4 },
        }),
      ),
    ),
    get(`${at.scalers}/web`, {
      until: (body) => hasCondition(body, 'AbleToScale', 'False'),
      only: ({ status }) => status ?? null,
    }),
  ),
  state(
    'a pod nobody can place',
    silent(post(at.pods, pod('p', {}, [container({ resources: { requests: { cpu: '4096' } } })]))),
    get(`${at.pods}/p`, {
      until: (body) => hasCondition(body, 'PodScheduled', 'False'),
      only: ({ status }) => status ?? null,
    }),
  ),
  state(
    'a pod that may not be scheduled yet',
    silent(post(at.pods, pod('p', { schedulingGates: [{ name: 'example.com/wait' }] }))),
    get(`${at.pods}/p`, {
      until: (body) => hasCondition(body, 'PodScheduled', 'False'),
      only: ({ status }) => status ?? null,
    }),
  ),
  state(
    'a Job that is suspended',
    silent(
      post(
        at.jobs,
        of('batch/v1', 'Job', 'j', {
          spec: { suspend: true, template: { spec: { containers: [container()], restartPolicy: 'Never' } } },
        }),
      ),
    ),
    get(`${at.jobs}/j`, { until: (body) => hasCondition(body, 'Suspended'), only: ({ status }) => status ?? null }),
  ),
  state(
    'a StatefulSet',
    database(2),
    get(`${at.statefulsets}/db`, {
      until: (body) => part(body, 'status', 'availableReplicas') === 2 && part(body, 'status', 'updatedReplicas') === 2,
      only: ({ status }) => ({ ...(status as JsonObject), currentRevision: null, updateRevision: null }),
    }),
    get(at.pods, {
      only: (body) =>
        items(body).map((each) => ({
          name: part(each, 'metadata', 'name') ?? null,
          labels: Object.keys((part(each, 'metadata', 'labels') as JsonObject | undefined) ?? {}),
          hostname: part(each, 'spec', 'hostname') ?? null,
          subdomain: part(each, 'spec', 'subdomain') ?? null,
        })),
    }),
  ),
  state(
    'a DaemonSet',
    silent(
      post(
        at.daemonsets,
        of('apps/v1', 'DaemonSet', 'agent', {
          spec: {
            selector: { matchLabels: { app: 'agent' } },
            template: { metadata: { labels: { app: 'agent' } }, spec: { containers: [container()] } },
          },
        }),
      ),
    ),
    get(`${at.daemonsets}/agent`, {
      until: (body) => part(body, 'status', 'numberAvailable') === 1,
      only: ({ status }) => status ?? null,
    }),
  ),
];

/** Returns the code, reason, and message of a refusal, without details, which a quota lists in random order. */
function refusal(body: JsonObject): Json {
  return { code: body['code'] ?? null, reason: body['reason'] ?? null, message: body['message'] ?? null };
}

/** Returns EndpointSlices without names, addresses, and order. */
function slicesShown(body: JsonObject): Json {
  return items(body).map((slice) => ({
    labels: part(slice, 'metadata', 'labels') ?? null,
    owner: part(slice, 'metadata', 'ownerReferences') ?? null,
    generated: part(slice, 'metadata', 'generateName') ?? null,
    addressType: slice['addressType'] ?? null,
    ports: slice['ports'] ?? null,
    endpoints: Array.isArray(slice['endpoints'])
      ? (slice['endpoints'] as readonly JsonObject[]).map(({ conditions, targetRef }) => ({
          conditions: conditions ?? null,
          kind: part(targetRef, 'kind') ?? null,
        }))
      : (slice['endpoints'] ?? null),
  }));
}
