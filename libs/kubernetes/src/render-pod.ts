import { ZONE_LABEL, type ClusterOffers } from './cluster-offers.ts';
import type { WorkloadLabels } from './render-labels.ts';
import { probesOf } from './render-probes.ts';
import type { ImageWorkload, WorkloadFile, WorkloadVariable } from './workload.ts';

/** Values that the objects of one workload share. */
export interface PodParts {
  readonly labels: WorkloadLabels;
  readonly cluster: ClusterOffers;
  readonly annotations: Readonly<Record<string, string>>;
  readonly secretName: string;
  readonly filesName: string;
  readonly files: readonly (WorkloadFile & { readonly key: string })[];
}

type PodWorkload = Omit<ImageWorkload, 'health' | 'command' | 'args'> & {
  readonly health?: ImageWorkload['health'] | undefined;
  readonly command?: readonly string[] | undefined;
  readonly args?: readonly string[] | undefined;
};

const FALLBACK_GROUP = 65_532; // `nonroot` of the distroless images; owns volumes if the image application sets no user

/** Seconds that a terminating pod keeps serving, until every node and ingress has removed it. */
const DRAIN_SECONDS = 5;
/** Seconds in which a process must end; the default of Kubernetes. */
const STOP_SECONDS = 30;
/** Minor version of Kubernetes in which a container can sleep before it stops, without a program in the image. */
const SLEEP_SINCE = 30;
/** Minor version of Kubernetes in which pods of each revision can be spread separately. */
const MATCH_KEYS_SINCE = 27;

/**
 * Renders the pod of a workload. It fits `restricted`: no root, no capabilities, no privilege escalation, and the
 * runtime's seccomp profile.
 */
export function podOf(workload: PodWorkload, parts: PodParts, restartPolicy: 'Always' | 'OnFailure' | 'Never') {
  const serves = restartPolicy === 'Always';
  const isCurrent = workload.rendering !== undefined;
  const drains = isCurrent && serves && portsOf(workload).length > 0 && parts.cluster.minor >= SLEEP_SINCE;
  const priorityClassName = workload.priorityClassName ?? parts.cluster.priorityClassName;
  return {
    serviceAccountName: workload.name,
    automountServiceAccountToken: false,
    ...(isCurrent && { enableServiceLinks: false }),
    restartPolicy,
    ...(isCurrent && serves && { terminationGracePeriodSeconds: STOP_SECONDS + (drains ? DRAIN_SECONDS : 0) }),
    securityContext: {
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
      ...(workload.runAsUser !== undefined && { runAsUser: workload.runAsUser }),
      ...(workload.volumes.length > 0 && {
        fsGroup: workload.runAsUser ?? FALLBACK_GROUP,
        ...(isCurrent && { fsGroupChangePolicy: 'OnRootMismatch' }),
      }),
    },
    ...(workload.imagePullSecret !== undefined && { imagePullSecrets: [{ name: workload.imagePullSecret }] }),
    ...(priorityClassName !== undefined && { priorityClassName }),
    ...(serves && spreadOf(workload, parts)),
    containers: [
      {
        name: 'app',
        image: workload.image,
        ...(workload.command !== undefined && { command: workload.command }),
        ...(workload.args !== undefined && { args: workload.args }),
        ...(serves && portsOf(workload).length > 0 && { ports: portsOf(workload) }),
        ...(workload.env.length > 0 && { env: workload.env.map((variable) => variableOf(variable, parts.secretName)) }),
        resources: workload.resources,
        ...(serves && probesOf(workload)),
        ...(drains && { lifecycle: { preStop: { sleep: { seconds: DRAIN_SECONDS } } } }),
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        ...(workload.volumes.length + parts.files.length > 0 && {
          volumeMounts: [
            ...workload.volumes.map(({ name, mountPath }) => ({ name, mountPath })),
            ...parts.files.map(({ key, path }) => ({
              name: 'config-files',
              mountPath: path,
              subPath: key,
              readOnly: true,
            })),
          ],
        }),
      },
    ],
    ...(workload.volumes.length + parts.files.length > 0 && {
      volumes: [
        ...workload.volumes.map(({ name }) => ({
          name,
          persistentVolumeClaim: { claimName: `${workload.name}-${name}` },
        })),
        ...(parts.files.length > 0 ? [{ name: 'config-files', ...filesVolume(parts) }] : []),
      ],
    }),
  };
}

/** Returns the source of the volume with all files. Those whose content is secret come from the Secret. */
function filesVolume({ files, filesName, secretName }: PodParts) {
  const items = files.flatMap((file) => ('secret' in file ? [{ key: file.secret, path: file.key }] : []));
  if (items.length === 0) return { configMap: { name: filesName } };
  const plain = items.length < files.length ? [{ configMap: { name: filesName } }] : [];
  return { projected: { sources: [...plain, { secret: { name: secretName, items } }] } };
}

const portsOf = ({ port: main, ports }: PodWorkload) => [
  ...(main === undefined ? [] : [{ name: 'http', containerPort: main, protocol: 'TCP' }]),
  ...ports.map(({ name, port, protocol = 'TCP' }) => ({ name, containerPort: port, protocol })),
];

function variableOf(variable: WorkloadVariable, secretName: string) {
  if ('value' in variable) return { name: variable.name, value: variable.value };
  if ('fieldRef' in variable)
    return { name: variable.name, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: variable.fieldRef } } };
  return {
    name: variable.name,
    valueFrom: { secretKeyRef: { name: variable.secret.secretName ?? secretName, key: variable.secret.key } },
  };
}

/** Spreads pods over nodes if possible, and over zones as the tier specifies, if there are zones. */
function spreadOf(workload: PodWorkload, { labels, cluster }: PodParts) {
  if ((workload.autoscaling?.max ?? workload.replicas) < 2) return {};
  const over = (topologyKey: string, whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway') => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable,
    labelSelector: { matchLabels: labels.selector },
    ...(workload.rendering !== undefined &&
      cluster.minor >= MATCH_KEYS_SINCE && { matchLabelKeys: ['pod-template-hash'] }),
  });
  const isHard = workload.spread === 'hard' && cluster.hasZones;
  return {
    topologySpreadConstraints: [
      over('kubernetes.io/hostname', 'ScheduleAnyway'),
      ...(workload.spread === undefined ? [] : [over(ZONE_LABEL, isHard ? 'DoNotSchedule' : 'ScheduleAnyway')]),
    ],
  };
}
