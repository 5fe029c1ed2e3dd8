import type { ClusterOffers } from './cluster-offers.ts';
import { preDeployHook } from './hooks.ts';
import { CONFIG_ANNOTATION, fingerprint } from './ownership.ts';
import { withCanonicalQuantities } from './quantity.ts';
import type { KubernetesObject } from './objects.ts';
import { labelsOf, unselected } from './render-labels.ts';
import { podOf, type PodParts } from './render-pod.ts';
import type { ImageWorkload } from './workload.ts';

export interface RenderedImage {
  /** Objects in no particular order, without ownership marks, which `decorate` adds. */
  readonly objects: readonly KubernetesObject[];
  /** Hooks: a Job that must succeed before the other objects are written, and what it reads. */
  readonly preDeploy: readonly KubernetesObject[];
}

export interface RenderOptions {
  /** Key of the fingerprints that restart pods when a secret or a file changes. */
  readonly fingerprintKey: string;
  /** See `clusterOffers`. */
  readonly cluster: ClusterOffers;
}

const MAX_NAME = 63;
/** A pod that crashes within this time never counts as available, so it does not replace a pod that works. */
const MIN_READY_SECONDS = 5;
/** Minor version of Kubernetes in which budgets can allow the eviction of pods that are not ready. */
const EVICTION_POLICY_SINCE = 27;

/** Returns the default name of an image application's Service: `<targetNamespace>-app`, truncated to 63 characters. */
export const defaultServiceName = (targetNamespace: string): string =>
  `${targetNamespace.slice(0, MAX_NAME - 4).replace(/-+$/, '')}-app`;

/**
 * Renders the Kubernetes objects of an image application. They fit the Pod Security level `restricted`. Rolling updates
 * start a new pod before an old one is deleted, so the number of pods never falls below the desired one. With an
 * autoscaler, `replicas` is not set.
 */
export function renderImage(given: ImageWorkload, { fingerprintKey, cluster }: RenderOptions): RenderedImage {
  const workload = withPullSecret(given);
  const { name, targetNamespace: namespace } = workload;
  const labels = labelsOf(workload);
  const meta = (own: string) => ({ name: own, namespace, labels: labels.object });
  const files = fileKeys(workload);
  const hasSecret = Object.keys(workload.secrets).length > 0;
  const parts: PodParts = {
    labels,
    cluster,
    secretName: name,
    filesName: `${name}-files`,
    files,
    annotations:
      hasSecret || files.length > 0
        ? {
            [CONFIG_ANNOTATION]: fingerprint(
              {
                secrets: workload.secrets,
                files: workload.configFiles.map((file) =>
                  'secret' in file
                    ? { path: file.path, secret: file.secret }
                    : { path: file.path, content: file.content },
                ),
              },
              fingerprintKey,
            ),
          }
        : {},
  };

  const objects = configuration(given, parts, meta);
  for (const volume of workload.volumes) {
    objects.push({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: meta(`${name}-${volume.name}`),
      spec: {
        accessModes: [volume.accessMode ?? 'ReadWriteOnce'],
        resources: { requests: { storage: volume.size } },
        ...(volume.storageClass !== undefined && { storageClassName: volume.storageClass }),
      },
    });
  }
  if (workload.schedule === undefined) objects.push(...serving(workload, parts, meta));
  else objects.push(cronJob(workload, workload.schedule, parts, meta(name)));
  return {
    objects: objects.map((object) => withCanonicalQuantities(object)),
    preDeploy: preDeploy(given, parts, meta).map((object) => withCanonicalQuantities(object)),
  };
}

/**
 * Returns the pull secret to render. The dot keeps its name apart from that of every other application's Secret. Revisions
 * of earlier releases have none, so that redeploying them does not restart their pods.
 */
function pullSecretOf({ name, rendering, imagePullSecret, dockerConfig }: ImageWorkload) {
  return dockerConfig === undefined || imagePullSecret !== undefined || rendering === undefined
    ? undefined
    : { name: `${name}.image-pull`, config: dockerConfig };
}

