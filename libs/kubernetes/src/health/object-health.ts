import { at, groupOf, list, number, record, text, type KubernetesObject } from '../objects.ts';
import { HEALTH_ANNOTATION } from '../ownership.ts';
import { conditionOf, type Condition } from './conditions.ts';
import { healthByRules, kindHealthOf, type KindHealth } from './health-rules.ts';
import type { Health, HealthState } from './health.types.ts';
import { KNOWN_KINDS } from './known-kinds.ts';
import { podHealth } from './pod-failure.ts';

const healthy: Health = { state: 'Healthy', message: '' };
const verdict = (state: HealthState, message: string): Health => ({ state, message });
const progressing = (message: string): Health => verdict('Progressing', message);

/** Milliseconds in which a custom controller should have written a status. */
const GRACE_MS = 5_000;
/** Milliseconds to wait for an Ingress's address, which many clusters never set. */
const ADDRESS_WITHIN_MS = 60_000;
/** Milliseconds for which a condition may be False before it counts as a failure, as long as a Deployment may take. */
const READY_WITHIN_MS = 600_000;

export interface HealthOptions {
  /** Milliseconds since 1970, for rules that depend on time. Without it, all grace periods have passed. */
  readonly nowMs?: number;
  /** Rules of the cluster for kinds of its own. They replace those for known kinds. */
  readonly kinds?: readonly KindHealth[] | undefined;
}

/**
 * Returns the health of one live object from its own status: by its annotation, by the rules of kstatus for
 * generations, by those of the cluster and of known kinds, by Stalled and Reconciling, then by those of built-in kinds
 * or by common conditions. Pods of a workload are not considered.
 */
export function healthOf(object: KubernetesObject, { nowMs, kinds = [] }: HealthOptions = {}): Health {
  const { metadata } = object;
  if (metadata.deletionTimestamp !== undefined) {
    const held = metadata.finalizers ?? [];
    return verdict('Terminating', held.length > 0 ? `held by ${held.join(', ')}` : 'is being deleted');
  }
  const annotation = metadata.annotations?.[HEALTH_ANNOTATION];
  if (annotation === 'ignore') return healthy;
  if (object.kind === 'Deployment' && at(object, 'spec', 'paused') === true) return verdict('Suspended', 'is paused');
  const observed = generationIn(at(object, 'status', 'observedGeneration'));
  if (observed !== undefined && metadata.generation !== undefined && observed < metadata.generation)
    return progressing('the change has not been observed yet');
  if (annotation?.startsWith('condition:') === true) return byCondition(object, annotation.slice('condition:'.length));
  const named = { group: groupOf(object.apiVersion), kind: object.kind };
  const entry = kindHealthOf(kinds, named) ?? kindHealthOf(KNOWN_KINDS, named);
  const given = entry && healthByRules(object, entry);
  if (given) return given;
  const stalled = conditionOf(object, 'Stalled');
  if (stalled?.status === 'True') return verdict('Degraded', stalled.message || stalled.reason);
  const reconciling = conditionOf(object, 'Reconciling');
  if (reconciling?.status === 'True') return progressing(reconciling.message);
  const ageMs =
    nowMs === undefined || metadata.creationTimestamp === undefined
      ? Number.POSITIVE_INFINITY
      : nowMs - Date.parse(metadata.creationTimestamp);
  // Custom groups also have kinds such as Service, Job, or StatefulSet.
  const rule = isOwnGroup(named.group) ? KINDS[object.kind] : undefined;
  return (rule ?? otherKind)(object, { ageMs, nowMs });
}

/** Argo Rollouts writes the generation as text. */
const generationIn = (value: unknown): number | undefined =>
  number(value) ?? (typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : undefined);

/** Evaluates an object by the one condition that its annotation names. */
function byCondition(object: KubernetesObject, type: string): Health {
  const condition = conditionOf(object, type);
  if (!condition || condition.isOfThePast) return progressing(`has no current condition ${type} yet`);
  return condition.status === 'True' ? healthy : progressing(condition.message || condition.reason);
}

