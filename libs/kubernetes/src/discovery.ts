import type { Discovery } from './client.ts';
import { apiVersionOf, at, groupKind, list, text, type ResourceType } from './objects.ts';

/** Returns the kinds of an aggregated discovery document (`APIGroupDiscoveryList`). */
export function typesOfAggregated(document: unknown): ResourceType[] {
  return list(at(document, 'items')).flatMap((item) => {
    const group = text(at(item, 'metadata', 'name')) ?? '';
    return list(at(item, 'versions')).flatMap((entry) => {
      const version = text(at(entry, 'version')) ?? '';
      return list(at(entry, 'resources')).map((resource) => ({
        group,
        version,
        kind: text(at(resource, 'responseKind', 'kind')) ?? '',
        resource: text(at(resource, 'resource')) ?? '',
        namespaced: at(resource, 'scope') === 'Namespaced',
        verbs: list(at(resource, 'verbs')).filter((verb) => typeof verb === 'string'),
      }));
    });
  });
}

/** Returns the kinds of one `APIResourceList`, the older format, without subresources (`pods/log`). */
export function typesOfResourceList(document: unknown, group: string, version: string): ResourceType[] {
  return list(at(document, 'resources')).flatMap((resource) => {
    const name = text(at(resource, 'name')) ?? '';
    if (name === '' || name.includes('/')) return [];
    const verbs = list(at(resource, 'verbs')).filter((verb) => typeof verb === 'string');
    return [
      {
        group,
        version,
        kind: text(at(resource, 'kind')) ?? '',
        resource: name,
        namespaced: at(resource, 'namespaced') === true,
        verbs,
      },
    ];
  });
}

/** Creates lookups of kinds. Versions must be in the server's order of preference. */
export function discoveryOf(types: readonly ResourceType[]): Discovery {
  const exact = new Map<string, ResourceType>();
  const first = new Map<string, ResourceType>();
  for (const type of types) {
    const name = `${apiVersionOf(type)}/${type.kind}`;
    if (!exact.has(name)) exact.set(name, type);
    if (!first.has(groupKind(type))) first.set(groupKind(type), type);
  }
  return {
    types,
    find: (apiVersion, kind) => exact.get(`${apiVersion}/${kind}`),
    preferred: (group, kind) => first.get(groupKind({ group, kind })),
  };
}

const core = (kind: string, resource: string, namespaced: boolean): ResourceType => ({
  group: '',
  version: 'v1',
  kind,
  resource,
  namespaced,
  verbs: [],
});

/** Kinds that this library uses itself, so that it needs no discovery for them. */
export const TYPES = {
  namespace: core('Namespace', 'namespaces', false),
  configMap: core('ConfigMap', 'configmaps', true),
  secret: core('Secret', 'secrets', true),
  pod: core('Pod', 'pods', true),
  service: core('Service', 'services', true),
  serviceAccount: core('ServiceAccount', 'serviceaccounts', true),
  persistentVolumeClaim: core('PersistentVolumeClaim', 'persistentvolumeclaims', true),
  event: core('Event', 'events', true),
  node: core('Node', 'nodes', false),
  deployment: {
    group: 'apps',
    version: 'v1',
    kind: 'Deployment',
    resource: 'deployments',
    namespaced: true,
    verbs: [],
  },
  replicaSet: {
    group: 'apps',
    version: 'v1',
    kind: 'ReplicaSet',
    resource: 'replicasets',
    namespaced: true,
    verbs: [],
  },
  statefulSet: {
    group: 'apps',
    version: 'v1',
    kind: 'StatefulSet',
    resource: 'statefulsets',
    namespaced: true,
    verbs: [],
  },
  daemonSet: { group: 'apps', version: 'v1', kind: 'DaemonSet', resource: 'daemonsets', namespaced: true, verbs: [] },
  job: { group: 'batch', version: 'v1', kind: 'Job', resource: 'jobs', namespaced: true, verbs: [] },
  customResourceDefinition: {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    kind: 'CustomResourceDefinition',
    resource: 'customresourcedefinitions',
    namespaced: false,
    verbs: [],
  },
} as const satisfies Record<string, ResourceType>;
