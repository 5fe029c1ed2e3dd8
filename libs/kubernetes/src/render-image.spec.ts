import { checkObject } from '#kubernetes/schemas';
import type { Json } from '#kernel';
import { checkManifests } from './check-manifests.ts';
import { decorate } from './decorate.ts';
import type { ClusterOffers } from './cluster-offers.ts';
import { splitHooks } from './hooks.ts';
import { at, list, record, type KubernetesObject } from './objects.ts';
import { defaultServiceName, renderImage } from './render-image.ts';
import type { ImageWorkload } from './workload.ts';

const basic: ImageWorkload = {
  name: 'web',
  targetNamespace: 'acme-web',
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
  ports: [
    { name: 'metrics', port: 9090 },
    { name: 'dns', port: 53, protocol: 'UDP' },
  ],
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
  volumes: [{ name: 'data', size: '10Gi', storageClass: 'fast', mountPath: '/data' }],
  configFiles: [
    { path: '/etc/app/config.yaml', content: 'a: 1' },
    { path: '/etc/app.config.yaml', content: 'b: 2' },
  ],
  imagePullSecret: 'registry',
  runAsUser: 1000,
  host: 'web.acme.dev',
  ingressClassName: 'nginx',
  tlsSecretName: 'web-tls',
  spread: 'hard',
  priorityClassName: 'critical',
  labels: { team: 'shop' },
};
const variants: Readonly<Record<string, ImageWorkload>> = {
  basic,
  full,
  'with a secret file': {
    ...basic,
    secrets: { key: 'pem' },
    configFiles: [...full.configFiles, { path: '/etc/tls.key', secret: 'key' }],
  },
  'three replicas': { ...basic, replicas: 3 },
  scheduled: { ...basic, schedule: '0 3 * * *', volumes: full.volumes },
  'with a step before': { ...full, preDeploy: { command: ['migrate'], timeoutSeconds: 60 } },
};
const zones: ClusterOffers = { minor: 36, hasZones: true };
const options = { fingerprintKey: 'k', cluster: zones };
const rendered = (workload: ImageWorkload): readonly KubernetesObject[] => {
  const { objects, preDeploy } = renderImage(workload, options);
  return [...objects, ...preDeploy];
};
const find = (workload: ImageWorkload, kind: string) => rendered(workload).find((object) => object.kind === kind);

describe.each(Object.entries(variants))('a rendered image application: %s', (_, workload) => {
  it('has only known fields', () => {
    for (const object of rendered(workload))
      // Plain JSON by construction.
      expect([object.kind, checkObject(object as unknown as Json)]).toEqual([object.kind, []]);
  });

  it('fits Pod Security restricted and all checks', () => {
    const isNamespaced = () => true;
    const { objects, findings } = decorate(rendered(workload), {
      applicationId: 'app',
      attempt: '1',
      targetNamespace: workload.targetNamespace,
      namespaceMode: 'override',
      isNamespaced,
      ownRendering: true,
    });
    expect(findings).toEqual([]);
    expect(
      checkManifests(objects, {
        policy: { namespaces: ['*'], clusterScoped: 'deny', podSecurity: 'restricted' },
        clusterName: 'c',
        targetNamespace: workload.targetNamespace,
        namespaceMode: 'override',
        isNamespaced,
      }),
    ).toEqual([]);
  });

  it('is deterministic', () => expect(rendered(workload)).toEqual(rendered(structuredClone(workload))));
});

