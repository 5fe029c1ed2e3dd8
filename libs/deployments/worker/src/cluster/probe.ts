import type { AccessQuestion } from '#kubernetes';

/** A permission that the platform needs on a cluster, and its description if it is missing. */
export interface NeededRight extends AccessQuestion {
  readonly words: string;
}

const inNamespaces = (verb: string, group: string, resource: string, subresource?: string): NeededRight => ({
  verb,
  group,
  resource,
  ...(subresource !== undefined && { subresource }),
  words: `${verb} ${subresource === undefined ? resource : `${resource}/${subresource}`} in namespaces`,
});
const overall = (verb: string, group: string, resource: string): NeededRight => ({
  verb,
  group,
  resource,
  words: `${verb} ${resource}`,
});

/**
 * Permissions for rollouts, observation, logs and tokens. Apply needs patch, and create for objects that do not exist.
 */
export const NEEDED_RIGHTS: readonly NeededRight[] = [
  overall('get', '', 'namespaces'),
  overall('create', '', 'namespaces'),
  overall('patch', '', 'namespaces'),
  overall('delete', '', 'namespaces'),
  ...['create', 'patch', 'delete', 'list', 'watch'].map((verb) => inNamespaces(verb, 'apps', 'deployments')),
  ...['services', 'configmaps', 'secrets'].flatMap((resource) =>
    ['create', 'patch', 'delete'].map((verb) => inNamespaces(verb, '', resource)),
  ),
  inNamespaces('list', 'apps', 'replicasets'),
  inNamespaces('list', '', 'pods'),
  inNamespaces('get', '', 'pods', 'log'),
  inNamespaces('list', '', 'events'),
  inNamespaces('create', '', 'serviceaccounts'),
  inNamespaces('create', '', 'serviceaccounts', 'token'),
  inNamespaces('delete', '', 'serviceaccounts'),
  inNamespaces('create', 'rbac.authorization.k8s.io', 'rolebindings'),
  inNamespaces('delete', 'rbac.authorization.k8s.io', 'rolebindings'),
];