type Meta = (name: string) => KubernetesObject['metadata'];

/** Renders what the pods of a workload read: their ServiceAccount, Secrets, and ConfigMap. */
function configuration(workload: ImageWorkload, { files, filesName }: PodParts, meta: Meta): KubernetesObject[] {
  const { name, secrets } = workload;
  const secret = (own: string, type: string, values: Readonly<Record<string, string>>): KubernetesObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: meta(own),
    type,
    data: Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
    ),
  });
  const objects: KubernetesObject[] = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: meta(name), automountServiceAccountToken: false },
  ];
  if (Object.keys(secrets).length > 0) objects.push(secret(name, 'Opaque', secrets));
  const pull = pullSecretOf(workload);
  if (pull) objects.push(secret(pull.name, 'kubernetes.io/dockerconfigjson', { '.dockerconfigjson': pull.config }));
  const plain = files.flatMap((file) => ('content' in file ? [[file.key, file.content] as const] : []));
  if (plain.length > 0)
    objects.push({ apiVersion: 'v1', kind: 'ConfigMap', metadata: meta(filesName), data: Object.fromEntries(plain) });
  return objects;
}

/** Returns the workload with the name of its own pull secret, if it has one. */
function withPullSecret(workload: ImageWorkload): ImageWorkload {
  const pull = pullSecretOf(workload);
  return pull ? { ...workload, imagePullSecret: pull.name } : workload;
}

/** Renders the Deployment, the Service, and optional objects. */
function serving(workload: ImageWorkload, parts: PodParts, meta: Meta): KubernetesObject[] {
  const { name, autoscaling } = workload;
  const service = workload.serviceName ?? defaultServiceName(workload.targetNamespace);
  const hasOneWriter = workload.volumes.some(({ accessMode }) => accessMode !== 'ReadWriteMany');
  const recreate = workload.strategy === 'recreate' || (workload.strategy === undefined && hasOneWriter);
  const objects: KubernetesObject[] = [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: meta(name),
      spec: {
        ...(autoscaling === undefined && { replicas: workload.replicas }),
        ...(workload.rendering !== undefined && { minReadySeconds: MIN_READY_SECONDS }),
        revisionHistoryLimit: 3,
        progressDeadlineSeconds: 600,
        strategy: recreate
          ? { type: 'Recreate' }
          : { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '25%' } },
        selector: { matchLabels: parts.labels.selector },
        template: {
          metadata: { labels: parts.labels.pod, annotations: parts.annotations },
          spec: podOf(workload, parts, 'Always'),
        },
      },
    },
  ];
  const ports = [
    ...(workload.port === undefined ? [] : [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }]),
    ...workload.ports.map(({ name: own, port, protocol = 'TCP' }) => ({ name: own, port, targetPort: own, protocol })),
  ];
  if (ports.length > 0) {
    objects.push({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: meta(service),
      spec: { type: 'ClusterIP', selector: parts.labels.selector, ports },
    });
  }
  if (autoscaling) objects.push(autoscaler(name, autoscaling, meta));
  if ((autoscaling?.min ?? workload.replicas) > 1) {
    objects.push({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: meta(name),
      spec: {
        maxUnavailable: 1,
        selector: { matchLabels: parts.labels.selector },
        ...(workload.rendering !== undefined &&
          parts.cluster.minor >= EVICTION_POLICY_SINCE && { unhealthyPodEvictionPolicy: 'AlwaysAllow' }),
      },
    });
  }
  if (workload.host !== undefined)
    objects.push(ingress(workload, workload.host, { service, cluster: parts.cluster, meta }));
  return objects;
}