describe('a rendered image application', () => {
  it('serves port 80 of <namespace>-app', () => {
    expect(find(basic, 'Service')).toMatchObject({
      metadata: { name: 'acme-web-app', namespace: 'acme-web' },
      spec: { ports: [{ port: 80, targetPort: 'http' }] },
    });
    expect(defaultServiceName('n'.repeat(63))).toHaveLength(63);
  });

  it('starts a new pod before an old one is deleted', () =>
    expect(at(find(basic, 'Deployment'), 'spec', 'strategy')).toEqual({
      type: 'RollingUpdate',
      rollingUpdate: { maxUnavailable: 0, maxSurge: '25%' },
    }));

  it('stops the old pod first if it has volumes, unless configured otherwise', () => {
    expect(at(find({ ...basic, volumes: full.volumes }, 'Deployment'), 'spec', 'strategy', 'type')).toBe('Recreate');
    expect(
      at(find({ ...basic, volumes: full.volumes, strategy: 'rolling' }, 'Deployment'), 'spec', 'strategy', 'type'),
    ).toBe('RollingUpdate');
  });

  it('use-D16: starts the new pod first if its volumes have several writers', () => {
    const volumes = full.volumes.map((volume) => ({ ...volume, accessMode: 'ReadWriteMany' as const }));
    expect(at(find({ ...basic, volumes }, 'Deployment'), 'spec', 'strategy', 'type')).toBe('RollingUpdate');
    expect(at(find({ ...basic, volumes }, 'PersistentVolumeClaim'), 'spec', 'accessModes')).toEqual(['ReadWriteMany']);
    expect(at(find(full, 'PersistentVolumeClaim'), 'spec', 'accessModes')).toEqual(['ReadWriteOnce']);
  });

  it('sets no replicas if it has an autoscaler', () => {
    expect(at(find(full, 'Deployment'), 'spec', 'replicas')).toBeUndefined();
    expect(find(full, 'HorizontalPodAutoscaler')).toMatchObject({
      spec: { minReplicas: 3, maxReplicas: 9, scaleTargetRef: { name: 'web' } },
    });
    expect(at(find(basic, 'Deployment'), 'spec', 'replicas')).toBe(1);
  });

  it('allows one pod at a time to be evicted, and does not block evictions of a single pod', () => {
    expect(find(full, 'PodDisruptionBudget')).toMatchObject({ spec: { maxUnavailable: 1 } });
    expect(find(basic, 'PodDisruptionBudget')).toBeUndefined();
  });

  it('has an Ingress only with a host', () => {
    expect(find(full, 'Ingress')).toMatchObject({
      spec: { ingressClassName: 'nginx', rules: [{ host: 'web.acme.dev' }], tls: [{ hosts: ['web.acme.dev'] }] },
    });
    expect(find(basic, 'Ingress')).toBeUndefined();
  });

  it('use-D21: has the annotations of the Ingress on the Ingress alone', () => {
    const ingressAnnotations = { 'cert-manager.io/cluster-issuer': 'letsencrypt' };
    const objects = rendered({ ...full, ingressAnnotations });
    const marked = objects.filter(({ metadata }) => 'cert-manager.io/cluster-issuer' in (metadata.annotations ?? {}));
    expect(marked.map(({ kind }) => kind)).toEqual(['Ingress']);
    expect(find(full, 'Ingress')?.metadata.annotations).toBeUndefined();
  });

  it('E16: contains the value of a secret only in its Secret', () => {
    const others = rendered(full).filter(({ kind }) => kind !== 'Secret');
    expect(JSON.stringify(others)).not.toMatch(/hunter2|aHVudGVyMg/);
    expect(find(full, 'Secret')).toMatchObject({ data: { password: Buffer.from('hunter2').toString('base64') } });
  });

  it('K8.6-30: restarts pods only when a secret or a file changes', () => {
    const annotations = (workload: ImageWorkload) =>
      at(find(workload, 'Deployment'), 'spec', 'template', 'metadata', 'annotations');
    expect(annotations({ ...full, secrets: { password: 'other' } })).not.toEqual(annotations(full));
    expect(annotations({ ...full, configFiles: [{ path: '/a', content: 'c' }] })).not.toEqual(annotations(full));
    expect(annotations({ ...full, replicas: 7 })).toEqual(annotations(full));
  });

  it('mounts files from its Secret and others from the ConfigMap in one volume', () => {
    const pem = { path: '/etc/tls.key', secret: 'tls.key' };
    const secrets = { ...full.secrets, 'tls.key': 'pem' };
    const volumeOf = (workload: ImageWorkload) =>
      at(find(workload, 'Deployment'), 'spec', 'template', 'spec', 'volumes', 0);
    const projected = { secret: { name: 'web', items: [{ key: 'tls.key', path: 'etc.tls.key' }] } };
    expect(volumeOf({ ...basic, secrets, configFiles: [pem] })).toEqual({
      name: 'config-files',
      projected: { sources: [projected] },
    });
    const both = { ...basic, secrets, configFiles: [...full.configFiles, pem] };
    expect(volumeOf(both)).toEqual({
      name: 'config-files',
      projected: { sources: [{ configMap: { name: 'web-files' } }, projected] },
    });
    expect(Object.keys(record(find(both, 'ConfigMap')?.['data']))).not.toContain('etc.tls.key');
  });

  it('has a distinct key for every file, even if paths are similar', () => {
    expect(Object.keys(record(find(full, 'ConfigMap')?.['data']))).toEqual([
      'etc.app.config.yaml',
      'etc.app.config.yaml-2',
    ]);
    const mounts = list(at(find(full, 'Deployment'), 'spec', 'template', 'spec', 'containers', 0, 'volumeMounts'));
    expect(mounts).toContainEqual({
      name: 'config-files',
      mountPath: '/etc/app.config.yaml',
      subPath: 'etc.app.config.yaml-2',
      readOnly: true,
    });
  });

  it('has a selector that never changes', () =>
    expect(at(find({ ...full, labels: { team: 'other' } }, 'Deployment'), 'spec', 'selector')).toEqual({
      matchLabels: { 'app.kubernetes.io/name': 'web' },
    }));

  it('use-D17: selects its pods by application ID if it was not deployed before', () => {
    const workload = { ...full, applicationId: 'a-1', serviceName: 'web-app' };
    const selector = { 'app.kubernetes.io/name': 'web', 'platform.astropulse.io/application': 'a-1' };
    const deployment = find(workload, 'Deployment');
    expect(at(deployment, 'spec', 'selector', 'matchLabels')).toEqual(selector);
    expect(at(deployment, 'spec', 'template', 'metadata', 'labels')).toMatchObject(selector);
    expect(find(workload, 'Service')).toMatchObject({ metadata: { name: 'web-app' }, spec: { selector } });
    expect(at(find(workload, 'PodDisruptionBudget'), 'spec', 'selector', 'matchLabels')).toEqual(selector);
    expect(JSON.stringify(find(workload, 'Ingress'))).toContain('"web-app"');
    for (const spread of list(at(deployment, 'spec', 'template', 'spec', 'topologySpreadConstraints')))
      expect(at(spread, 'labelSelector', 'matchLabels')).toEqual(selector);
  });

  it('has quantities in canonical form', () => {
    const workload = {
      ...basic,
      resources: { requests: { cpu: '1000m', memory: '1024Mi' }, limits: { memory: '2048Mi' } },
    };
    expect(at(find(workload, 'Deployment'), 'spec', 'template', 'spec', 'containers', 0, 'resources')).toEqual({
      requests: { cpu: '1', memory: '1Gi' },
      limits: { memory: '2Gi' },
    });
  });

  it('is a CronJob without a Service if it has a schedule', () =>
    expect(
      rendered({ ...basic, schedule: '0 3 * * *', host: 'x.dev' })
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual(['CronJob', 'ServiceAccount']));

  it('has the time zone and concurrency policy of its schedule', () => {
    const scheduled = { ...basic, schedule: '@daily' };
    expect(at(find(scheduled, 'CronJob'), 'spec')).toMatchObject({ concurrencyPolicy: 'Forbid' });
    expect(at(find(scheduled, 'CronJob'), 'spec')).not.toHaveProperty('timeZone');
    const zoned = { ...scheduled, timeZone: 'Europe/Berlin', concurrencyPolicy: 'Replace' as const };
    expect(at(find(zoned, 'CronJob'), 'spec')).toMatchObject({
      timeZone: 'Europe/Berlin',
      concurrencyPolicy: 'Replace',
    });
  });

  it('runs the pre-deploy step as a hook, with copies of what the pods read', () => {
    const { preDeploy } = renderImage({ ...full, preDeploy: { command: ['migrate'] } }, options);
    expect(splitHooks(preDeploy, 'install')).toMatchObject({
      objects: [],
      hooks: [
        { object: { kind: 'ServiceAccount' }, isDeletedWhen: { succeeded: true } },
        { object: { kind: 'Secret' }, isDeletedWhen: { succeeded: true } },
        { object: { kind: 'ConfigMap' }, isDeletedWhen: { succeeded: true } },
        { object: { kind: 'Job' }, isDeletedWhen: { succeeded: false } },
      ],
    });
    for (const event of ['upgrade', 'rollback'] as const) expect(splitHooks(preDeploy, event).hooks).toHaveLength(4);
    const names = new Set(preDeploy.map(({ metadata }) => metadata.name));
    expect(names).toEqual(new Set(['web-pre-deploy', 'web-pre-deploy-files']));
    const pod = JSON.stringify(at(preDeploy.at(-1), 'spec', 'template', 'spec'));
    expect(pod).toContain('"serviceAccountName":"web-pre-deploy"');
    expect(pod).toContain('"name":"web-pre-deploy-files"');
    expect(pod).not.toContain('"name":"web"');
    expect(pod).not.toContain('persistentVolumeClaim');
  });

  it('excludes the pod of the pre-deploy step from its Service', () => {
    const job = renderImage({ ...full, preDeploy: { command: ['migrate'] } }, options).preDeploy.at(-1);
    expect(at(job, 'spec', 'template', 'metadata', 'labels', 'app.kubernetes.io/name')).toBe('web-pre-deploy');
    expect(at(job, 'spec', 'template', 'spec', 'restartPolicy')).toBe('Never');
  });
});

describe('the credential of a registry', () => {
  const dockerConfig = '{"auths":{"images.acme.dev":{"auth":"canary"}}}';
  const pods = (workload: ImageWorkload) => {
    const { objects, preDeploy } = renderImage(workload, { fingerprintKey: 'k', cluster: zones });
    const secrets = objects.filter(({ kind }) => kind === 'Secret');
    const specs = [...objects, ...preDeploy].flatMap(
      (object) =>
        at(object, 'spec', 'template', 'spec') ?? at(object, 'spec', 'jobTemplate', 'spec', 'template', 'spec') ?? [],
    );
    return { secrets, pulls: specs.map((spec) => record(spec)['imagePullSecrets']) };
  };

  it('becomes a Secret that all pods use to pull the image', () => {
    const preDeploy = { command: ['migrate'] };
    const { secrets, pulls } = pods({ ...basic, rendering: 2, preDeploy, dockerConfig });
    expect(secrets).toEqual([
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: expect.objectContaining({ name: 'web.image-pull', namespace: 'acme-web' }) as unknown,
        type: 'kubernetes.io/dockerconfigjson',
        data: { '.dockerconfigjson': Buffer.from(dockerConfig).toString('base64') },
      },
    ]);
    // The pre-deploy step runs before the Secret of the pods is written, so it has a copy.
    expect(pulls).toEqual([[{ name: 'web.image-pull' }], [{ name: 'web-pre-deploy.image-pull' }]]);
    const step = renderImage({ ...basic, rendering: 2, preDeploy, dockerConfig }, options).preDeploy;
    expect(step.map(({ metadata }) => metadata.name)).toContain('web-pre-deploy.image-pull');
    expect(pods({ ...basic, rendering: 2, schedule: '0 0 * * *', dockerConfig }).pulls).toEqual([
      [{ name: 'web.image-pull' }],
    ]);
  });

  it('changes nothing for a workload that names a Secret, or of an earlier release', () => {
    expect(pods({ ...basic, rendering: 2, imagePullSecret: 'own', dockerConfig })).toEqual({
      secrets: [],
      pulls: [[{ name: 'own' }]],
    });
    expect(pods({ ...basic, dockerConfig })).toEqual({ secrets: [], pulls: [undefined] });
  });
});
