import type { JsonObject } from '#kernel';
import { objectsAt, textAt } from './fields.ts';

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly message?: string;
}

/** Returns the condition of a type, as it is stored. */
export const conditionIn = (conditions: readonly JsonObject[], type: string): JsonObject | undefined =>
  conditions.find((condition) => condition['type'] === type);

export const conditionsOf = (status: JsonObject | undefined): readonly JsonObject[] => objectsAt(status, 'conditions');

/** Returns whether the condition of a type has the status True. */
export const holds = (conditions: readonly JsonObject[], type: string): boolean =>
  textAt(conditionIn(conditions, type), 'status') === 'True';

/**
 * Sets a condition in a list. The transition time changes only with the status; nothing changes if status, reason, and
 * message are the same.
 */
export function withCondition(
  conditions: readonly JsonObject[],
  next: Condition,
  now: string,
  more: JsonObject = {},
): readonly JsonObject[] {
  const stored = conditionIn(conditions, next.type);
  if (
    stored &&
    stored['status'] === next.status &&
    stored['reason'] === next.reason &&
    stored['message'] === next.message
  )
    return conditions;
  const lastTransitionTime = stored && stored['status'] === next.status ? (stored['lastTransitionTime'] ?? now) : now;
  const made: JsonObject = { ...more, ...next, lastTransitionTime };
  return stored ? conditions.map((condition) => (condition === stored ? made : condition)) : [...conditions, made];
}

export const withoutCondition = (conditions: readonly JsonObject[], type: string): readonly JsonObject[] =>
  conditions.filter((condition) => condition['type'] !== type);

/**
 * Sets a condition as the workload controllers of Kubernetes do: a changed condition moves to the end of the list, and
 * a new message alone is not a change.
 */
export function withNewestCondition(
  conditions: readonly JsonObject[],
  next: Condition,
  now: string,
): readonly JsonObject[] {
  const stored = conditionIn(conditions, next.type);
  if (stored && stored['status'] === next.status && stored['reason'] === next.reason) return conditions;
  const lastTransitionTime = stored && stored['status'] === next.status ? (stored['lastTransitionTime'] ?? now) : now;
  return [...withoutCondition(conditions, next.type), { ...next, lastUpdateTime: now, lastTransitionTime }];
}
