import { checkObject } from '#kubernetes/schemas';
import type { Json } from '#kernel';
import { checkManifests } from './check-manifests.ts';
import type { ClusterOffers } from './cluster-offers.ts';
import { decorate } from './decorate.ts';
import { at, list, type KubernetesObject } from './objects.ts';
import { renderImage } from './render-image.ts';
import { versionIn } from './render-labels.ts';
import type { ImageWorkload } from './workload.ts';

const web: ImageWorkload = {
  rendering: 2,
  name: 'web',
  applicationId: 'a-1',
  targetNamespace: 'acme-web',
  image: 'images.acme.dev/web:1.10',
  port: 8080,
  ports: [],
  env: [],
  secrets: {},
  resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '200m', memory: '256Mi' } },
  replicas: 3,
  volumes: [],
  configFiles: [],
  priority: 'high',
  labels: { team: 'shop' },
};
const { port: _port, ...worker } = web;
const withVolume = { ...web, volumes: [{ name: 'data', size: '1Gi', mountPath: '/data' }] };
const cluster: ClusterOffers = { minor: 36, hasZones: true };

const rendered = (workload: ImageWorkload, offers = cluster): readonly KubernetesObject[] => {
  const { objects, preDeploy } = renderImage(workload, { fingerprintKey: 'k', cluster: offers });
  return [...objects, ...preDeploy];
};
const find = (workload: ImageWorkload, kind: string, offers = cluster) =>
  rendered(workload, offers).find((object) => object.kind === kind);
const spec = (workload: ImageWorkload, offers = cluster) => at(find(workload, 'Deployment', offers), 'spec');
const pod = (workload: ImageWorkload, offers = cluster) => at(spec(workload, offers), 'template', 'spec');
const container = (workload: ImageWorkload, offers = cluster) => at(pod(workload, offers), 'containers', 0);
const podLabels = (workload: ImageWorkload) => at(spec(workload), 'template', 'metadata', 'labels');

describe.each(
  Object.entries({
    'with a port': web,
    'without a port': worker,
    'with a health path': { ...web, health: { path: '/healthz' } },
    'with everything': { ...withVolume, host: 'web.acme.dev', spread: 'hard', autoscaling: { min: 3, max: 9 } },
    'on a schedule': { ...web, schedule: '0 3 * * *' },
    'with a pre-deploy step': { ...web, preDeploy: { command: ['migrate'] } },
  } satisfies Record<string, ImageWorkload>),
)('use-D21: an image application %s', (_, workload) => {
  it('has only known fields, and fits Pod Security restricted', () => {
    const isNamespaced = () => true;
    const { objects, findings } = decorate(rendered(workload), {
      applicationId: 'a-1',
      attempt: '1',
      targetNamespace: 'acme-web',
      namespaceMode: 'override',
      isNamespaced,
      ownRendering: true,
    });
    const rules = {
      policy: { namespaces: ['*'], clusterScoped: 'deny', podSecurity: 'restricted' },
      clusterName: 'c',
      targetNamespace: 'acme-web',
      namespaceMode: 'override',
      isNamespaced,
    } as const;
    expect([findings, checkManifests(objects, rules)]).toEqual([[], []]);
    for (const object of objects)
      // Plain JSON by construction.
      expect([object.kind, checkObject(object as unknown as Json)]).toEqual([object.kind, []]);
  });
});

describe('use-D7: a revision that crashes does not replace pods that work', () => {
  it('because a pod must be ready for a while before an old one is deleted', () =>
    expect(spec(web)).toMatchObject({
      minReadySeconds: 5,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0 } },
    }));

  it('because a container with a port must pass its startup probe before other probes run', () => {
    expect(container(web)).toMatchObject({
      startupProbe: { tcpSocket: { port: 'http' } },
      readinessProbe: { tcpSocket: { port: 'http' } },
    });
    expect(container({ ...web, health: { path: '/healthz' } })).toMatchObject({
      startupProbe: { httpGet: { path: '/healthz' }, failureThreshold: 30 },
    });
  });
});

