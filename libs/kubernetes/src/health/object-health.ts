import { at, groupOf, list, number, record, text, type KubernetesObject } from '../objects.ts';
import type { Health, HealthState } from './health.types.ts';
import { withoutValues } from '../status.ts';
import { podHealth } from './pod-failure.ts';

const healthy: Health = { state: 'Healthy', message: '' };
const verdict = (state: HealthState, message: string): Health => ({ state, message });
const progressing = (message: string): Health => verdict('Progressing', message);

interface Condition {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number | undefined;
}

/** Returns the condition of a type in an object's status. */
export const conditionOf = (object: KubernetesObject, type: string): Condition | undefined => conditionIn(object, type);

function conditionIn(holder: unknown, type: string): Condition | undefined {
  const found = list(at(holder, 'status', 'conditions')).find((condition) => at(condition, 'type') === type);
  return found === undefined
    ? undefined
    : {
        status: text(at(found, 'status')) ?? '',
        reason: text(at(found, 'reason')) ?? '',
        message: withoutValues(text(at(found, 'message')) ?? ''),
        observedGeneration: number(at(found, 'observedGeneration')),
      };
}

/** Milliseconds in which a custom controller should have written a status. */
const GRACE_MS = 5_000;
/** Milliseconds to wait for an Ingress's address, which many clusters never set. */
const ADDRESS_WITHIN_MS = 60_000;

/**
 * Returns the health of one live object from its own status: by the rules of kstatus (generation, Reconciling,
 * Stalled), then by those of its kind. Pods of a workload are not considered.
 * @param about.nowMs milliseconds since 1970, for kinds with a grace period
 */
export function healthOf(object: KubernetesObject, about: { readonly nowMs?: number } = {}): Health {
  const { metadata } = object;
  if (metadata.deletionTimestamp !== undefined) {
    const held = metadata.finalizers ?? [];
    return verdict('Terminating', held.length > 0 ? `held by ${held.join(', ')}` : 'is being deleted');
  }
  if (object.kind === 'Deployment' && at(object, 'spec', 'paused') === true) return verdict('Suspended', 'is paused');
  const observed = number(at(object, 'status', 'observedGeneration'));
  if (observed !== undefined && metadata.generation !== undefined && observed < metadata.generation)
    return progressing('the change has not been observed yet');
  const stalled = conditionOf(object, 'Stalled');
  if (stalled?.status === 'True') return verdict('Degraded', stalled.message || stalled.reason);
  if (conditionOf(object, 'Reconciling')?.status === 'True')
    return progressing(conditionOf(object, 'Reconciling')?.message ?? '');
  const ageMs =
    about.nowMs === undefined || metadata.creationTimestamp === undefined
      ? Number.POSITIVE_INFINITY
      : about.nowMs - Date.parse(metadata.creationTimestamp);
  // Custom groups also have kinds such as Service, Job, or StatefulSet.
  const rule = isOwnGroup(groupOf(object.apiVersion)) ? KINDS[object.kind] : undefined;
  return (rule ?? otherKind)(object, ageMs);
}

/** Returns whether a group belongs to Kubernetes itself: it has no dot, or ends with k8s.io. */
const isOwnGroup = (group: string): boolean => !group.includes('.') || group.endsWith('.k8s.io');

type Rule = (object: KubernetesObject, ageMs: number) => Health;

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
  CronJob: (object) => (at(object, 'spec', 'suspend') === true ? verdict('Suspended', 'is suspended') : healthy),
  Pod: (object) => podHealth(object),
  Service: (object) =>
    at(object, 'spec', 'type') === 'LoadBalancer' && !hasAddress(object)
      ? progressing('waiting for an address')
      : healthy,
  Ingress: (object, ageMs) =>
    hasAddress(object) || ageMs > ADDRESS_WITHIN_MS || ageMs === Number.POSITIVE_INFINITY
      ? healthy
      : progressing('waiting for an address'),
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
  GatewayClass: (object) => gatewayState(object, object, ['Accepted']),
  Gateway: (object) => gatewayState(object, object, ['Accepted', 'Programmed']),
  HTTPRoute: (object) => route(object),
  GRPCRoute: (object) => route(object),
  TLSRoute: (object) => route(object),
  TCPRoute: (object) => route(object),
  UDPRoute: (object) => route(object),
  VolumeSnapshot: (object) => {
    const error = text(at(object, 'status', 'error', 'message'));
    if (error !== undefined) return verdict('Degraded', error);
    return at(object, 'status', 'readyToUse') === true ? healthy : progressing('is not ready to use yet');
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
    const condition = conditionIn(holder, type);
    if (!condition || condition.status === 'Unknown' || isOfThePast(object, condition))
      return progressing(`is not ${type} yet`);
    if (condition.status === 'True') continue;
    const isUnderWay = type === 'Programmed' && ['Pending', 'AddressNotAssigned'].includes(condition.reason);
    return verdict(isUnderWay ? 'Progressing' : 'Degraded', condition.message || condition.reason);
  }
  return healthy;
}

/** Returns the worst state of a route's parents. */
function route(object: KubernetesObject): Health {
  const parents = list(at(object, 'status', 'parents'));
  if (parents.length === 0) return progressing('no Gateway has accepted it yet');
  const states = parents.map((parent) => gatewayState(object, { status: parent }, ['Accepted', 'ResolvedRefs']));
  return states.find(({ state }) => state === 'Degraded') ?? states.find(({ state }) => state !== 'Healthy') ?? healthy;
}

/** Returns whether a condition was written for an earlier generation of the object. */
const isOfThePast = ({ metadata }: KubernetesObject, { observedGeneration }: Condition): boolean =>
  observedGeneration !== undefined && metadata.generation !== undefined && observedGeneration < metadata.generation;

/** Evaluates custom kinds by the conditions that most controllers write. */
const otherKind: Rule = (object, ageMs) => {
  for (const type of ['Ready', 'Available', 'Healthy']) {
    const condition = conditionOf(object, type);
    if (condition && isOfThePast(object, condition)) return progressing('the change has not been observed yet');
    if (condition?.status === 'True') return healthy;
    // Controllers write Unknown while they are working.
    if (condition) return progressing(condition.message || condition.reason);
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