/** Returns whether a group belongs to Kubernetes itself: it has no dot, or ends with k8s.io. */
const isOwnGroup = (group: string): boolean => !group.includes('.') || group.endsWith('.k8s.io');

interface Time {
  /** Milliseconds since the object was created; infinite if unknown. */
  readonly ageMs: number;
  readonly nowMs: number | undefined;
}

type Rule = (object: KubernetesObject, time: Time) => Health;

const count = (object: KubernetesObject, ...path: string[]): number => number(at(object, ...path)) ?? 0;

const deployment: Rule = (object) => {
  const failure = conditionOf(object, 'ReplicaFailure');
  if (failure?.status === 'True')
    return { ...verdict('Degraded', failure.message), ...replicaFailureCode(failure.message) };
  const progress = conditionOf(object, 'Progressing');
  if (progress?.reason === 'ProgressDeadlineExceeded')
    return { state: 'Degraded', message: progress.message, code: 'deployments/rollout-stuck' };
  if (number(at(object, 'status', 'observedGeneration')) === undefined) return progressing('has not been observed yet');
  const wanted = number(at(object, 'spec', 'replicas')) ?? 1;
  const updated = count(object, 'status', 'updatedReplicas');
  const available = count(object, 'status', 'availableReplicas');
  const ready = count(object, 'status', 'readyReplicas');
  const all = count(object, 'status', 'replicas');
  if (updated < wanted) return progressing(`${updated}/${wanted} updated`);
  if (all > updated) return progressing(`${all - updated} old ending`);
  if (available < updated || ready < wanted) return progressing(`${Math.min(available, ready)}/${wanted} available`);
  return healthy;
};

/** Returns the code of a quota or Pod Security violation because of which pods cannot be created. */
function replicaFailureCode(message: string): Pick<Health, 'code'> {
  if (/exceeded quota|failed quota/.test(message)) return { code: 'deployments/quota-limit' };
  if (/violates PodSecurity/.test(message)) return { code: 'deployments/pod-security' };
  return {};
}

const replicaSet: Rule = (object) => {
  const failure = conditionOf(object, 'ReplicaFailure');
  if (failure?.status === 'True')
    return { ...verdict('Degraded', failure.message), ...replicaFailureCode(failure.message) };
  const wanted = number(at(object, 'spec', 'replicas')) ?? 1;
  const available = count(object, 'status', 'availableReplicas');
  const all = count(object, 'status', 'replicas');
  if (all > wanted) return progressing(`${all - wanted} surplus pods ending`);
  return available < wanted ? progressing(`${available}/${wanted} available`) : healthy;
};

const statefulSet: Rule = (object) => {
  if (!(count(object, 'status', 'observedGeneration') > 0)) return progressing('has not been observed yet');
  const wanted = number(at(object, 'spec', 'replicas')) ?? 1;
  const ready = count(object, 'status', 'readyReplicas');
  if (ready < wanted) return progressing(`${ready}/${wanted} ready`);
  const all = count(object, 'status', 'replicas');
  if (all > wanted) return progressing(`${all - wanted} surplus pods ending`);
  if (at(object, 'spec', 'updateStrategy', 'type') === 'OnDelete') return healthy;
  const partition = count(object, 'spec', 'updateStrategy', 'rollingUpdate', 'partition');
  const updated = count(object, 'status', 'updatedReplicas');
  if (partition > 0)
    return updated < wanted - partition ? progressing(`${updated}/${wanted - partition} updated`) : healthy;
  return at(object, 'status', 'updateRevision') === at(object, 'status', 'currentRevision')
    ? healthy
    : progressing(`${updated}/${wanted} updated`);
};

const daemonSet: Rule = (object) => {
  const wanted = number(at(object, 'status', 'desiredNumberScheduled'));
  if (wanted === undefined) return progressing('has not been observed yet');
  if (at(object, 'spec', 'updateStrategy', 'type') === 'OnDelete') return healthy;
  const updated = count(object, 'status', 'updatedNumberScheduled');
  const available = count(object, 'status', 'numberAvailable');
  if (updated < wanted) return progressing(`${updated}/${wanted} updated`);
  return available < wanted ? progressing(`${available}/${wanted} available`) : healthy;
};

