import { keyOf, keyText, type ObjectKey } from './objects.ts';
import type { Plan, PlannedHook } from './plan.types.ts';
import { NEVER_PRUNED } from './waves.ts';

/** Objects of an application that a new revision deletes, and how many of those that exist it keeps. */
export interface Removals {
  readonly removed: readonly Pick<ObjectKey, 'kind' | 'name'>[];
  readonly kept: number;
}

/** Jobs run once, and hooks run again with each deployment, so they are not counted. */
const isCounted = ({ kind, hook }: Pick<ObjectKey, 'kind'> & { readonly hook?: true | undefined }): boolean =>
  kind !== 'Job' && !hook;

/** Returns the objects that a plan deletes. */
export function removalsOf({
  changes,
  prune,
  hooks: planned,
}: Pick<Plan, 'changes' | 'prune'> & { readonly hooks: readonly Pick<PlannedHook, 'object'>[] }): Removals {
  const hooks = new Set([
    ...prune.flatMap(({ key, hook }) => (hook ? [keyText(key)] : [])),
    ...planned.map(({ object }) => keyText(keyOf(object))),
  ]);
  const counted = changes.filter(({ key }) => isCounted(key) && !hooks.has(keyText(key)));
  return {
    removed: counted.filter(({ action }) => action === 'prune').map(({ key }) => key),
    kept: counted.filter(({ action }) => action === 'update' || action === 'unchanged' || action === 'keep').length,
  };
}

/**
 * Returns the objects of an inventory that manifests no longer contain. Namespaces are not compared: the platform sets
 * them.
 */
export function removalsBetween(
  inventory: readonly Pick<ObjectKey, 'group' | 'kind' | 'name'>[],
  next: readonly Pick<ObjectKey, 'group' | 'kind' | 'name'>[],
): Removals {
  const identity = ({ group, kind, name }: Pick<ObjectKey, 'group' | 'kind' | 'name'>) => `${group}/${kind}/${name}`;
  const wanted = new Set(next.map(identity));
  const present = inventory.filter(isCounted);
  const removed = present.filter((key) => !NEVER_PRUNED.has(key.kind) && !wanted.has(identity(key)));
  return { removed, kept: present.length - removed.length };
}

/** Returns the number of objects of an inventory that count as deployed. */
export const countObjects = (inventory: readonly Pick<ObjectKey, 'kind'>[]): number =>
  inventory.filter(isCounted).length;

/**
 * Returns whether a revision deletes at least two objects and keeps fewer than half of those that were deployed.
 * @param deployed objects of the last successful deployment. Later attempts that failed may have added more, which a
 *   rollback deletes. Undefined if none succeeded, so that all objects that exist count.
 */
export const removesMost = ({ removed, kept }: Removals, deployed = removed.length + kept): boolean =>
  removed.length >= 2 && kept * 2 < deployed;

/** Maximum number of objects that the text names. */
const MAX_NAMED = 5;

/** Returns the removals as text: `3 of 4 objects would be deleted: ConfigMap/a, ConfigMap/b, and 1 more`. */
export function removalsText({ removed, kept }: Removals): string {
  const named = removed.slice(0, MAX_NAMED).map(({ kind, name }) => `${kind}/${name}`);
  const more = removed.length > MAX_NAMED ? `, and ${removed.length - MAX_NAMED} more` : '';
  return `${removed.length} of ${removed.length + kept} objects would be deleted: ${named.join(', ')}${more}`;
}
