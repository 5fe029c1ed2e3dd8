import type { Json, JsonObject } from '#kernel';
import { decorate, FIELD_MANAGER, renderImage, type ImageWorkload, type KubernetesObject } from '#kubernetes';
import { kubernetesSchemas, apiVersionOf } from '#kubernetes/schemas';
import { at, get, post, type Case, type Step } from '#sandbox-cluster/cases';
import { isRolledOut, namesShown, part, workloadShown } from './shown.ts';

// Requests of the platform itself, rendered by its own code and sent as by its own client.

const platform = (name: string, ...steps: Case['steps']): Case => ({ area: 'platform', name, steps });

const basic: ImageWorkload = {
  name: 'web',
  targetNamespace: '{ns}',
  image: 'images.acme.dev/web:1.10',
  port: 8080,
  ports: [],
  env: [],
  secrets: {},
  resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '200m', memory: '256Mi' } },
  replicas: 1,
  volumes: [],
  configFiles: [],
  labels: {},
};
const full: ImageWorkload = {
  ...basic,
  ports: [{ name: 'metrics', port: 9090 }],
  command: ['/app'],
  args: ['--serve'],
  env: [
    { name: 'A', value: 'b' },
    { name: 'PASSWORD', secret: { key: 'password' } },
    { name: 'POD', fieldRef: 'metadata.name' },
  ],
  secrets: { password: 'hunter2' },
  autoscaling: { min: 3, max: 9, cpu: 80, memory: 80 },
  health: { path: '/healthz', initialDelaySeconds: 5 },
  configFiles: [{ path: '/etc/app/config.yaml', content: 'a: 1' }],
  runAsUser: 1000,
  host: 'web.acme.dev',
  labels: { team: 'shop' },
};

const { port: _port, ...withoutPort } = basic;

/** The current rendering. The other cases use that of earlier releases. */
const current = { rendering: 2, applicationId: 'app-1', serviceName: 'web-app', priority: 'high' } as const;

/** Without an autoscaler, which would change the replicas while the case runs. */
const { autoscaling: _autoscaling, ...steady } = full;

/** Returns all objects of a workload as the platform decorates them. */
function objectsOf(workload: ImageWorkload): readonly KubernetesObject[] {
  const { objects, preDeploy } = renderImage(workload, { fingerprintKey: 'k', cluster: { minor: 36, hasZones: true } });
  return decorate([...objects, ...preDeploy], {
    applicationId: 'app-1',
    attempt: 'a1',
    targetNamespace: '{ns}',
    namespaceMode: 'override',
    isNamespaced: () => true,
    ownRendering: true,
  }).objects;
}

function pathOf({ apiVersion, kind, metadata }: KubernetesObject): string {
  const resource = kubernetesSchemas().kind(apiVersion, kind);
  if (!resource) throw new Error(`${kind} is not a kind of Kubernetes`);
  return `/${resource.group === '' ? 'api' : 'apis'}/${apiVersionOf(resource)}/namespaces/{ns}/${resource.plural}/${metadata.name}`;
}

const body = (object: KubernetesObject): JsonObject => object as unknown as JsonObject; // plain JSON by construction
const applied = (object: KubernetesObject, more: Partial<Step> = {}, query = ''): Step => ({
  method: 'PATCH',
  path: `${pathOf(object)}?fieldManager=${FIELD_MANAGER}&force=true&fieldValidation=Strict${query}`,
  type: 'application/apply-patch+yaml',
  body: body(object),
  ...more,
});
const everything = (workload: ImageWorkload, more: Partial<Step> = {}, query = ''): readonly Step[] =>
  objectsOf(workload).map((object) => applied(object, more, query));
