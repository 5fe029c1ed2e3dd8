import type { JsonObject } from '#kernel';
import type { Cluster, Controller, Requeue } from '../controller.ts';
import { resourceName, type KubeObject } from '../store.ts';
import { conditionIn, conditionsOf, withCondition } from './conditions.ts';
import { isDeleting, objectAt, textAt } from './fields.ts';
import { CLEANUP } from '../api/deleting.ts';

export const DEFINITIONS = 'customresourcedefinitions.apiextensions.k8s.io';
/** Field manager: on a real cluster, these controllers are part of the API server. */
const APISERVER = 'apiserver';
const LOOK_MS = 250;
/** Number of objects deleted in one step. */
const AT_ONCE = 50;

/** Returns whether the kinds of a definition are served. */
export const isEstablished = (definition: KubeObject): boolean =>
  textAt(conditionIn(conditionsOf(definition.status), 'Established'), 'status') === 'True';

/** Returns the resource of a definition's objects, as used in keys. */
const resourceOf = (definition: KubeObject): string =>
  resourceName(textAt(definition, 'spec', 'names', 'plural') ?? '', textAt(definition, 'spec', 'group') ?? '');

/**
 * Establishes CustomResourceDefinitions. Deletes the objects of a definition that is being deleted before the
 * definition itself.
 */
export function customKindController(): Controller {
  return {
    name: 'custom-kinds',
    watches: [{ resource: DEFINITIONS }],
    reconcile(key, cluster) {
      const definition = cluster.store.get(key);
      if (!definition) return undefined;
      return isDeleting(definition) ? clean(definition, cluster) : void establish(definition, cluster);
    },
  };
}

function establish(definition: KubeObject, cluster: Cluster): void {
  const now = cluster.timestamp();
  const accepted = withCondition(
    conditionsOf(definition.status),
    { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' },
    now,
  );
  const conditions = withCondition(
    accepted,
    {
      type: 'Established',
      status: 'True',
      reason: 'InitialNamesAccepted',
      message: 'the initial names have been accepted',
    },
    now,
  );
  const status: JsonObject = { ...definition.status, conditions, acceptedNames: objectAt(definition, 'spec', 'names') };
  cluster.updateStatus({ ...definition, status }, APISERVER);
}

function clean(definition: KubeObject, cluster: Cluster): Requeue | undefined {
  const { finalizers = [] } = definition.metadata;
  if (!finalizers.includes(CLEANUP)) return undefined;
  const conditions = withCondition(
    conditionsOf(definition.status),
    {
      type: 'Terminating',
      status: 'True',
      reason: 'InstanceDeletionInProgress',
      message: 'CustomResource deletion is in progress',
    },
    cluster.timestamp(),
  );
  const written = cluster.updateStatus({ ...definition, status: { ...definition.status, conditions } }, APISERVER);
  const resource = resourceOf(definition);
  const objects = cluster.store.list(resource);
  for (const { metadata: found } of objects.filter((object) => !isDeleting(object)).slice(0, AT_ONCE))
    cluster.delete({ resource, namespace: found.namespace ?? '', name: found.name }, { uid: found.uid });
  if (cluster.store.count(resource) > 0) return { afterMs: LOOK_MS };
  const kept = finalizers.filter((name) => name !== CLEANUP);
  const current = written.ok ? written.value : definition;
  const { finalizers: _held, ...rest } = current.metadata;
  cluster.update({ ...current, metadata: kept.length > 0 ? { ...rest, finalizers: kept } : rest }, APISERVER);
  return undefined;
}
