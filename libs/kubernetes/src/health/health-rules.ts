import { at, text, type KubernetesObject } from '../objects.ts';
import { withoutValues } from '../status.ts';
import { conditionOf } from './conditions.ts';
import type { Health, HealthState } from './health.types.ts';

/** State that a rule can give. The others follow from the object's existence and deletion. */
export type RuleState = Extract<HealthState, 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended'>;

/** Matches if the field has one of the values. Numbers and booleans are compared as text. */
interface FieldRule {
  readonly path: string;
  readonly values: readonly (string | number | boolean)[];
  readonly health: RuleState;
}

/** Matches a condition in `status.conditions` that was written for the object's current generation. */
interface ConditionRule {
  readonly condition: string;
  readonly status: string;
  /** If given, the condition's reason must be one of these. */
  readonly reasons?: readonly string[] | undefined;
  readonly health: RuleState;
}

export type HealthRule = FieldRule | ConditionRule;

/** How objects of one kind are evaluated. The first rule that matches decides. */
export interface KindHealth {
  readonly group: string;
  /** `*` is every kind of the group without an entry of its own. */
  readonly kind: string;
  readonly rules: readonly HealthRule[];
  /** State if no rule matches. If absent, the rules for all kinds apply. */
  readonly otherwise?: RuleState | undefined;
  /** Field with the reason for the state, if it is not the matching condition's message. */
  readonly messagePath?: string | undefined;
}

const MAX_MESSAGE = 500;

/** Returns the entry for a kind, if there is one. */
export const kindHealthOf = (
  table: readonly KindHealth[],
  { group, kind }: Pick<KindHealth, 'group' | 'kind'>,
): KindHealth | undefined =>
  table.find((entry) => entry.group === group && entry.kind === kind) ??
  table.find((entry) => entry.group === group && entry.kind === '*');

/** Evaluates an object by the rules of its kind; undefined if none of them decides. */
export function healthByRules(object: KubernetesObject, entry: KindHealth): Health | undefined {
  const rule = entry.rules.find((candidate) => matches(candidate, object));
  const state = rule?.health ?? entry.otherwise;
  if (state === undefined) return undefined;
  if (state === 'Healthy') return { state, message: '' };
  const given = entry.messagePath === undefined ? undefined : text(fieldOf(object, entry.messagePath));
  return { state, message: (withoutValues(given ?? '') || reasonOf(object, rule)).slice(0, MAX_MESSAGE) };
}

function matches(rule: HealthRule, object: KubernetesObject): boolean {
  if ('path' in rule) {
    const value = fieldOf(object, rule.path);
    return value !== undefined && rule.values.some((expected) => String(expected) === String(value));
  }
  const condition = conditionOf(object, rule.condition);
  return (
    condition?.isOfThePast === false &&
    condition.status === rule.status &&
    (rule.reasons === undefined || rule.reasons.includes(condition.reason))
  );
}

function reasonOf(object: KubernetesObject, rule: HealthRule | undefined): string {
  if (rule && 'path' in rule) return `${rule.path} is ${String(fieldOf(object, rule.path))}`;
  const condition = conditionOf(object, rule?.condition ?? 'Ready');
  return condition?.message || condition?.reason || 'is not ready yet';
}

/**
 * Returns the string, number, or boolean at a path, such as `status.phase`, `status.nodes[0].state`, or
 * `metadata.annotations['acme.dev/paused']`.
 */
function fieldOf(object: KubernetesObject, path: string): string | number | boolean | undefined {
  const steps = [...path.matchAll(/\.?([\w-]+)|\['([^']+)'\]|\[(\d+)\]/g)].map(([, member, quoted, index]) =>
    index === undefined ? (member ?? quoted ?? '') : Number(index),
  );
  const value = at(object, ...steps);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined;
}