describe('use-D21: an image application', () => {
  it('loses its traffic long before a restart', () =>
    expect(container({ ...web, health: { path: '/healthz', failureThreshold: 4 } })).toMatchObject({
      readinessProbe: { failureThreshold: 4 },
      livenessProbe: { failureThreshold: 12 },
    }));

  it('is ready when it runs, and has no Service, if it listens on no port', () => {
    for (const field of ['ports', 'startupProbe', 'readinessProbe', 'livenessProbe', 'lifecycle'])
      expect(container(worker)).not.toHaveProperty(field);
    expect(find(worker, 'Service')).toBeUndefined();
    const metrics = { ...worker, ports: [{ name: 'metrics', port: 9090 }] };
    expect(at(find(metrics, 'Service'), 'spec', 'ports')).toEqual([
      { name: 'metrics', port: 9090, targetPort: 'metrics', protocol: 'TCP' },
    ]);
  });

  it('keeps serving while nodes and ingresses remove it, if the cluster supports it', () => {
    expect(pod(web)).toMatchObject({
      terminationGracePeriodSeconds: 35,
      containers: [{ lifecycle: { preStop: { sleep: { seconds: 5 } } } }],
    });
    expect(container(web, { ...cluster, minor: 29 })).not.toHaveProperty('lifecycle');
    expect(pod(web, { ...cluster, minor: 29 })).toMatchObject({ terminationGracePeriodSeconds: 30 });
  });

  it('does not change the owner of every file, and gets no variables of other Services', () => {
    expect(pod(withVolume)).toMatchObject({
      enableServiceLinks: false,
      securityContext: { fsGroup: 65_532, fsGroupChangePolicy: 'OnRootMismatch' },
    });
    expect(at(pod(web), 'securityContext')).not.toHaveProperty('fsGroup');
  });

  it('does not block a node drain with broken pods', () => {
    expect(at(find(web, 'PodDisruptionBudget'), 'spec')).toMatchObject({ unhealthyPodEvictionPolicy: 'AlwaysAllow' });
    expect(at(find(web, 'PodDisruptionBudget', { ...cluster, minor: 26 }), 'spec')).not.toHaveProperty(
      'unhealthyPodEvictionPolicy',
    );
  });

  it('spreads each revision separately, and over zones only if there are zones', () => {
    const spread = (offers = cluster) =>
      list(at(pod({ ...web, spread: 'hard' }, offers), 'topologySpreadConstraints')).map((constraint) => [
        at(constraint, 'topologyKey'),
        at(constraint, 'whenUnsatisfiable'),
        at(constraint, 'matchLabelKeys'),
      ]);
    const byRevision = ['pod-template-hash'];
    expect(spread()).toEqual([
      ['kubernetes.io/hostname', 'ScheduleAnyway', byRevision],
      ['topology.kubernetes.io/zone', 'DoNotSchedule', byRevision],
    ]);
    expect(spread({ minor: 26, hasZones: false })).toEqual([
      ['kubernetes.io/hostname', 'ScheduleAnyway', undefined],
      ['topology.kubernetes.io/zone', 'ScheduleAnyway', undefined],
    ]);
    const { rendering: _, ...older } = { ...web, spread: 'hard' as const };
    const zone = at(pod(older, { ...cluster, hasZones: false }), 'topologySpreadConstraints', 1);
    expect(zone).toMatchObject({ whenUnsatisfiable: 'ScheduleAnyway' });
  });

  it("uses the cluster's PriorityClass and IngressClass", () => {
    expect(pod(web)).not.toHaveProperty('priorityClassName');
    const offers = { ...cluster, priorityClassName: 'astro-high', ingressClassName: 'nginx' };
    expect(pod(web, offers)).toMatchObject({ priorityClassName: 'astro-high' });
    const open = { ...web, host: 'web.acme.dev' };
    expect(at(find(open, 'Ingress', offers), 'spec')).toMatchObject({ ingressClassName: 'nginx' });
    expect(at(find(open, 'Ingress'), 'spec')).not.toHaveProperty('ingressClassName');
  });

  it('has its name and version in labels of every object, but not in selectors', () => {
    const names = { 'app.kubernetes.io/instance': 'web', 'app.kubernetes.io/version': '1.10' };
    for (const { metadata } of rendered(web)) expect(metadata.labels).toMatchObject({ ...names, team: 'shop' });
    expect(podLabels(web)).toMatchObject(names);
    expect(Object.keys(at(spec(web), 'selector', 'matchLabels') as object)).toEqual([
      'app.kubernetes.io/name',
      'platform.astropulse.io/application',
    ]);
  });

  it('keeps its pods when only its labels change', () => {
    const other = { ...web, labels: { team: 'other', stage: 'live' } };
    expect(at(spec(other), 'template')).toEqual(at(spec(web), 'template'));
    const env = [{ name: 'TEAM', fieldRef: "metadata.labels['team']" }];
    expect(podLabels({ ...other, env })).toMatchObject({ team: 'other' });
    expect(podLabels({ ...other, env })).not.toHaveProperty('stage');
  });

  it.each([
    ['images.acme.dev:5000/web:1.10', '1.10'],
    ['images.acme.dev:5000/web', ''],
    ['web@sha256:9f2c41d07b3e5a6c8d1e', '9f2c41d07b3e'],
    ['web:_edge_', 'edge'],
    [`web:${'a'.repeat(70)}`, 'a'.repeat(63)],
  ])('takes its version from %s', (image, version) => expect(versionIn(image)).toBe(version));

  it('is rendered as in an earlier release, if that recorded its revision', () => {
    const { rendering: _, priority: _priority, applicationId: _id, ...older } = withVolume;
    const text = JSON.stringify(rendered(older, { ...cluster, ingressClassName: 'nginx' }));
    expect(text).not.toMatch(
      /minReady|startupProbe|lifecycle|terminationGrace|enableServiceLinks|OnRootMismatch|matchLabelKeys|Eviction|instance|nginx/,
    );
    expect(podLabels(older)).toEqual({ team: 'shop', 'app.kubernetes.io/name': 'web' });
  });
});
