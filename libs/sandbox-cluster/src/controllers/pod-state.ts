import { conditionIn, conditionsOf } from './conditions.ts';
import { createdAt, isDeleting, objectAt, objectsAt, textAt, timeOf, without } from './fields.ts';
import type { JsonObject } from '#kernel';
import type { KubeObject } from '../store.ts';

export const phaseOf = (pod: KubeObject): string => textAt(pod, 'status', 'phase') ?? 'Pending';

export const hasEnded = (pod: KubeObject): boolean => ['Succeeded', 'Failed'].includes(phaseOf(pod));

/** Returns whether a pod counts for its owner: it has not ended and is not being deleted. */
export const isActive = (pod: KubeObject): boolean => !hasEnded(pod) && !isDeleting(pod);

export const isReady = (pod: KubeObject): boolean =>
  textAt(conditionIn(conditionsOf(pod.status), 'Ready'), 'status') === 'True';

/** Returns the milliseconds until a ready pod counts as available; 0 if it does, `undefined` if it is not ready. */
export function untilAvailable(pod: KubeObject, minReadySeconds: number, nowMs: number): number | undefined {
  if (!isReady(pod)) return undefined;
  if (minReadySeconds === 0) return 0;
  const since = timeOf(textAt(conditionIn(conditionsOf(pod.status), 'Ready'), 'lastTransitionTime'));
  return Math.max(0, since + minReadySeconds * 1000 - nowMs);
}

/** Sorts pods by the order of deletion on scale-down: unassigned, not running, not ready, most restarts, youngest. */
export function byExpendability(left: KubeObject, right: KubeObject): number {
  const rank = (pod: KubeObject): number =>
    textAt(pod, 'spec', 'nodeName') === undefined ? 0 : phaseOf(pod) === 'Pending' ? 1 : isReady(pod) ? 3 : 2;
  const restarts = (pod: KubeObject): number =>
    objectsAt(pod, 'status', 'containerStatuses').reduce(
      (sum, { restartCount }) => sum + (typeof restartCount === 'number' ? restartCount : 0),
      0,
    );
  return (
    rank(left) - rank(right) ||
    restarts(right) - restarts(left) ||
    createdAt(right) - createdAt(left) ||
    (left.metadata.name < right.metadata.name ? 1 : -1)
  );
}

/** Creates a pod from a template, named after its owner. */
export function podFrom(
  template: JsonObject,
  owner: KubeObject,
  more: { readonly name?: string; readonly metadata: JsonObject; readonly spec?: JsonObject },
): JsonObject {
  const metadata = objectAt(template, 'metadata');
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...without(metadata, 'name', 'namespace', 'creationTimestamp'),
      ...(more.name === undefined ? { generateName: `${owner.metadata.name}-` } : { name: more.name }),
      namespace: owner.metadata.namespace,
      ...more.metadata,
    },
    spec: { ...objectAt(template, 'spec'), ...more.spec },
  };
}
