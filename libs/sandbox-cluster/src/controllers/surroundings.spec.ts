import { join } from 'node:path';
import { temporaryFolder } from '#testing';
import { conditionsShown, deployment, pod, podTemplate, testCluster, type TestCluster } from './cluster.fixture.ts';
import { at, objectsAt, textAt } from './fields.ts';

const folder = temporaryFolder();
let tests = 0;
let cluster: TestCluster;
beforeEach(() => void (cluster = testCluster(join(folder, String((tests += 1))))));
afterEach(() => cluster.close());

const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }] },
};
const http = { container: { ports: [{ name: 'http', containerPort: 8080 }] } };

describe('endpoints', () => {
  it('contain the ready pods of a Service, with their named port', () => {
    cluster.create(service);
    cluster.create(deployment('web', http));
    cluster.pass(5_000);
    const [slice] = cluster.list('endpointslices.discovery.k8s.io');
    expect(objectsAt(slice, 'endpoints')).toHaveLength(2);
    expect(slice).toMatchObject({
      ports: [{ name: '', port: 8080, protocol: 'TCP' }],
      endpoints: [{ conditions: { ready: true, serving: true, terminating: false } }, {}],
    });
    expect(objectsAt(cluster.get('endpoints', 'web'), 'subsets', 0, 'addresses')).toHaveLength(2);
  });

  it('list pods that are not ready separately', () => {
    cluster.create(service);
    cluster.create(deployment('web', { ...http, image: 'sandbox.invalid/app:unready' }));
    cluster.pass(5_000);
    expect(objectsAt(cluster.get('endpoints', 'web'), 'subsets', 0, 'notReadyAddresses')).toHaveLength(2);
  });

  it('are deleted with their Service', () => {
    cluster.create(service);
    cluster.pass(1_000);
    cluster.delete('services', 'web');
    cluster.pass(1_000);
    expect([...cluster.list('endpointslices.discovery.k8s.io'), ...cluster.list('endpoints')]).toEqual([]);
  });
});

it('assigns unroutable addresses to a load balancer and an Ingress', () => {
  cluster.create({ ...service, spec: { ...service.spec, type: 'LoadBalancer' } });
  cluster.create({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } },
  });
  cluster.pass(3_000);
  expect(textAt(cluster.get('services', 'web'), 'status', 'loadBalancer', 'ingress', 0, 'ip')).toMatch(
    /^203\.0\.113\.\d+$/,
  );
  expect(
    textAt(cluster.get('ingresses.networking.k8s.io', 'web'), 'status', 'loadBalancer', 'ingress', 0, 'ip'),
  ).toMatch(/^203\.0\.113\.\d+$/);
});

it("keeps replicas within an autoscaler's bounds and reports the missing metrics", () => {
  cluster.create(deployment('web'));
  cluster.create({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      minReplicas: 3,
      maxReplicas: 5,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
      ],
    },
  });
  cluster.pass(20_000);
  expect(at(cluster.get('deployments.apps', 'web'), 'spec', 'replicas')).toBe(3);
  const scaler = cluster.get('horizontalpodautoscalers.autoscaling', 'web');
  expect(conditionsShown(scaler)).toContain('ScalingActive=False FailedGetResourceMetric');
  expect(at(scaler, 'status', 'currentReplicas')).toBe(3);
  expect(
    cluster.get('deployments.apps', 'web').metadata.managedFields?.some(({ subresource }) => subresource === 'scale'),
  ).toBe(true);
});

it('counts the pods that a disruption budget allows to be evicted', () => {
  cluster.create(deployment('web', { spec: { replicas: 3 } }));
  cluster.create({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'web' } } },
  });
  cluster.pass(5_000);
  expect(cluster.get('poddisruptionbudgets.policy', 'web').status).toMatchObject({
    currentHealthy: 3,
    desiredHealthy: 2,
    disruptionsAllowed: 1,
    expectedPods: 3,
    observedGeneration: 1,
  });
});

it('binds a claim to a volume that is deleted with the claim', () => {
  const claim = (name: string, more = {}) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: 'shop' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...more },
  });
  cluster.create(claim('data'));
  cluster.create(claim('other', { storageClassName: 'fast' }));
  cluster.create(pod('a', { podSpec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] } }));
  cluster.pass(5_000);
  expect(cluster.get('persistentvolumeclaims', 'data').status).toMatchObject({
    phase: 'Bound',
    capacity: { storage: '1Gi' },
  });
  expect(cluster.get('pods', 'a').status).toMatchObject({ phase: 'Running' });
  expect(cluster.get('persistentvolumeclaims', 'other').status).toMatchObject({ phase: 'Pending' });
  expect(cluster.events('other')).toEqual(['ProvisioningFailed: storageclass.storage.k8s.io "fast" not found']);
  cluster.delete('pods', 'a');
  cluster.delete('persistentvolumeclaims', 'data');
  cluster.pass(5_000);
  expect(cluster.store.list('persistentvolumes')).toEqual([]);
});