function autoscaler(name: string, scale: NonNullable<ImageWorkload['autoscaling']>, meta: Meta): KubernetesObject {
  const metric = (resource: string, target: number | undefined) =>
    target === undefined
      ? []
      : [
          {
            type: 'Resource',
            resource: { name: resource, target: { type: 'Utilization', averageUtilization: target } },
          },
        ];
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: meta(name),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      minReplicas: scale.min,
      maxReplicas: scale.max,
      metrics: [
        ...metric('cpu', scale.cpu ?? (scale.memory === undefined ? 80 : undefined)),
        ...metric('memory', scale.memory),
      ],
    },
  };
}

const ingress = (
  { name, ingressClassName: named, tlsSecretName, ingressAnnotations: annotations }: ImageWorkload,
  host: string,
  { service, cluster, meta }: { readonly service: string; readonly cluster: ClusterOffers; readonly meta: Meta },
): KubernetesObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { ...meta(name), ...(annotations && { annotations }) },
  spec: {
    ...ingressClass(named ?? cluster.ingressClassName),
    ...(tlsSecretName !== undefined && { tls: [{ hosts: [host], secretName: tlsSecretName }] }),
    rules: [
      {
        host,
        http: {
          paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: service, port: { name: 'http' } } } }],
        },
      },
    ],
  },
});

const ingressClass = (ingressClassName: string | undefined) =>
  ingressClassName === undefined ? {} : { ingressClassName };

function cronJob(
  workload: ImageWorkload,
  schedule: string,
  parts: PodParts,
  metadata: KubernetesObject['metadata'],
): KubernetesObject {
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata,
    spec: {
      schedule,
      ...(workload.timeZone !== undefined && { timeZone: workload.timeZone }),
      concurrencyPolicy: workload.concurrencyPolicy ?? 'Forbid',
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 3,
      jobTemplate: {
        spec: {
          backoffLimit: 3,
          template: {
            metadata: { labels: parts.labels.pod, annotations: parts.annotations },
            spec: podOf({ ...workload, health: undefined }, parts, 'OnFailure'),
          },
        },
      },
    },
  };
}

/**
 * Renders the step before a rollout as hooks. Its Job has copies of what the pods read, which are deleted afterwards, so
 * that a step that fails has changed nothing that the present pods read.
 */
function preDeploy(workload: ImageWorkload, shared: PodParts, meta: Meta): KubernetesObject[] {
  const step = workload.preDeploy;
  if (step === undefined) return [];
  const name = `${workload.name}-pre-deploy`;
  const own: ImageWorkload = { ...workload, name, volumes: [] };
  const parts: PodParts = { ...shared, secretName: name, filesName: `${name}-files` };
  // Not the labels of the Service, because the pods serve no traffic.
  const labels = unselected(parts.labels.object, name);
  const hook =
    (...policy: Parameters<typeof preDeployHook>[0]): Meta =>
    (of) => ({ ...meta(of), labels, annotations: preDeployHook(policy) });
  const { command, args } = step;
  return [
    ...configuration(own, parts, hook('before-hook-creation', 'hook-succeeded')),
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: hook('before-hook-creation')(name),
      spec: {
        backoffLimit: 0,
        activeDeadlineSeconds: step.timeoutSeconds ?? 600,
        template: {
          metadata: { labels: unselected(parts.labels.pod, name), annotations: parts.annotations },
          spec: podOf({ ...withPullSecret(own), command, args, health: undefined }, parts, 'Never'),
        },
      },
    },
  ];
}

/** Returns each configuration file with its key in the volume: its path with dots instead of slashes. */
function fileKeys(workload: ImageWorkload): PodParts['files'] {
  const taken = new Set<string>();
  return workload.configFiles.map((file) => {
    const plain =
      file.path
        .replace(/^\/+/, '')
        .replaceAll(/[^A-Za-z0-9._-]/g, '.')
        .slice(-240) || 'file';
    let key = /^\.\.?$/.test(plain) ? `file${plain}` : plain;
    for (let turn = 2; taken.has(key); turn++) key = `${plain}-${turn}`;
    taken.add(key);
    return { key, ...file };
  });
}