const job: Rule = (object) => {
  const failed = conditionOf(object, 'Failed');
  if (failed?.status === 'True')
    return { state: 'Degraded', message: failed.message || failed.reason, code: 'deployments/job-failed', final: true };
  if (conditionOf(object, 'Complete')?.status === 'True') return healthy;
  return conditionOf(object, 'Suspended')?.status === 'True'
    ? verdict('Suspended', 'is suspended')
    : progressing(`${count(object, 'status', 'active')} running`);
};

const hasAddress = (object: KubernetesObject): boolean =>
  list(at(object, 'status', 'loadBalancer', 'ingress')).length > 0;

const KINDS: Readonly<Record<string, Rule>> = {
  Deployment: deployment,
  ReplicaSet: replicaSet,
  ReplicationController: replicaSet,
  StatefulSet: statefulSet,
  DaemonSet: daemonSet,
  Job: job,
  CronJob: (object) => cronJob(object),
  Pod: (object, { ageMs }) => podHealth(object, ageMs),
  Service: (object) =>
    at(object, 'spec', 'type') === 'LoadBalancer' && !hasAddress(object)
      ? progressing('waiting for an address')
      : healthy,
  Ingress: (object, { ageMs }) => {
    if (hasAddress(object)) return healthy;
    return ageMs > ADDRESS_WITHIN_MS ? verdict('Healthy', 'has no address') : progressing('waiting for an address');
  },
  PersistentVolumeClaim: (object) => {
    const phase = at(object, 'status', 'phase');
    if (phase === 'Lost')
      return { state: 'Degraded', message: 'its volume is lost', code: 'deployments/volume-not-bound', final: true };
    if (phase === 'Bound') return healthy;
    return progressing(phase === 'Pending' || phase === undefined ? 'is not bound yet' : String(phase));
  },
  HorizontalPodAutoscaler: (object) => {
    const able = conditionOf(object, 'AbleToScale');
    const active = conditionOf(object, 'ScalingActive');
    if (able?.status === 'False' && /^Failed(GetScale|UpdateScale)$/.test(able.reason))
      return { ...verdict('Degraded', able.message), code: 'deployments/scale-failed' };
    // Without metrics, it cannot scale, but its target keeps running. This is reported, but is not a failure.
    if (active?.status === 'False' && active.reason === 'InvalidSelector') return verdict('Degraded', active.message);
    return healthy;
  },
  PodDisruptionBudget: (object) => {
    const allowed = conditionOf(object, 'DisruptionAllowed');
    return allowed?.status === 'False' && allowed.reason === 'SyncFailed'
      ? verdict('Degraded', allowed.message)
      : healthy;
  },
  GatewayClass: (object) => gatewayState(object, object['status'], ['Accepted']),
  Gateway: (object) => gateway(object),
  HTTPRoute: (object) => route(object),
  GRPCRoute: (object) => route(object),
  TLSRoute: (object) => route(object),
  TCPRoute: (object) => route(object),
  UDPRoute: (object) => route(object),
  VolumeSnapshot: (object) => {
    if (at(object, 'status', 'readyToUse') === true) return healthy;
    const error = text(at(object, 'status', 'error', 'message'));
    return error === undefined ? progressing('is not ready to use yet') : verdict('Degraded', error);
  },
  Namespace: (object) =>
    at(object, 'status', 'phase') === 'Terminating' ? verdict('Terminating', 'is being deleted') : healthy,
  CustomResourceDefinition: (object) => {
    const names = conditionOf(object, 'NamesAccepted');
    if (names?.status === 'False') return verdict('Degraded', names.message);
    const established = conditionOf(object, 'Established');
    if (established?.status === 'True') return healthy;
    return established && established.reason !== 'Installing'
      ? verdict('Degraded', established.message)
      : progressing('not served yet');
  },
  APIService: (object) =>
    conditionOf(object, 'Available')?.status === 'True' ? healthy : progressing('is not available yet'),
};

/**
 * Evaluates conditions of the Gateway API, of the object or of one parent of a route. False means refused, except that
 * a Gateway which waits for its address or for its setup is only not programmed yet.
 */
