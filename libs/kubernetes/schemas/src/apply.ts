import { err, ok, type Json, type JsonObject, type Result } from '#kernel';
import {
  difference,
  EMPTY,
  intersection,
  isEmpty,
  memberPaths,
  recursiveDifference,
  setOf,
  union,
  type FieldSet,
} from './field-set.ts';
import { managerId, type Manager } from './managed-fields.ts';
import { mergeTyped } from './merge.ts';
import type { SchemaNode } from './node.ts';
import {
  compareTyped,
  isTree,
  removeItems,
  toFieldSet,
  typedFault,
  withNamedFields,
  type Comparison,
} from './typed.ts';

/** Fields of the server, which have no owner. */
const UNOWNED: FieldSet = setOf(
  ['apiVersion'],
  ['kind'],
  ['metadata'],
  ['metadata', 'name'],
  ['metadata', 'namespace'],
  ['metadata', 'creationTimestamp'],
  ['metadata', 'selfLink'],
  ['metadata', 'uid'],
  ['metadata', 'clusterName'],
  ['metadata', 'generation'],
  ['metadata', 'managedFields'],
  ['metadata', 'resourceVersion'],
);

/** The field manager of a request. */
export interface Writer {
  readonly manager: string;
  readonly apiVersion: string;
  readonly subresource: string;
  /** Time of the manager's entry, in RFC 3339. */
  readonly time: string;
  /**
   * Fields that the endpoint does not write (such as `status` at the object's own endpoint). Their ownership never
   * changes.
   */
  readonly ignored: FieldSet;
}

export interface Conflict {
  readonly manager: Manager;
  /** Paths such as `.spec.template.spec.containers[name="web"].image`. */
  readonly fields: readonly string[];
  readonly set: FieldSet;
}

export type ApplyError =
  | { readonly reason: 'not-typed'; readonly path: string; readonly message: string }
  | { readonly reason: 'conflict'; readonly conflicts: readonly Conflict[] };

export interface Applied {
  readonly object: JsonObject;
  readonly managers: ReadonlyMap<string, Manager>;
}

type Managers = ReadonlyMap<string, Manager>;

const owned = (set: FieldSet, ignored: FieldSet): FieldSet => difference(recursiveDifference(set, ignored), UNOWNED);
const visible = (comparison: Comparison, ignored: FieldSet): Comparison => ({
  added: owned(comparison.added, ignored),
  modified: owned(comparison.modified, ignored),
  removed: owned(comparison.removed, ignored),
});

/**
 * Performs a server-side apply: merges the configuration into the live object, removes fields of the manager's last
 * apply that it no longer contains (unless another manager owns them too), and updates ownership.
 * @param input.live without managedFields; for a new object, the object that the kind's defaults alone produce
 */
export function applyObject(
  root: SchemaNode | undefined,
  input: {
    readonly live: JsonObject;
    readonly managers: Managers;
    readonly config: JsonObject;
    readonly writer: Writer;
    readonly force: boolean;
  },
): Result<Applied, ApplyError> {
  const { live, managers, config, writer, force } = input;
  const fault = typedFault(root, config);
  if (fault) return err({ reason: 'not-typed', ...fault });

  const merged = mergeTyped(root, live, config);
  const self: Manager = {
    manager: writer.manager,
    operation: 'Apply',
    apiVersion: writer.apiVersion,
    subresource: writer.subresource,
    time: writer.time,
    fields: owned(toFieldSet(root, config), writer.ignored),
  };
  const id = managerId(self);
  const before = managers.get(id);
  const pruned = prune(root, isTree(merged) ? merged : {}, { managers, id, self, before });
  const comparison = visible(compareTyped(root, live, pruned), writer.ignored);
  const others = takeFrom(new Map([...managers, [id, self]]), id, comparison);
  if (!force && others.conflicts.length > 0) return err({ reason: 'conflict', conflicts: others.conflicts });

  const same = isEmpty(comparison.added) && isEmpty(comparison.modified) && isEmpty(comparison.removed);
  const left = new Map(others.managers);
  const kept = left.get(id);
  // An apply without changes keeps its time, which is empty for a new manager.
  if (kept) left.set(id, same ? { ...kept, time: before?.time ?? '' } : kept);
  return ok({ object: pruned, managers: left });
}

