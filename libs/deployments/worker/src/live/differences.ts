import type { FieldChange } from '#deployments/contract';
import type { PlannedChange } from '#kubernetes';
import { shortName } from '../rollout/inventory.ts';
import { pathOf } from '../rollout/steps.ts';

/** Maximum number of changes that are listed. */
const MAX_CHANGES = 1_000;

/**
 * Returns what differs on the cluster from what was applied, given what an apply would change.
 * @param changes of a plan
 */
export function liveDifferences(
  changes: readonly PlannedChange[],
  targetNamespace: string,
): { readonly changes: FieldChange[]; readonly omitted: number } {
  const all = changes.flatMap((change): FieldChange[] => {
    const object = shortName(change.key, targetNamespace);
    if (change.action === 'create' || change.action === 'create-later')
      return [{ object, path: '', change: 'removed', before: 'Synced', after: null }];
    if (change.action !== 'update') return [];
    return change.changes.map(({ pointer, before: live, after: applied }) => ({
      object,
      path: pathOf(pointer),
      change: live === undefined ? 'removed' : applied === undefined ? 'added' : 'changed',
      before: applied === undefined ? null : textOf(applied),
      after: live === undefined ? null : textOf(live),
    }));
  });
  return { changes: all.slice(0, MAX_CHANGES), omitted: Math.max(0, all.length - MAX_CHANGES) };
}

/** Returns the text of a JSON string, and every other value as it is. */
function textOf(json: string): string {
  if (!/^".*"$/s.test(json)) return json;
  try {
    return String(JSON.parse(json));
  } catch {
    return json; // it was shortened
  }
}