function gatewayState(object: KubernetesObject, holder: unknown, types: readonly string[]): Health {
  for (const type of types) {
    const condition = conditionOf(object, type, holder);
    if (!condition || condition.status === 'Unknown' || condition.isOfThePast) return progressing(`is not ${type} yet`);
    if (condition.status === 'True') continue;
    const isUnderWay = type === 'Programmed' && ['Pending', 'AddressNotAssigned'].includes(condition.reason);
    return verdict(isUnderWay ? 'Progressing' : 'Degraded', condition.message || condition.reason);
  }
  return healthy;
}

/** Returns the worst state of a Gateway and its listeners, one of which may lack its certificate. */
function gateway(object: KubernetesObject): Health {
  return worstOf([
    gatewayState(object, object['status'], ['Accepted', 'Programmed']),
    ...list(at(object, 'status', 'listeners')).map((listener): Health => {
      const refused = ['Accepted', 'ResolvedRefs']
        .map((type) => conditionOf(object, type, listener))
        .find((condition) => condition?.status === 'False' && !condition.isOfThePast);
      return refused ? verdict('Degraded', listenerText(listener, refused)) : healthy;
    }),
  ]);
}

const listenerText = (listener: unknown, { message, reason }: Condition): string =>
  `listener ${text(at(listener, 'name')) ?? ''}: ${message || reason}`;

/** Returns the worst state of a route's parents. */
function route(object: KubernetesObject): Health {
  const parents = list(at(object, 'status', 'parents'));
  return parents.length === 0
    ? progressing('no Gateway has accepted it yet')
    : worstOf(parents.map((parent) => gatewayState(object, parent, ['Accepted', 'ResolvedRefs'])));
}

const worstOf = (states: readonly Health[]): Health =>
  states.find(({ state }) => state === 'Degraded') ?? states.find(({ state }) => state !== 'Healthy') ?? healthy;

/** A failed run does not fail the CronJob: its template may have been corrected since. */
function cronJob(object: KubernetesObject): Health {
  if (at(object, 'spec', 'suspend') === true) return verdict('Suspended', 'is suspended');
  const scheduled = Date.parse(text(at(object, 'status', 'lastScheduleTime')) ?? '');
  const succeeded = Date.parse(text(at(object, 'status', 'lastSuccessfulTime')) ?? '');
  const isFailed = list(at(object, 'status', 'active')).length === 0 && succeeded < scheduled;
  return isFailed ? verdict('Healthy', 'its last run failed') : healthy;
}

/** Evaluates custom kinds by the conditions that most controllers write. */
const otherKind: Rule = (object, { ageMs, nowMs }) => {
  // Crossplane keeps an object Ready while its last change is refused.
  const synced = conditionOf(object, 'Synced');
  if (synced?.status === 'False' && synced.reason === 'ReconcileError') return verdict('Degraded', synced.message);
  for (const type of ['Ready', 'Available', 'Healthy']) {
    const condition = conditionOf(object, type);
    if (!condition) continue;
    if (condition.isOfThePast) return progressing('the change has not been observed yet');
    if (condition.status === 'True') return healthy;
    // Controllers write Unknown while they are working, and many write False.
    const isLong =
      nowMs !== undefined && condition.sinceMs !== undefined && nowMs - condition.sinceMs > READY_WITHIN_MS;
    return verdict(
      condition.status === 'False' && isLong ? 'Degraded' : 'Progressing',
      condition.message || condition.reason,
    );
  }
  const hasStatus = Object.keys(record(object['status'])).length > 0;
  return hasStatus || ageMs > GRACE_MS || CORE_KINDS.has(object.kind)
    ? healthy
    : progressing('its controller has not reported a status yet');
};

/** Kinds without a status. */
const CORE_KINDS = new Set([
  'ConfigMap',
  'Secret',
  'ServiceAccount',
  'Role',
  'RoleBinding',
  'ClusterRole',
  'ClusterRoleBinding',
  'NetworkPolicy',
  'LimitRange',
  'ResourceQuota',
  'StorageClass',
  'PriorityClass',
  'IngressClass',
]);
