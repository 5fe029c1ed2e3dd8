import type { Json, JsonObject } from '#kernel';
import { compareQuantities } from '#kubernetes/quantities';
import { sameJson, type ResourceData, type Schemas } from '#kubernetes/schemas';
import type { KubeObject } from '../../store.ts';
import { causes, type Cause } from '../status.ts';
import { validateMetadata, validateMetadataUpdate } from './metadata.ts';
import { validatePodSpec, validatePodUpdate } from './pod.ts';
import { validateCustom } from './custom.ts';
import { autoscaler, budget, ingress, networkPolicy, service } from './services.ts';
import {
  claim,
  configMap,
  customResourceDefinition,
  event,
  limits,
  quota,
  role,
  roleBinding,
  secret,
  storageClass,
} from './stored.ts';
import { at, tree } from './words.ts';
import { cronJob, daemonSet, deployment, job, replicaSet, statefulSet, type Rule } from './workloads.ts';
import { ruleKind } from '../names.ts';

const KINDS: Readonly<Record<string, Rule>> = {
  ClusterRole: role,
  ClusterRoleBinding: roleBinding(['ClusterRole']),
  ConfigMap: configMap,
  CronJob: cronJob,
  CustomResourceDefinition: customResourceDefinition,
  DaemonSet: daemonSet,
  Deployment: deployment,
  Event: event,
  HorizontalPodAutoscaler: autoscaler,
  Ingress: ingress,
  Job: job,
  LimitRange: limits,
  NetworkPolicy: networkPolicy,
  PersistentVolumeClaim: claim,
  Pod: (spec) => validatePodSpec(spec, 'spec', { restart: ['Always', 'OnFailure', 'Never'] }),
  PodDisruptionBudget: budget,
  ReplicaSet: replicaSet,
  ResourceQuota: quota,
  Role: role,
  RoleBinding: roleBinding(['Role', 'ClusterRole']),
  Secret: secret,
  Service: service,
  StatefulSet: statefulSet,
  StorageClass: storageClass,
};

/**
 * Validates a new object beyond its schema: names, labels, selectors, ports, and references between fields. Messages
 * are the server's own.
 */
export function validate(resource: ResourceData, object: JsonObject, schemas: Schemas): readonly Cause[] {
  const root = resource.custom && schemas.schemaOf(resource);
  return [
    ...validateMetadata(resource, object),
    ...(root ? validateCustom(root, object) : (KINDS[resource.kind]?.(tree(object['spec']), object) ?? [])),
  ];
}

/** Validates a status. Only custom kinds have rules for it, in their schemas. */
export function validateStatus(resource: ResourceData, object: JsonObject, schemas: Schemas): readonly Cause[] {
  const root = resource.custom && schemas.schemaOf(resource);
  return root ? validateCustom(root, object).filter(({ field }) => /^status\b/.test(field)) : [];
}

/** Immutable fields. */
const IMMUTABLE: Readonly<Record<string, readonly (readonly string[])[]>> = {
  DaemonSet: [['spec', 'selector']],
  Deployment: [['spec', 'selector']],
  IngressClass: [['spec', 'controller']],
  Job: [
    ['spec', 'completions'],
    ['spec', 'selector'],
    ['spec', 'template'],
    ['spec', 'completionMode'],
    ['spec', 'podFailurePolicy'],
    ['spec', 'backoffLimitPerIndex'],
  ],
  ReplicaSet: [['spec', 'selector']],
  Secret: [['type']],
};

const STATEFUL_SET_FREE = new Set([
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
]);

/**
 * Validates a change: the resulting object, and fields that cannot change.
 * @param asked the object before the server's metadata was restored
 */
export function validateUpdate(
  resource: ResourceData,
  live: KubeObject,
  next: JsonObject,
  { asked, schemas }: { readonly asked: JsonObject; readonly schemas: Schemas },
): readonly Cause[] {
  return [
    ...validateMetadataUpdate(live, asked),
    ...validate(resource, next, schemas),
    ...validateChange(resource, live, next),
  ];
}

