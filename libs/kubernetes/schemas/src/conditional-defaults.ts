import type { Json, JsonObject } from '#kernel';
import type { Known } from './known.ts';
import { isList, isTree } from './typed.ts';

type Mutable = { [name: string]: Json };
type Rule = (object: Mutable, rootKind: string, known: Known) => void;

const CORE = 'io.k8s.api.core.v1.';

/**
 * Returns the default pull policy: Always for `:latest`, even with a digest, and for a reference without tag and
 * digest.
 */
function pullPolicy(image: Json | undefined): string {
  if (typeof image !== 'string') return 'IfNotPresent';
  if (/\s/.test(image)) return 'IfNotPresent'; // not a valid reference
  const [named = '', digest] = image.split('@');
  const tag = /:([^/:]+)$/.exec(named)?.[1] ?? (digest === undefined ? 'latest' : '');
  return tag === 'latest' ? 'Always' : 'IfNotPresent';
}

/** Copies amounts from another list into a list that lacks them. */
function fill(object: Mutable, field: string, from: Json | undefined): void {
  if (!isTree(from) || Object.keys(from).length === 0) return;
  const given = object[field];
  object[field] = { ...from, ...(isTree(given) ? given : {}) } as Json;
}

const trees = (value: Json | undefined): readonly JsonObject[] => (isList(value) ? value.filter(isTree) : []);

/**
 * Defaults that depend on other fields, by definition. They cover all fields that the recording lists as conditional.
 */
