import type { ImageWorkload, WorkloadVariable } from './workload.ts';

/** What the objects of one workload share. */
export interface PodParts {
  /** Never changes: a Deployment's selector cannot. */
  readonly selector: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly secretName: string;
  readonly filesName: string;
  readonly files: readonly { readonly key: string; readonly path: string; readonly content: string }[];
}

type PodWorkload = Omit<ImageWorkload, 'health' | 'command' | 'args'> & {
  readonly health?: ImageWorkload['health'] | undefined;
  readonly command?: readonly string[] | undefined;
  readonly args?: readonly string[] | undefined;
};

const FALLBACK_GROUP = 65_532; // `nonroot` of the distroless images; owns volumes when no user was named

/** The pod of a workload. Fits `restricted`: no root, no capabilities, no escalation, the runtime's seccomp profile. */
export function podOf(workload: PodWorkload, parts: PodParts, restartPolicy: 'Always' | 'OnFailure' | 'Never') {
  const serves = restartPolicy === 'Always';
  return {
    serviceAccountName: workload.name,
    automountServiceAccountToken: false,
    restartPolicy,
    securityContext: {
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
      ...(workload.runAsUser !== undefined && { runAsUser: workload.runAsUser }),
      ...(workload.volumes.length > 0 && { fsGroup: workload.runAsUser ?? FALLBACK_GROUP }),
    },
    ...(workload.imagePullSecret !== undefined && { imagePullSecrets: [{ name: workload.imagePullSecret }] }),
    ...(workload.priorityClassName !== undefined && { priorityClassName: workload.priorityClassName }),
    ...(serves && spreadOf(workload, parts)),
    containers: [
      {
        name: 'app',
        image: workload.image,
        ...(workload.command !== undefined && { command: workload.command }),
        ...(workload.args !== undefined && { args: workload.args }),
        ...(serves && {
          ports: [
            { name: 'http', containerPort: workload.port, protocol: 'TCP' },
            ...workload.ports.map(({ name, port, protocol = 'TCP' }) => ({ name, containerPort: port, protocol })),
          ],
        }),
        ...(workload.env.length > 0 && { env: workload.env.map((variable) => variableOf(variable, parts.secretName)) }),
        resources: workload.resources,
        ...(serves && probesOf(workload)),
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
        ...(parts.files.length > 0 ? [{ name: 'config-files', configMap: { name: parts.filesName } }] : []),
      ],
    }),
  };
}

function variableOf(variable: WorkloadVariable, secretName: string) {
  if ('value' in variable) return { name: variable.name, value: variable.value };
  if ('fieldRef' in variable)
    return { name: variable.name, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: variable.fieldRef } } };
  return {
    name: variable.name,
    valueFrom: { secretKeyRef: { name: variable.secret.secretName ?? secretName, key: variable.secret.key } },
  };
}

/** A named path is asked at start, for traffic and for life; without one an open port means ready, and nothing kills the pod. */
function probesOf({ health }: PodWorkload) {
  if (!health)
    return {
      readinessProbe: { tcpSocket: { port: 'http' }, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 3 },
    };
  const {
    periodSeconds = 10,
    timeoutSeconds = 3,
    failureThreshold = 3,
    startupSeconds = 300,
    initialDelaySeconds,
  } = health;
  const asked = {
    httpGet: { path: health.path, port: health.port ?? 'http', scheme: 'HTTP' },
    periodSeconds,
    timeoutSeconds,
  };
  return {
    startupProbe: {
      ...asked,
      failureThreshold: Math.max(1, Math.ceil(startupSeconds / periodSeconds)),
      ...(initialDelaySeconds !== undefined && initialDelaySeconds > 0 && { initialDelaySeconds }),
    },
    readinessProbe: { ...asked, failureThreshold },
    livenessProbe: { ...asked, failureThreshold },
  };
}

/** Several pods stand on different nodes where that is possible, and over zones as the tier says. */
function spreadOf(workload: PodWorkload, parts: PodParts) {
  if ((workload.autoscaling?.max ?? workload.replicas) < 2) return {};
  const over = (topologyKey: string, whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway') => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable,
    labelSelector: { matchLabels: parts.selector },
  });
  return {
    topologySpreadConstraints: [
      over('kubernetes.io/hostname', 'ScheduleAnyway'),
      ...(workload.spread === undefined
        ? []
        : [over('topology.kubernetes.io/zone', workload.spread === 'hard' ? 'DoNotSchedule' : 'ScheduleAnyway')]),
    ],
  };
}