const unrecorded = { silent: true } as const;
const settled = get(`${at.deployments}/web`, { until: isRolledOut, ...unrecorded });
const inventory = (attempt: string, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: 'astro-inventory-app-1',
    namespace: '{ns}',
    labels: { 'app.kubernetes.io/managed-by': 'astro-platform' },
    ...metadata,
  },
  data: { attempt, holder: 'one', application: 'web', inventory: '[]' },
});
const fence = `${at.configmaps}/astro-inventory-app-1`;
const removed = (object: KubernetesObject): readonly Step[] => [
  get(pathOf(object), { ...unrecorded, save: { uid: ['metadata', 'uid'] } }),
  {
    method: 'DELETE',
    path: pathOf(object),
    body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background', preconditions: { uid: '{uid}' } },
    only: ({ kind, status }) => ({ kind: kind ?? null, status: kind === 'Status' ? (status ?? null) : null }),
  },
];
const shown = (object: Json): Json => part(object, 'spec') ?? part(object, 'data') ?? null;

export const platformCases: readonly Case[] = [
  platform('a plan of the smallest application', ...everything(basic, {}, '&dryRun=All')),
  platform('the smallest application', ...everything(basic)),
  platform('a plan of an application with everything', ...everything(full, {}, '&dryRun=All')),
  platform('an application with everything', ...everything(full)),
  platform('the smallest application, as it is written now', ...everything({ ...basic, ...current })),
  platform(
    'an application with everything, as it is written now',
    ...everything({ ...full, ...current, spread: 'hard' }),
  ),
  platform('an application without a port', ...everything({ ...withoutPort, ...current })),
  platform(
    'from what an earlier release wrote to what is written now',
    ...everything(basic, unrecorded),
    settled,
    ...everything({ ...basic, rendering: 2 }, { only: shown }),
    get(`${at.deployments}/web`, { until: isRolledOut, only: workloadShown }),
  ),
  platform('an application on a schedule', ...everything({ ...basic, schedule: '0 3 * * *' })),
  platform(
    'an application with a step before',
    ...everything({ ...basic, preDeploy: { command: ['migrate'], timeoutSeconds: 60 } }, { only: shown }),
  ),
  platform(
    'applied twice',
    ...everything(basic, unrecorded),
    settled,
    ...everything(basic, {
      only: ({ spec, data, kind }) => ({ kind: kind ?? null, spec: spec ?? null, data: data ?? null }),
    }),
  ),
  platform(
    'planned after it was applied',
    ...everything(steady, unrecorded),
    ...everything(steady, { only: shown }, '&dryRun=All'),
  ),
  platform(
    'a new image',
    ...everything(basic, unrecorded),
    settled,
    ...everything({ ...basic, image: 'images.acme.dev/web:1.11' }, { only: shown }),
    get(`${at.deployments}/web`, { until: isRolledOut, only: workloadShown }),
  ),
  platform(
    'more replicas and another variable',
    ...everything(basic, unrecorded),
    settled,
    ...everything({ ...basic, replicas: 3, env: [{ name: 'A', value: 'c' }] }, { only: shown }),
    get(`${at.deployments}/web`, { until: isRolledOut, only: workloadShown }),
  ),
  platform('from many to few options', ...everything(full, unrecorded), ...everything(basic, { only: shown })),
  platform(
    'the fence',
    post(at.configmaps, inventory('1'), '', {
      save: { rv: ['metadata', 'resourceVersion'], uid: ['metadata', 'uid'] },
    }),
    {
      method: 'PUT',
      path: `${fence}?fieldManager=${FIELD_MANAGER}`,
      body: inventory('2', { uid: '{uid}', resourceVersion: '{rv}' }),
    },
    {
      method: 'PUT',
      path: `${fence}?fieldManager=${FIELD_MANAGER}`,
      body: inventory('3', { uid: '{uid}', resourceVersion: '{rv}' }),
    },
    post(at.configmaps, inventory('4')),
  ),
  platform(
    'pruning',
    ...everything(basic, unrecorded),
    settled,
    ...objectsOf(basic).flatMap(removed),
    get(at.services, { only: namesShown }),
  ),
  platform(
    'somebody else holds a field',
    { ...applied(objectsOf(basic).find(({ kind }) => kind === 'Deployment') ?? fail(), unrecorded) },
    {
      method: 'PATCH',
      path: `${at.deployments}/web?fieldManager=other`,
      type: 'application/apply-patch+yaml',
      body: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 4 } },
    },
  ),
];

function fail(): never {
  throw new Error('an application has a Deployment');
}
