import { at, list, number, text, type KubernetesObject } from '../objects.ts';
import { withoutValues } from '../status.ts';

export interface Condition {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  /** Milliseconds since 1970; undefined if the controller does not write it. */
  readonly sinceMs: number | undefined;
  /** Whether the condition was written for an earlier generation of the object. */
  readonly isOfThePast: boolean;
}

/**
 * Returns the condition of a type in an object's status.
 * @param holder part of the object that holds the conditions, if it is not the status
 */
export function conditionOf(
  object: KubernetesObject,
  type: string,
  holder: unknown = object['status'],
): Condition | undefined {
  const found = list(at(holder, 'conditions')).find((condition) => at(condition, 'type') === type);
  if (found === undefined) return undefined;
  const since = Date.parse(text(at(found, 'lastTransitionTime')) ?? '');
  const observed = number(at(found, 'observedGeneration'));
  const { generation } = object.metadata;
  return {
    status: text(at(found, 'status')) ?? '',
    reason: text(at(found, 'reason')) ?? '',
    message: withoutValues(text(at(found, 'message')) ?? ''),
    sinceMs: Number.isNaN(since) ? undefined : since,
    isOfThePast: observed !== undefined && generation !== undefined && observed < generation,
  };
}