describe('a quota', () => {
  const quota = (hard: { readonly [name: string]: string }) => ({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'plan', namespace: 'shop' },
    spec: { hard },
  });

  it('shows the usage', () => {
    cluster.create(deployment('web', { container: { resources: { requests: { cpu: '150m', memory: '64Mi' } } } }));
    cluster.create(quota({ pods: '10', 'requests.cpu': '2', 'requests.memory': '1Gi', 'count/deployments.apps': '5' }));
    cluster.pass(5_000);
    expect(cluster.get('resourcequotas', 'plan').status).toMatchObject({
      used: { pods: '2', 'requests.cpu': '300m', 'requests.memory': '128Mi', 'count/deployments.apps': '1' },
    });
  });

  it('refuses further pods when it is exceeded, which the Deployment shows', () => {
    cluster.create(quota({ pods: '1' }));
    cluster.create(deployment('web'));
    cluster.pass(5_000);
    expect(cluster.list('pods')).toHaveLength(1);
    expect(conditionsShown(cluster.get('deployments.apps', 'web'))).toContain('ReplicaFailure=True FailedCreate');
    const condition = objectsAt(cluster.get('deployments.apps', 'web'), 'status', 'conditions').find(
      ({ type }) => type === 'ReplicaFailure',
    );
    expect(textAt(condition, 'message')).toMatch(
      /^pods "web-[a-z0-9]+-[a-z0-9]{5}" is forbidden: exceeded quota: plan, requested: pods=1, used: pods=1, limited: pods=1$/,
    );
  });
});

describe('a Job', () => {
  const job = (name: string, image: string, spec = {}) => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace: 'shop' },
    spec: { template: podTemplate(name, { image, podSpec: { restartPolicy: 'Never' } }), ...spec },
  });

  it('is complete when its pods have succeeded', () => {
    cluster.create(job('migrate', 'registry.example/migrate:1', { completions: 2, parallelism: 1 }));
    cluster.pass(15_000);
    expect(cluster.get('jobs.batch', 'migrate').status).toMatchObject({ succeeded: 2 });
    expect(conditionsShown(cluster.get('jobs.batch', 'migrate'))).toContain('Complete=True CompletionsReached');
  });

  it('fails when its pods have failed too often', () => {
    cluster.create(job('migrate', 'sandbox.invalid/app:exit-2', { backoffLimit: 1 }));
    cluster.pass(60_000);
    expect(cluster.get('jobs.batch', 'migrate').status).toMatchObject({ failed: 2 });
    expect(conditionsShown(cluster.get('jobs.batch', 'migrate'))).toContain('Failed=True BackoffLimitExceeded');
  });

  it('is started by a CronJob on schedule', () => {
    cluster.create({
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'nightly', namespace: 'shop' },
      spec: {
        schedule: '*/5 * * * *',
        successfulJobsHistoryLimit: 1,
        jobTemplate: { spec: { template: podTemplate('nightly', { podSpec: { restartPolicy: 'Never' } }) } },
      },
    });
    cluster.pass(960_000);
    expect(cluster.get('cronjobs.batch', 'nightly').status).toMatchObject({ lastScheduleTime: '2026-01-01T00:15:00Z' });
    expect(cluster.list('jobs.batch')).toHaveLength(1);
  });
});

describe('a StatefulSet', () => {
  const set = (spec = {}) => ({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db', namespace: 'shop' },
    spec: {
      replicas: 3,
      serviceName: 'db',
      selector: { matchLabels: { app: 'db' } },
      template: podTemplate('db'),
      ...spec,
    },
  });

  it('creates its pods one after another, each with its own claim', () => {
    cluster.create(
      set({
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          },
        ],
      }),
    );
    cluster.pass(500);
    expect(cluster.list('pods').map(({ metadata }) => metadata.name)).toEqual(['db-0']);
    cluster.pass(15_000);
    expect(cluster.list('pods').map(({ metadata }) => metadata.name)).toEqual(['db-0', 'db-1', 'db-2']);
    expect(cluster.list('persistentvolumeclaims').map(({ metadata }) => metadata.name)).toEqual([
      'data-db-0',
      'data-db-1',
      'data-db-2',
    ]);
    expect(cluster.get('statefulsets.apps', 'db').status).toMatchObject({
      replicas: 3,
      readyReplicas: 3,
      updatedReplicas: 3,
    });
  });

  it('updates pods from the last to the first', () => {
    cluster.create(set());
    cluster.pass(15_000);
    cluster.edit('statefulsets.apps', 'db', { template: podTemplate('db', { image: 'registry.example/web:2' }) });
    cluster.pass(2_500);
    expect(cluster.list('pods').map((each) => textAt(each, 'spec', 'containers', 0, 'image'))).toEqual([
      'registry.example/web:1',
      'registry.example/web:1',
      'registry.example/web:2',
    ]);
    cluster.pass(20_000);
    expect(new Set(cluster.list('pods').map((each) => textAt(each, 'spec', 'containers', 0, 'image')))).toEqual(
      new Set(['registry.example/web:2']),
    );
  });
});

it('runs one pod of a DaemonSet on a single node', () => {
  cluster.create({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'agent', namespace: 'shop' },
    spec: { selector: { matchLabels: { app: 'agent' } }, template: podTemplate('agent') },
  });
  cluster.pass(5_000);
  expect(cluster.list('pods')).toHaveLength(1);
  expect(cluster.get('daemonsets.apps', 'agent').status).toMatchObject({
    desiredNumberScheduled: 1,
    numberReady: 1,
    numberAvailable: 1,
  });
});
