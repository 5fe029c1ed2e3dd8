import type { Json, JsonObject } from '#kernel';
import { sameJson, type ResourceData, type Schemas } from '#kubernetes/schemas';
import { isObject, type KubeObject } from '../store.ts';
import { metadataOf, ruleKind } from './names.ts';
import { hasStatus } from './ownership.ts';
import { listAt } from './reading.ts';
import { qosOf } from './quality-of-service.ts';

/** Built-in kinds with a generation that counts changes of the spec. */
const COUNTED = new Set([
  'CronJob',
  'CustomResourceDefinition',
  'DaemonSet',
  'Deployment',
  'EndpointSlice',
  'Ingress',
  'IngressClass',
  'Job',
  'MutatingWebhookConfiguration',
  'NetworkPolicy',
  'Pod',
  'PodDisruptionBudget',
  'ReplicaSet',
  'ReplicationController',
  'StatefulSet',
  'ValidatingWebhookConfiguration',
]);

const isCounted = (resource: ResourceData): boolean => resource.custom !== undefined || COUNTED.has(resource.kind);

/**
 * Kinds whose generation also counts every write with an empty map or list. Such a value differs from the stored
 * object, which omits it.
 */
const COUNTED_BY_FORM = new Set(['MutatingWebhookConfiguration', 'NetworkPolicy', 'ValidatingWebhookConfiguration']);

/** Metadata that only the server sets. */
const SERVERS = [
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
  'resourceVersion',
  'selfLink',
  'managedFields',
];

/** Prepares a new object for storage, except for managed fields: sets the server's metadata and the initial status. */
export function prepareCreate(
  schemas: Schemas,
  resource: ResourceData,
  object: JsonObject,
  {
    name,
    namespace,
    uid,
    now,
  }: { readonly name: string; readonly namespace: string; readonly uid: string; readonly now: string },
): JsonObject {
  const given = Object.fromEntries(
    Object.entries(metadataOf(object)).filter(([key]) => key === 'generation' || !SERVERS.includes(key)),
  );
  const isNamespace = ruleKind(resource) === 'Namespace';
  const prepared: JsonObject = {
    ...object,
    metadata: {
      ...given,
      name,
      ...(namespace !== '' && { namespace }),
      uid,
      ...(isCounted(resource) && { generation: 1 }),
      creationTimestamp: now,
    },
  };
  const status = firstStatus(schemas, resource, object);
  if (isNamespace) return { ...prepared, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } };
  if (ruleKind(resource) === 'Job') return jobWithSelector(withStatus(prepared, status), uid, name);
  return hasStatus(resource) && ruleKind(resource) !== 'Node' ? withStatus(prepared, status) : prepared;
}

const withStatus = ({ status: _status, ...object }: JsonObject, status: Json | undefined): JsonObject =>
  status === undefined ? object : { ...object, status };

/** Returns the initial status of a kind, which replaces any status in the request. */
function firstStatus(schemas: Schemas, resource: ResourceData, object: JsonObject): Json | undefined {
  if (ruleKind(resource) === 'CustomResourceDefinition')
    return { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: storedVersionsOf(object) };
  if (ruleKind(resource) === 'Pod') return { phase: 'Pending', qosClass: qosOf(object) };
  return schemas.data.defaults[resource.definition]?.find(({ field }) => field === 'status')?.value;
}

const storedVersionsOf = (definition: JsonObject): string[] =>
  listAt(definition, 'spec', 'versions').flatMap((version) =>
    isObject(version) && version['storage'] === true ? [String(version['name'])] : [],
  );

/** Sets the selector of a Job to its UID, unless the Job selects manually. */
function jobWithSelector(job: JsonObject, uid: string, name: string): JsonObject {
  const spec = isObject(job['spec']) ? job['spec'] : {};
  if (spec['manualSelector'] === true) return job;
  const template = isObject(spec['template']) ? spec['template'] : {};
  const metadata = metadataOf(template);
  const labels = isObject(metadata['labels']) ? metadata['labels'] : {};
  const own = {
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
    'controller-uid': uid,
    'job-name': name,
  };
  return {
    ...job,
    metadata: {
      ...metadataOf(job),
      labels: isObject(metadataOf(job)['labels']) ? (metadataOf(job)['labels'] as JsonObject) : { ...own, ...labels },
    },
    spec: {
      ...spec,
      selector: spec['selector'] ?? { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } },
      template: { ...template, metadata: { ...metadata, labels: { ...own, ...labels } } },
    },
  };
}