export const CONDITIONAL: Readonly<Record<string, Rule>> = {
  [`${CORE}Container`]: (container) => {
    container['imagePullPolicy'] ??= pullPolicy(container['image']);
  },
  [`${CORE}EphemeralContainer`]: (container) => {
    container['imagePullPolicy'] ??= pullPolicy(container['image']);
  },
  [`${CORE}ImageVolumeSource`]: (source) => {
    source['pullPolicy'] = source['pullPolicy'] ?? pullPolicy(source['reference']);
  },
  [`${CORE}Volume`]: (volume) => {
    if (Object.keys(volume).every((field) => field === 'name')) volume['emptyDir'] = {};
  },
  [`${CORE}PodSpec`]: (spec) => {
    const account = spec['serviceAccountName'] ?? spec['serviceAccount'];
    if (account !== undefined) Object.assign(spec, { serviceAccountName: account, serviceAccount: account });
  },
  [`${CORE}Pod`]: (pod, _kind, known) => {
    const { spec } = pod;
    if (!isTree(spec) || known.has(spec)) return;
    const network = spec['hostNetwork'] === true;
    const containers = (field: string): Mutable =>
      spec[field] === undefined
        ? {}
        : { [field]: trees(spec[field]).map((container) => podContainer(container, network)) as Json };
    pod['spec'] = {
      ...spec,
      enableServiceLinks: spec['enableServiceLinks'] ?? true,
      ...containers('containers'),
      ...containers('initContainers'),
    };
  },
  [`${CORE}ServicePort`]: (port) => {
    if (port['targetPort'] === undefined || port['targetPort'] === 0 || port['targetPort'] === '')
      port['targetPort'] = port['port'] ?? 0;
  },
  [`${CORE}ServiceSpec`]: (spec) => {
    const { type } = spec;
    const outside = type === 'NodePort' || type === 'LoadBalancer';
    if (spec['sessionAffinity'] === 'ClientIP')
      spec['sessionAffinityConfig'] ??= { clientIP: { timeoutSeconds: 10_800 } };
    else delete spec['sessionAffinityConfig'];
    if (outside || (type === 'ClusterIP' && isList(spec['externalIPs']))) spec['externalTrafficPolicy'] ??= 'Cluster';
    if (outside || type === 'ClusterIP') spec['internalTrafficPolicy'] ??= 'Cluster';
    if (type === 'LoadBalancer') spec['allocateLoadBalancerNodePorts'] ??= true;
  },
  [`${CORE}LimitRangeItem`]: (item) => {
    if (item['type'] !== 'Container') return;
    fill(item, 'default', item['max']);
    fill(item, 'defaultRequest', item['default']);
    fill(item, 'defaultRequest', item['min']);
  },
  [`${CORE}PersistentVolumeClaimSpec`]: (spec) => {
    if (spec['dataSource'] !== undefined) spec['dataSourceRef'] ??= spec['dataSource'];
    else if (isTree(spec['dataSourceRef']) && spec['dataSourceRef']['namespace'] === undefined)
      spec['dataSource'] = spec['dataSourceRef'];
  },
  [`${CORE}ReplicationControllerSpec`]: (spec) => {
    const template = isTree(spec['template']) ? spec['template'] : {};
    const labels = isTree(template['metadata']) ? template['metadata']['labels'] : undefined;
    if (labels !== undefined) spec['selector'] ??= labels;
  },
  [`${CORE}NodeSpec`]: (spec) => {
    if (typeof spec['podCIDR'] === 'string') spec['podCIDRs'] ??= [spec['podCIDR']];
  },
  'io.k8s.api.apps.v1.DeploymentStrategy': (strategy) => {
    if (strategy['type'] === 'RollingUpdate') strategy['rollingUpdate'] ??= { maxSurge: '25%', maxUnavailable: '25%' };
  },
  'io.k8s.api.apps.v1.StatefulSetUpdateStrategy': (strategy) => {
    strategy['type'] ??= 'RollingUpdate';
    if (strategy['type'] === 'RollingUpdate') strategy['rollingUpdate'] ??= { partition: 0 };
  },
  'io.k8s.api.apps.v1.DaemonSet': (set) => {
    const metadata = isTree(set['metadata']) ? set['metadata'] : {};
    const annotations = isTree(metadata['annotations']) ? metadata['annotations'] : {};
    set['metadata'] = { ...metadata, annotations: { 'deprecated.daemonset.template.generation': '1', ...annotations } };
  },
  'io.k8s.api.apps.v1.DaemonSetUpdateStrategy': (strategy) => {
    strategy['type'] ??= 'RollingUpdate';
    if (strategy['type'] === 'RollingUpdate') strategy['rollingUpdate'] ??= { maxSurge: 0, maxUnavailable: 1 };
  },
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerBehavior': (behavior) => {
    const up = behavior['scaleUp'];
    const down = behavior['scaleDown'];
    const percent = { type: 'Percent', value: 100, periodSeconds: 15 };
    if (isTree(up))
      behavior['scaleUp'] = {
        stabilizationWindowSeconds: 0,
        policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }, percent],
        ...up,
      } as Json;
    if (isTree(down)) behavior['scaleDown'] = { policies: [percent], ...down } as Json;
  },
  'io.k8s.api.batch.v1.Job': (job, _kind, known) => {
    const { spec } = job;
    if (!isTree(spec) || known.has(spec)) return;
    const { parallelism, completions } = spec;
    job['spec'] = {
      ...spec,
      ...(parallelism === undefined && completions === undefined ? { completions: 1 } : {}),
      parallelism: parallelism ?? 1,
      backoffLimit: spec['backoffLimit'] ?? (spec['backoffLimitPerIndex'] === undefined ? 6 : 2_147_483_647),
      completionMode: spec['completionMode'] ?? 'NonIndexed',
      suspend: spec['suspend'] ?? false,
      manualSelector: spec['manualSelector'] ?? false,
      podReplacementPolicy:
        spec['podReplacementPolicy'] ?? (spec['podFailurePolicy'] === undefined ? 'TerminatingOrFailed' : 'Failed'),
    } as Json;
  },
  'io.k8s.api.networking.v1.NetworkPolicySpec': (spec) => {
    if (spec['policyTypes'] === undefined)
      spec['policyTypes'] = isList(spec['egress']) && spec['egress'].length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
  },
  'io.k8s.api.rbac.v1.Subject': (subject) => {
    if (subject['kind'] === 'User' || subject['kind'] === 'Group') subject['apiGroup'] ??= 'rbac.authorization.k8s.io';
  },
  'io.k8s.api.rbac.v1.RoleRef': (reference) => {
    if (reference['apiGroup'] === undefined || reference['apiGroup'] === '')
      reference['apiGroup'] = 'rbac.authorization.k8s.io';
  },
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionNames': (names) => {
    if (typeof names['kind'] !== 'string') return;
    names['singular'] ??= names['kind'].toLowerCase();
    names['listKind'] ??= `${names['kind']}List`;
  },
  [`${CORE}Namespace`]: (space) => {
    const metadata = isTree(space['metadata']) ? space['metadata'] : {};
    if (typeof metadata['name'] !== 'string') return;
    const labels = isTree(metadata['labels']) ? metadata['labels'] : {};
    space['metadata'] = { ...metadata, labels: { ...labels, 'kubernetes.io/metadata.name': metadata['name'] } };
  },
  [`${CORE}Secret`]: (secret) => {
    const { stringData } = secret;
    if (!isTree(stringData)) return;
    const encoded = Object.fromEntries(
      Object.entries(stringData).map(([key, text]) => [key, Buffer.from(String(text ?? '')).toString('base64')]),
    );
    secret['data'] = { ...(isTree(secret['data']) ? secret['data'] : {}), ...encoded };
    delete secret['stringData'];
  },
};

/**
 * Applies the defaults of containers in pods, but not in templates: missing requests equal the limits, and with the
 * host's network, host ports equal container ports.
 */
function podContainer(container: JsonObject, hostNetwork: boolean): JsonObject {
  const resources = isTree(container['resources']) ? container['resources'] : undefined;
  const limits = isTree(resources?.['limits']) ? resources['limits'] : undefined;
  const requests = isTree(resources?.['requests']) ? resources['requests'] : {};
  return {
    ...container,
    ...(resources && limits ? { resources: { ...resources, requests: { ...limits, ...requests } } } : {}),
    ...(hostNetwork && isList(container['ports'])
      ? {
          ports: trees(container['ports']).map((port) => ({
            ...port,
            hostPort: port['hostPort'] ?? port['containerPort'] ?? 0,
          })),
        }
      : {}),
  };
}
