import type { Json } from '#kernel';
import type { KubeObject } from '../store.ts';
import { numberAt, objectAt, textAt } from './fields.ts';

export const REVISION = 'deployment.kubernetes.io/revision';
export const HISTORY = 'deployment.kubernetes.io/revision-history';
export const DESIRED = 'deployment.kubernetes.io/desired-replicas';
export const MAXIMUM = 'deployment.kubernetes.io/max-replicas';
export const HASH_LABEL = 'pod-template-hash';

export const wanted = (object: KubeObject): number => numberAt(object, 'spec', 'replicas') ?? 1;
export const counted = (
  set: KubeObject,
  field: 'replicas' | 'readyReplicas' | 'availableReplicas' | 'terminatingReplicas',
): number => numberAt(set, 'status', field) ?? 0;
export const total = (sets: readonly KubeObject[], of: (set: KubeObject) => number): number =>
  sets.reduce((sum, set) => sum + of(set), 0);
export const annotation = (object: KubeObject, name: string): string | undefined => object.metadata.annotations?.[name];
export const revisionOf = (object: KubeObject): number => Number(annotation(object, REVISION) ?? '0') || 0;

export const isRecreate = (deployment: KubeObject): boolean =>
  textAt(deployment, 'spec', 'strategy', 'type') === 'Recreate';

/**
 * Resolves a number of pods or a percentage.
 * @param round rounding of a percentage: up for surge, down for unavailable
 */
function scaled(value: Json | undefined, replicas: number, round: (share: number) => number): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.endsWith('%') ? round((Number(value.slice(0, -1)) * replicas) / 100) : 0;
}

/** Returns how many pods a rollout may have above and below the desired number. Recreate allows none above. */
export function limits(deployment: KubeObject): { readonly surge: number; readonly unavailable: number } {
  const replicas = wanted(deployment);
  if (isRecreate(deployment)) return { surge: 0, unavailable: 0 };
  const rolling = objectAt(deployment, 'spec', 'strategy', 'rollingUpdate');
  const surge = scaled(rolling['maxSurge'] ?? '25%', replicas, Math.ceil);
  const unavailable = scaled(rolling['maxUnavailable'] ?? '25%', replicas, Math.floor);
  return { surge, unavailable: Math.min(surge === 0 && unavailable === 0 ? 1 : unavailable, replicas) };
}

/** Returns the number of replicas that the new ReplicaSet may have now. */
export function roomForNew(deployment: KubeObject, sets: readonly KubeObject[], current: number): number {
  const replicas = wanted(deployment);
  if (isRecreate(deployment)) return replicas;
  const most = replicas + limits(deployment).surge;
  const pods = total(sets, wanted);
  return pods >= most ? current : current + Math.min(most - pods, replicas - current);
}

/** Returns a ReplicaSet's share of a change in size during a rollout. */
export function proportion(set: KubeObject, deployment: KubeObject, toAdd: number, added: number): number {
  const size = wanted(set);
  if (size === 0 || toAdd === 0 || toAdd === added) return 0;
  if (wanted(deployment) === 0) return -size;
  const most = wanted(deployment) + limits(deployment).surge;
  const before = Number(annotation(set, MAXIMUM) ?? '0') || numberAt(deployment, 'status', 'replicas') || size;
  const share = Math.round((size * most) / before) - size;
  const left = toAdd - added;
  return toAdd > 0 ? Math.min(share, left) : Math.max(share, left);
}