function validateChange(resource: ResourceData, live: KubeObject, next: JsonObject): readonly Cause[] {
  const kind = ruleKind(resource);
  const differs = (path: readonly string[]) => !sameJson(at(live, ...path), at(next, ...path));
  const found: Cause[] = (IMMUTABLE[kind] ?? [])
    .filter(differs)
    .map((path) => causes.invalid(path.join('.'), at(next, ...path) ?? null, 'field is immutable'));
  switch (kind) {
    case 'ConfigMap':
    case 'Secret':
      if (live['immutable'] !== true) break;
      if (next['immutable'] !== true)
        found.push(causes.forbidden('immutable', 'field is immutable when `immutable` is set'));
      for (const field of ['data', 'binaryData'])
        if (differs([field])) found.push(causes.forbidden(field, 'field is immutable when `immutable` is set'));
      break;
    case 'Service':
      found.push(...addressChange(live, next));
      break;
    case 'RoleBinding':
    case 'ClusterRoleBinding':
      if (differs(['roleRef'])) {
        const { apiGroup, kind: of, name } = tree(next['roleRef']);
        found.push(
          causes.invalid(
            'roleRef',
            { APIGroup: apiGroup ?? '', Kind: of ?? '', Name: name ?? '' },
            'cannot change roleRef',
          ),
        );
      }
      break;
    case 'StatefulSet': {
      const names = new Set([...Object.keys(live.spec ?? {}), ...Object.keys(tree(next['spec']))]);
      if ([...names].some((name) => !STATEFUL_SET_FREE.has(name) && differs(['spec', name]))) {
        found.push(
          causes.forbidden(
            'spec',
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
          ),
        );
      }
      break;
    }
    case 'PersistentVolumeClaim': {
      const strip = (spec: Json | undefined): JsonObject => ({
        ...tree(spec),
        resources: null,
        volumeName: null,
        volumeAttributesClassName: null,
      });
      if (!sameJson(strip(live.spec), strip(next['spec'])))
        found.push(
          causes.forbidden(
            'spec',
            'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
          ),
        );
      else if (differs(['spec', 'resources']) && live.status?.['phase'] !== 'Bound')
        found.push(
          causes.forbidden(
            'spec',
            'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
          ),
        );
      if (isShrunk(live, next))
        found.push(causes.forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity'));
      break;
    }
    case 'Pod': {
      const [before, after] = validatePodUpdate(live, next);
      if (!sameJson(before, after))
        found.push(
          causes.forbidden(
            'spec',
            'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
          ),
        );
      break;
    }
    default:
      break;
  }
  return found;
}

/**
 * Returns whether a claim requests less than before, and no more than its volume has. Between these sizes, an expansion
 * can be canceled.
 */
function isShrunk(live: KubeObject, next: JsonObject): boolean {
  const sizeOf = (claim: JsonObject, ...path: string[]) => String(at(claim, ...path, 'storage') ?? '0');
  const wanted = sizeOf(next, 'spec', 'resources', 'requests');
  return (
    compareQuantities(wanted, sizeOf(live, 'spec', 'resources', 'requests')) === -1 &&
    compareQuantities(wanted, sizeOf(live, 'status', 'capacity')) !== 1
  );
}

/** Refuses to change the cluster IP of a Service. */
function addressChange(live: KubeObject, next: JsonObject): Cause[] {
  const [before, after] = [at(live, 'spec', 'clusterIP'), at(next, 'spec', 'clusterIP')];
  if (before === undefined || before === '' || sameJson(before, after)) return [];
  if (at(live, 'spec', 'type') === 'ExternalName' || at(next, 'spec', 'type') === 'ExternalName') return [];
  const given = at(next, 'spec', 'clusterIPs');
  return [
    causes.invalid(
      'spec.clusterIPs[0]',
      Array.isArray(given) && sameJson((given as readonly Json[])[0], after) ? given : [after ?? ''],
      'may not change once set',
    ),
  ];
}
