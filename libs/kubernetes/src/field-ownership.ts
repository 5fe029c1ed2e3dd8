import { at, isRecord, list, record, type JsonRecord, type KubernetesObject } from './objects.ts';

/** A set of fields as in `fieldsV1`: field names and keys of list elements, no values. */
export type OwnedFields = JsonRecord;

/** Returns the fields of an object that `manager` owns by server-side apply; empty if there are none. */
export function ownedFields(object: KubernetesObject, manager: string): OwnedFields {
  const entry = list(object.metadata['managedFields']).find(
    (item) =>
      at(item, 'manager') === manager && at(item, 'operation') === 'Apply' && at(item, 'subresource') === undefined,
  );
  return record(at(entry, 'fieldsV1'));
}

/** Returns whether a manager owns any field of an object. */
export const hasManager = (object: KubernetesObject, manager: string): boolean =>
  list(object.metadata['managedFields']).some((item) => at(item, 'manager') === manager);

/**
 * Returns whether a set contains a field of a conflict (`.spec.template.spec.containers[name="c"].image`). It contains
 * the descendants of an atomic field, and the ancestors of owned fields.
 */
export const ownsField = (fields: OwnedFields, conflictField: string): boolean =>
  conflictField !== '' && contains(fields, conflictField, true);

/**
 * Matches a path against a set. Field names may contain dots (in annotations), so the set determines where a name ends.
 */
function contains(here: JsonRecord, rest: string, isTop: boolean): boolean {
  if (rest === '') return true;
  // A leaf is owned with all descendants.
  if (!isTop && Object.keys(here).every((member) => member === '.')) return /^[.[]/.test(rest);
  if (rest.startsWith('.')) {
    return Object.entries(here).some(([member, child]) => {
      if (!member.startsWith('f:')) return false;
      const after = rest.slice(member.length - 1);
      return (
        rest.startsWith(`.${member.slice(2)}`) && /^(?:$|[.[])/.test(after) && contains(record(child), after, false)
      );
    });
  }
  const bracket = /^\[((?:"(?:[^"\\]|\\.)*"|[^\]"])*)\]/.exec(rest);
  if (!bracket) return false;
  const inside = bracket[1] ?? '';
  return Object.entries(here).some(
    ([member, child]) => isEntry(member, inside) && contains(record(child), rest.slice(bracket[0].length), false),
  );
}

/**
 * Returns whether a member of a set is the list element in brackets: `[0]`, `[="value"]`, `[name="c",protocol="TCP"]`.
 */
function isEntry(member: string, inside: string): boolean {
  if (/^\d+$/.test(inside)) return member === `i:${inside}`;
  if (inside.startsWith('=')) return member === `v:${inside.slice(1)}`;
  return member.startsWith('k:') && sameKeys(parsed(member.slice(2)), keysOf(inside));
}

/**
 * Returns the fields that `before` owns and `now` does not, in the format of conflicts (`.spec.replicas`). If an entire
 * subtree is missing, only its root is returned.
 */
export function fieldsMissing(before: OwnedFields, now: OwnedFields): readonly string[] {
  return Object.entries(before).flatMap(([member, below]) => {
    if (member === '.') return [];
    const step = stepOf(member);
    const kept = now[member];
    return kept === undefined ? [step] : fieldsMissing(record(below), record(kept)).map((rest) => step + rest);
  });
}

/** Formats a member of a set as in conflicts: `.image`, `[name="c"]`, `[="value"]`, `[0]`. */
function stepOf(member: string): string {
  const name = member.slice(2);
  if (member.startsWith('f:')) return `.${name}`;
  if (member.startsWith('v:')) return `[=${name}]`;
  if (member.startsWith('i:')) return `[${name}]`;
  const keys = Object.entries(record(parsed(name))).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return `[${keys.join(',')}]`;
}

function sameKeys(stored: unknown, wanted: JsonRecord): boolean {
  return (
    isRecord(stored) &&
    Object.keys(stored).length === Object.keys(wanted).length &&
    Object.entries(wanted).every(([name, value]) => stored[name] === value)
  );
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

const keysOf = (text: string): JsonRecord =>
  Object.fromEntries(
    [...text.matchAll(/([A-Za-z0-9_-]+)=("(?:[^"\\]|\\.)*"|[^,]+)/g)].map(([, name = '', value = '']) => [
      name,
      parsed(value),
    ]),
  );
