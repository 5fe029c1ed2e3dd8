import type { KubernetesObject, ResourceType } from '#kubernetes';
import { at, list, text } from '../cluster/json.ts';

/** Last to first: exposed objects are deleted before the objects behind them, definitions last. */
const DELETION_ORDER: readonly (readonly string[])[] = [
  ['Ingress', 'HorizontalPodAutoscaler'],
  ['CronJob', 'Job', 'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController', 'Pod'],
  ['Service', 'Endpoints', 'EndpointSlice'],
  ['PersistentVolumeClaim', 'ConfigMap', 'Secret'],
  ['RoleBinding', 'Role', 'ServiceAccount', 'NetworkPolicy', 'PodDisruptionBudget', 'LimitRange', 'ResourceQuota'],
  ['ClusterRoleBinding', 'ClusterRole', 'StorageClass', 'PersistentVolume'],
  ['CustomResourceDefinition'],
  ['Namespace'],
];
/** Other kinds, mostly custom resources, are deleted with the workloads, before their definitions. */
const DEFAULT_RANK = 1;

const rank = (kind: string): number => {
  const found = DELETION_ORDER.findIndex((kinds) => kinds.includes(kind));
  return found === -1 ? DEFAULT_RANK : found;
};

/** Groups entries in the order of their deletion, which is the reverse of the order in which they were applied. */
export function deletionOrder<E extends { readonly key: { readonly kind: string } }>(
  entries: readonly E[],
): readonly (readonly E[])[] {
  const groups = DELETION_ORDER.map((): E[] => []);
  for (const entry of entries) groups[rank(entry.key.kind)]?.push(entry);
  return groups.filter((group) => group.length > 0);
}

/** Returns why a deleted object still exists: `Deployment/web is waiting for finalizer acme.dev/hold`. */
export function deletionBlockerOf(object: KubernetesObject): string {
  const finalizers = list(object.metadata['finalizers']).map(String);
  const name = `${object.kind}/${object.metadata.name}`;
  if (finalizers.length === 0) return `${name} is terminating`;
  if (finalizers.every((finalizer) => finalizer === 'foregroundDeletion'))
    return `${name} is waiting for its dependents`;
  return `${name} is waiting for finalizer ${finalizers.join(', ')}`;
}

/** Returns why a namespace is not deleted, from its conditions. */
export function namespaceBlockersOf(namespace: KubernetesObject): string {
  const conditions = list(at(namespace, 'status', 'conditions'));
  const conditionTypes = [
    'NamespaceFinalizersRemaining',
    'NamespaceContentRemaining',
    'NamespaceDeletionContentFailure',
    'NamespaceDeletionDiscoveryFailure',
  ];
  const messages = conditionTypes.flatMap((type) =>
    conditions
      .filter((condition) => text(at(condition, 'type')) === type && text(at(condition, 'status')) === 'True')
      .flatMap((condition) => text(at(condition, 'message')) ?? []),
  );
  return `namespace ${namespace.metadata.name} is terminating${messages.length === 0 ? '' : `: ${messages.join('; ')}`}`;
}

/** Returns the kind that a CustomResourceDefinition defines, or undefined if it is invalid. */
export function definedType(definition: KubernetesObject): ResourceType | undefined {
  const group = text(at(definition, 'spec', 'group'));
  const kind = text(at(definition, 'spec', 'names', 'kind'));
  const resource = text(at(definition, 'spec', 'names', 'plural'));
  const served = list(at(definition, 'spec', 'versions')).find((version) => at(version, 'served') === true);
  const version = text(at(served, 'name'));
  if (group === undefined || kind === undefined || resource === undefined || version === undefined) return undefined;
  return { group, version, kind, resource, namespaced: at(definition, 'spec', 'scope') === 'Namespaced', verbs: [] };
}

/** Kinds that exist in all namespaces or are insignificant. */
const IGNORED_KINDS = new Set([
  'Event',
  'Lease',
  'Endpoints',
  'EndpointSlice',
  'ControllerRevision',
  'PodMetrics',
  'LocalSubjectAccessReview',
  'Binding',
]);

/** Returns whether objects of a kind can prevent the deletion of a namespace that the platform created. */
export const isRelevantKind = ({ kind, namespaced, verbs }: ResourceType): boolean =>
  namespaced && !IGNORED_KINDS.has(kind) && (verbs.length === 0 || verbs.includes('list'));

/**
 * Returns whether an object belongs to somebody else: it was not created by a controller, and does not exist in all
 * namespaces.
 */
export function isForeign(
  object: KubernetesObject,
  kind: string,
  applicationLabel: string,
  applicationId: string,
): boolean {
  const { name, labels, deletionTimestamp } = object.metadata;
  if (list(object.metadata['ownerReferences']).length > 0 || deletionTimestamp !== undefined) return false;
  if (kind === 'ServiceAccount' && name === 'default') return false;
  if (kind === 'ConfigMap' && (name === 'kube-root-ca.crt' || name === 'openshift-service-ca.crt')) return false;
  if (kind === 'Secret' && text(object['type']) === 'kubernetes.io/service-account-token') return false;
  if ((kind === 'RoleBinding' || kind === 'Role') && labels?.['app.kubernetes.io/managed-by'] === 'astro-platform')
    return false;
  return labels?.[applicationLabel] !== applicationId;
}

/** Maximum number of names in a message about kept objects. */
const SHOWN = 30;

/** Returns a message about the objects that a deletion with `orphan` keeps. @param kept short names */
export function keptMessage(kept: readonly string[]): string {
  if (kept.length === 0) return 'no objects were on the cluster';
  const more = kept.length > SHOWN ? ` and ${kept.length - SHOWN} more` : '';
  const what = kept.length === 1 ? '1 object remains' : `${kept.length} objects remain`;
  return `${what} on the cluster: ${kept.slice(0, SHOWN).join(', ')}${more}`;
}
