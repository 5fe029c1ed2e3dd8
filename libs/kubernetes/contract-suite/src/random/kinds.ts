import type { JsonObject } from '#kernel';
import { at } from '#sandbox-cluster/cases';
import { leavesOf, type Leaf } from './fields.ts';

/** A kind that random sequences write, with its collection, a minimal object, and the fields to set. */
export interface RandomKind {
  readonly kind: string;
  readonly collection: string;
  readonly scalable: boolean;
  object(name: string): JsonObject;
  leaves(): readonly Leaf[];
}

/**
 * Structures that refer to other objects, or whose members depend on each other: random values would be refused or
 * changed.
 */
const POD_WITHOUT =
  /\.(affinity|ephemeralContainers|initContainers|volumes|volumeMounts|volumeDevices|resourceClaims|resources\.claims|topologySpreadConstraints|tolerations|hostAliases|readinessGates|schedulingGates|schedulingGroup|imagePullSecrets|lifecycle|valueFrom|envFrom|restartPolicy|restartPolicyRules|resizePolicy|nodeName|nodeSelector|priority|priorityClassName|preemptionPolicy|runtimeClassName|overhead|os|hostNetwork|hostUsers|workloadRef|name|appArmorProfile|seccompProfile|seLinuxOptions|seLinuxChangePolicy|windowsOptions|procMount|template\.spec\.resources|hostIP|hostPort|livenessProbe|readinessProbe|startupProbe|hostnameOverride|sysctls|supplementalGroupsPolicy|dnsConfig|dnsPolicy)$/;

const nowhere = { nodeSelector: { none: 'such' } };
const podSpec = (more: JsonObject = {}): JsonObject => ({
  containers: [{ name: 'web', image: 'registry.example/web:1' }],
  ...nowhere,
  ...more,
});
const template = (name: string, more: JsonObject = {}): JsonObject => ({
  metadata: { labels: { app: name } },
  spec: podSpec(more),
});

function kindOf(
  apiVersion: string,
  kind: string,
  collection: string,
  rest: (name: string) => JsonObject,
  fields: { readonly below: readonly string[]; readonly without?: RegExp; readonly scalable?: boolean },
): RandomKind {
  let leaves: readonly Leaf[] | undefined;
  return {
    kind,
    collection,
    scalable: fields.scalable === true,
    object: (name) => ({ apiVersion, kind, metadata: { name }, ...rest(name) }),
    leaves: () =>
      (leaves ??= leavesOf(apiVersion, kind, {
        below: ['metadata.labels', 'metadata.annotations', ...fields.below],
        without: fields.without ?? /^$/,
      })),
  };
}

const NEVER = /^$/;
const join = (...rules: readonly RegExp[]): RegExp =>
  new RegExp(
    rules
      .filter((rule) => rule !== NEVER)
      .map((rule) => `(?:${rule.source})`)
      .join('|'),
  );

/**
 * Kinds of the random sequences. Workloads have no replicas, so that no controller changes them between two requests.
 */
export const RANDOM_KINDS: readonly RandomKind[] = [
  kindOf('v1', 'ConfigMap', at.configmaps, () => ({ data: { a: '1' } }), {
    below: ['data', 'binaryData'],
    without: /^binaryData$/,
  }),
  kindOf('v1', 'Secret', at.secrets, () => ({ data: { a: 'MQ==' } }), { below: ['data', 'stringData'] }),
  kindOf('v1', 'ServiceAccount', at.serviceaccounts, () => ({}), { below: ['automountServiceAccountToken'] }),
  kindOf('v1', 'Service', at.services, () => ({ spec: { ports: [{ port: 80, protocol: 'TCP' }] } }), {
    below: ['spec'],
    without:
      /^spec\.(type|clusterIP|clusterIPs|externalIPs|externalName|externalTrafficPolicy|healthCheckNodePort|ipFamilies|ipFamilyPolicy|loadBalancer.*|allocateLoadBalancerNodePorts|sessionAffinityConfig|trafficDistribution|ports\.(nodePort|appProtocol|targetPort|name))$/,
  }),
  kindOf(
    'apps/v1',
    'Deployment',
    at.deployments,
    (name) => ({
      spec: { replicas: 0, paused: true, selector: { matchLabels: { app: name } }, template: template(name) },
    }),
    {
      below: ['spec'],
      without: join(
        /^spec\.(selector|replicas|paused|progressDeadlineSeconds|strategy|template\.metadata)$/,
        POD_WITHOUT,
      ),
      scalable: true,
    },
  ),
  kindOf(
    'apps/v1',
    'ReplicaSet',
    at.replicasets,
    (name) => ({ spec: { replicas: 0, selector: { matchLabels: { app: name } }, template: template(name) } }),
    {
      below: ['spec'],
      without: join(/^spec\.(selector|replicas|template\.metadata)$/, POD_WITHOUT),
    },
  ),
  kindOf(
    'apps/v1',
    'StatefulSet',
    at.statefulsets,
    (name) => ({
      spec: { replicas: 0, serviceName: 'db', selector: { matchLabels: { app: name } }, template: template(name) },
    }),
    {
      below: ['spec'],
      without: join(
        /^spec\.(selector|replicas|serviceName|podManagementPolicy|volumeClaimTemplates|updateStrategy|persistentVolumeClaimRetentionPolicy|ordinals|template\.metadata)$/,
        POD_WITHOUT,
      ),
    },
  ),
  kindOf(
    'batch/v1',
    'CronJob',
    at.cronjobs,
    () => ({
      spec: {
        schedule: '0 0 1 1 *',
        suspend: true,
        jobTemplate: { spec: { template: { spec: podSpec({ restartPolicy: 'Never' }) } } },
      },
    }),
    {
      below: ['spec'],
      without: join(
        /^spec\.(schedule|suspend|timeZone|jobTemplate\.metadata|jobTemplate\.spec\.(selector|manualSelector|completionMode|podFailurePolicy|successPolicy|backoffLimitPerIndex|maxFailedIndexes|managedBy|podReplacementPolicy|template\.metadata))$/,
        POD_WITHOUT,
      ),
    },
  ),
  kindOf(
    'networking.k8s.io/v1',
    'Ingress',
    at.ingresses,
    () => ({ spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } } }),
    {
      below: ['spec.ingressClassName'],
    },
  ),
  kindOf(
    'networking.k8s.io/v1',
    'NetworkPolicy',
    at.policies,
    () => ({ spec: { podSelector: { matchLabels: { app: 'web' } } } }),
    { below: ['spec.podSelector.matchLabels'] },
  ),
  kindOf(
    'policy/v1',
    'PodDisruptionBudget',
    at.budgets,
    () => ({ spec: { minAvailable: 1, selector: { matchLabels: { app: 'none' } } } }),
    {
      below: ['spec'],
      without: /^spec\.(maxUnavailable|selector)$/,
    },
  ),
  kindOf(
    'autoscaling/v2',
    'HorizontalPodAutoscaler',
    at.scalers,
    () => ({ spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'none' }, maxReplicas: 10 } }),
    {
      below: ['spec'],
      without: /^spec\.(scaleTargetRef|behavior|metrics|maxReplicas)$/,
    },
  ),
  kindOf('v1', 'LimitRange', at.limits, () => ({ spec: { limits: [{ type: 'Container', max: { cpu: '4' } }] } }), {
    below: [],
  }),
  kindOf(
    'rbac.authorization.k8s.io/v1',
    'Role',
    at.roles,
    () => ({ rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] }),
    { below: [] },
  ),
];
