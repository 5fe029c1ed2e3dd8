import type { Cluster, Controller, Requeue } from '../controller.ts';
import type { KubeObject, ObjectKey } from '../store.ts';
import { conditionsOf, withCondition, type Condition } from './conditions.ts';
import { isDeleting, listAt } from './fields.ts';
import { CONTROLLERS } from './managers.ts';

const LOOK_MS = 250;
/** Number of objects deleted in one step. */
const AT_ONCE = 10;
/** Root certificate in every namespace. It is a placeholder, because the sandbox has no certificate authority. */
const ROOT_CA = { 'ca.crt': '# simulated: the sandbox has no certificate authority\n' };

const spaceOf = (namespace: string): readonly ObjectKey[] => [
  { resource: 'namespaces', namespace: '', name: namespace },
];

/**
 * Creates the default objects of a namespace. Deletes all objects of a namespace that is being deleted before the
 * namespace itself.
 */
export function namespaceController(): Controller {
  return {
    name: 'namespace',
    watches: [
      { resource: 'namespaces' },
      {
        resource: 'serviceaccounts',
        keys: ({ type, key }) => (type === 'DELETED' && key.name === 'default' ? spaceOf(key.namespace) : []),
      },
      {
        resource: 'configmaps',
        keys: ({ type, key }) => (type !== 'ADDED' && key.name === 'kube-root-ca.crt' ? spaceOf(key.namespace) : []),
      },
    ],
    reconcile(key, cluster) {
      const space = cluster.store.get(key);
      if (!space) return undefined;
      if (isDeleting(space)) return terminate(space, cluster);
      furnish(space.metadata.name, cluster);
      return undefined;
    },
  };
}

function furnish(namespace: string, cluster: Cluster): void {
  if (!cluster.store.get({ resource: 'serviceaccounts', namespace, name: 'default' }))
    cluster.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } }, CONTROLLERS);
  const published = cluster.store.get({ resource: 'configmaps', namespace, name: 'kube-root-ca.crt' });
  const metadata = {
    annotations: {
      'kubernetes.io/description':
        'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
    },
  };
  if (!published)
    cluster.create(
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { ...metadata, name: 'kube-root-ca.crt', namespace },
        data: ROOT_CA,
      },
      CONTROLLERS,
    );
  else if (JSON.stringify(published['data']) !== JSON.stringify(ROOT_CA))
    cluster.update({ ...published, data: ROOT_CA }, CONTROLLERS);
}

/**
 * Deletes the objects of a namespace. Objects with finalizers or a grace period remain for a time and are listed in its
 * status.
 */
function terminate(space: KubeObject, cluster: Cluster): Requeue | undefined {
  const namespace = space.metadata.name;
  let deleted = 0;
  for (const resource of cluster.store.resourcesIn(namespace)) {
    for (const object of cluster.store.list(resource, { namespace })) {
      if (isDeleting(object)) continue;
      if (deleted++ === AT_ONCE) return { afterMs: 0 };
      cluster.delete(
        { resource, namespace, name: object.metadata.name },
        { propagation: 'Background', uid: object.metadata.uid },
      );
    }
  }
  const left = cluster.store.resourcesIn(namespace).filter((resource) => cluster.store.count(resource, namespace) > 0);
  const conditions = remaining(namespace, left, cluster).reduce(
    (list, condition) => withCondition(list, condition, cluster.timestamp()),
    conditionsOf(space.status),
  );
  const written = cluster.updateStatus(
    { ...space, status: { ...space.status, phase: 'Terminating', conditions } },
    CONTROLLERS,
  );
  if (left.length > 0) return { afterMs: LOOK_MS };
  const current = written.ok ? written.value : space;
  cluster.update(
    {
      ...current,
      spec: {
        ...current.spec,
        finalizers: listAt(current, 'spec', 'finalizers').filter((name) => name !== 'kubernetes'),
      },
    },
    CONTROLLERS,
  );
  return undefined;
}

function remaining(namespace: string, left: readonly string[], { store }: Cluster): readonly Condition[] {
  const held = new Map<string, number>();
  for (const object of left.flatMap((resource) => store.list(resource, { namespace })))
    for (const name of object.metadata.finalizers ?? []) held.set(name, (held.get(name) ?? 0) + 1);
  const counts = [...left]
    .sort()
    .map(
      (resource) =>
        `${resource.includes('.') ? resource : `${resource}.`} has ${store.count(resource, namespace)} resource instances`,
    );
  const finalizers = [...held].sort().map(([name, count]) => `${name} in ${count} resource instances`);
  return [
    {
      type: 'NamespaceDeletionDiscoveryFailure',
      status: 'False',
      reason: 'ResourcesDiscovered',
      message: 'All resources successfully discovered',
    },
    {
      type: 'NamespaceDeletionGroupVersionParsingFailure',
      status: 'False',
      reason: 'ParsedGroupVersions',
      message: 'All legacy kube types successfully parsed',
    },
    {
      type: 'NamespaceDeletionContentFailure',
      status: 'False',
      reason: 'ContentDeleted',
      message: 'All content successfully deleted, may be waiting on finalization',
    },
    counts.length > 0
      ? {
          type: 'NamespaceContentRemaining',
          status: 'True',
          reason: 'SomeResourcesRemain',
          message: `Some resources are remaining: ${counts.join(', ')}`,
        }
      : {
          type: 'NamespaceContentRemaining',
          status: 'False',
          reason: 'ContentRemoved',
          message: 'All content successfully removed',
        },
    finalizers.length > 0
      ? {
          type: 'NamespaceFinalizersRemaining',
          status: 'True',
          reason: 'SomeFinalizersRemain',
          message: `Some content in the namespace has finalizers remaining: ${finalizers.join(', ')}`,
        }
      : {
          type: 'NamespaceFinalizersRemaining',
          status: 'False',
          reason: 'ContentHasNoFinalizers',
          message: 'All content-preserving finalizers finished',
        },
  ];
}
