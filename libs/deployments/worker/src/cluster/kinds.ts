import type { ResourceType } from '#kubernetes';

const kind = (group: string, version: string, name: string, resource: string, namespaced = true): ResourceType => ({
  group,
  version,
  kind: name,
  resource,
  namespaced,
  verbs: [],
});

/** Kinds that all clusters serve, which the worker uses without discovery. */
export const NAMESPACE = kind('', 'v1', 'Namespace', 'namespaces', false);
export const NODE = kind('', 'v1', 'Node', 'nodes', false);
export const CONFIG_MAP = kind('', 'v1', 'ConfigMap', 'configmaps');
export const SECRET = kind('', 'v1', 'Secret', 'secrets');
export const POD = kind('', 'v1', 'Pod', 'pods');
export const POD_METRICS = kind('metrics.k8s.io', 'v1beta1', 'PodMetrics', 'pods');
export const EVENT = kind('', 'v1', 'Event', 'events');
export const SERVICE_ACCOUNT = kind('', 'v1', 'ServiceAccount', 'serviceaccounts');
export const REPLICA_SET = kind('apps', 'v1', 'ReplicaSet', 'replicasets');
export const JOB = kind('batch', 'v1', 'Job', 'jobs');
export const ROLE_BINDING = kind('rbac.authorization.k8s.io', 'v1', 'RoleBinding', 'rolebindings');
export const CLUSTER_ROLE_BINDING = kind(
  'rbac.authorization.k8s.io',
  'v1',
  'ClusterRoleBinding',
  'clusterrolebindings',
  false,
);