/**
 * Returns an object after a write to one of its endpoints. Fields that the endpoint does not write keep their stored
 * values.
 * @param hadEmpty whether the request contained empty maps or lists that `next` omits
 */
export function prepareUpdate(
  resource: ResourceData,
  live: KubeObject,
  next: JsonObject,
  { subresource, hadEmpty }: { readonly subresource: string; readonly hadEmpty: boolean },
): JsonObject {
  const given = metadataOf(next);
  const kept = Object.fromEntries(
    SERVERS.flatMap((key) => (live.metadata[key] === undefined ? [] : [[key, live.metadata[key] as Json]])),
  );
  const free = Object.fromEntries(Object.entries(given).filter(([key]) => !SERVERS.includes(key)));
  const names = {
    name: live.metadata.name,
    ...(live.metadata.namespace !== undefined && { namespace: live.metadata.namespace }),
  };
  if (subresource === 'status') {
    const { status } = next;
    const labels = live.metadata.labels;
    const { labels: _labels, ownerReferences: _owners, ...rest } = free;
    const owners = live.metadata.ownerReferences;
    const metadata = {
      ...rest,
      ...(labels && { labels }),
      ...(owners && { ownerReferences: owners }),
      ...names,
      ...kept,
    };
    return { ...withStatus(live, withNulls(resource, status)), metadata };
  }
  const whole: JsonObject = hasStatus(resource) ? withStatus(next, live.status) : next;
  // Changed annotations count because they are copied to ReplicaSets.
  const isNoted =
    ruleKind(resource) === 'Deployment' && !sameJson(live.metadata.annotations ?? {}, free['annotations'] ?? {});
  const isRaised =
    isCounted(resource) &&
    (isNoted ||
      (hadEmpty && COUNTED_BY_FORM.has(ruleKind(resource))) ||
      !sameJson(asked(resource, live), asked(resource, whole)));
  const generation =
    typeof live.metadata.generation === 'number' ? { generation: live.metadata.generation + (isRaised ? 1 : 0) } : {};
  const settled = keptSpec(resource, live, { ...whole, metadata: free });
  return { ...settled, metadata: { ...metadataOf(settled), ...names, ...kept, ...generation } };
}

/** Adds members of a status that a server writes as null. */
function withNulls(resource: ResourceData, status: Json | undefined): Json | undefined {
  const kind = ruleKind(resource);
  if (!isObject(status)) return status;
  if (kind === 'HorizontalPodAutoscaler') return { currentMetrics: null, ...status };
  if (kind !== 'Pod' || !Array.isArray(status['conditions'])) return status;
  return {
    ...status,
    conditions: (status['conditions'] as readonly Json[]).map((condition) =>
      isObject(condition) ? { lastProbeTime: null, ...condition } : condition,
    ),
  };
}

/**
 * Returns everything except metadata and status. For a custom kind without a status endpoint, status counts as part of
 * the spec.
 */
function asked(resource: ResourceData, object: JsonObject): JsonObject {
  const { metadata: _metadata, kind: _kind, apiVersion: _version, status, ...rest } = object;
  return resource.custom && !hasStatus(resource) && status !== undefined ? { ...rest, status } : rest;
}

/** Restores fields that an update cannot change. */
function keptSpec(resource: ResourceData, live: KubeObject, next: JsonObject): JsonObject {
  if (ruleKind(resource) === 'Namespace') return { ...next, ...(live.spec && { spec: live.spec }) };
  if (ruleKind(resource) === 'DaemonSet') return withTemplateGeneration(live, next);
  return next;
}

/** Maintains the annotation that counts template changes of a DaemonSet, for older clients. */
function withTemplateGeneration(live: KubeObject, next: JsonObject): JsonObject {
  const isChanged = !sameJson(
    live.spec?.['template'] ?? null,
    isObject(next['spec']) ? (next['spec']['template'] ?? null) : null,
  );
  const before = Number(live.metadata.annotations?.[TEMPLATE_GENERATION] ?? 1);
  const metadata = metadataOf(next);
  return {
    ...next,
    metadata: {
      ...metadata,
      annotations: {
        ...(isObject(metadata['annotations']) ? metadata['annotations'] : {}),
        [TEMPLATE_GENERATION]: String(isChanged ? before + 1 : before),
      },
    },
  };
}

const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';