/** Removes fields that only this manager's last apply contained. */
function prune(
  root: SchemaNode | undefined,
  merged: JsonObject,
  {
    managers,
    id,
    self,
    before,
  }: { readonly managers: Managers; readonly id: string; readonly self: Manager; readonly before: Manager | undefined },
): JsonObject {
  if (!before || isEmpty(before.fields)) return merged;
  const named = (set: FieldSet) => withNamedFields(root, set);
  const setFrom = (value: Json) => named(toFieldSet(root, value));
  const mergedSet = setFrom(merged);
  const all = [...managers]
    .filter(([other]) => other !== id)
    .reduce((set, [, { fields }]) => union(set, fields), self.fields);
  let value: Json = removeItems(root, merged, named(before.fields));
  value = removeItems(root, merged, difference(mergedSet, union(setFrom(value), named(all))));
  value = removeItems(root, merged, intersection(difference(mergedSet, setFrom(value)), named(before.fields)));
  return isTree(value) ? value : {};
}

/** Removes changed and removed fields from all other managers. */
function takeFrom(
  managers: Managers,
  id: string,
  { added, modified, removed }: Comparison,
): { readonly managers: Managers; readonly conflicts: readonly Conflict[] } {
  const changed = union(modified, added);
  const conflicts: Conflict[] = [];
  const left = new Map<string, Manager>();
  for (const [other, manager] of managers) {
    if (other === id) {
      left.set(other, manager);
      continue;
    }
    const lost = intersection(manager.fields, changed);
    if (!isEmpty(lost)) conflicts.push({ manager, fields: memberPaths(lost), set: lost });
    const fields = difference(difference(manager.fields, lost), removed);
    if (!isEmpty(fields)) left.set(other, { ...manager, fields });
  }
  return { managers: left, conflicts };
}

/**
 * Updates ownership after a create, PUT, or patch: the manager gets the fields that it added or changed, and all
 * managers lose the fields that were removed. Without a change, ownership stays the same.
 */
export function updateManagers(
  root: SchemaNode | undefined,
  input: {
    readonly live: JsonObject;
    readonly object: JsonObject;
    readonly managers: Managers;
    readonly writer: Writer;
  },
): Managers {
  const { live, object, managers, writer } = input;
  const comparison = visible(compareTyped(root, live, object), writer.ignored);
  const { added, modified, removed } = comparison;
  if (isEmpty(added) && isEmpty(modified) && isEmpty(removed)) return managers;
  const id = managerId({
    manager: writer.manager,
    operation: 'Update',
    apiVersion: writer.apiVersion,
    subresource: writer.subresource,
  });
  const left = new Map(takeFrom(managers, '', comparison).managers);
  const gained = union(modified, added);
  if (!isEmpty(gained)) {
    const own = left.get(id);
    left.set(id, {
      manager: writer.manager,
      operation: 'Update',
      apiVersion: writer.apiVersion,
      subresource: writer.subresource,
      time: writer.time,
      fields: own ? union(own.fields, gained) : gained,
    });
  }
  return left;
}

/**
 * Returns the object that a kind's defaults alone produce: its non-pointer structures, and `null` for required lists.
 */
export function emptyObject(node: SchemaNode, depth = 0): JsonObject {
  const empty: { [key: string]: Json } = {};
  for (const name of node.fields) {
    const field = node.field(name);
    if (!field) continue;
    if (field.shape === 'object' && isTree(field.schemaDefault) && depth < 8)
      empty[name] = emptyObject(field, depth + 1);
    else if (field.shape === 'list' && node.required.includes(name)) empty[name] = null;
    else if (isPlainZero(field.schemaDefault)) empty[name] = field.schemaDefault;
  }
  return empty;
}

/** Zero values of Go fields that are not pointers. The schema lists them as defaults, and no manager owns them. */
const isPlainZero = (value: Json | undefined): value is Json => value === '' || value === 0 || value === false;

export { EMPTY as NOTHING_IGNORED };
