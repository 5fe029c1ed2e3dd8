import type { InventoryEntry } from '#deployments/contract';

/** Maximum number of objects that are named for one reason. */
const MAX_NAMED = 5;

/** What a rollback does not undo, by the kind of an object. */
const NOT_UNDONE: Readonly<Record<string, (names: string) => string>> = {
  PersistentVolumeClaim: (names) => `the data of ${names} stays as it is`,
  CustomResourceDefinition: (names) => `a rollback never deletes ${names}`,
  Job: (names) => `what ${names} did is not undone`,
};

/**
 * Returns a sentence for everything that a rollback does not undo, and for the pin that it sets.
 * @param present objects that may be on the cluster
 */
export function rollbackWarnings(application: string, present: readonly InventoryEntry[]): string[] {
  const kept = Object.entries(NOT_UNDONE).flatMap(([kind, sentence]) => {
    const names = present.filter((entry) => entry.kind === kind).map(({ name }) => `${kind}/${name}`);
    const more = names.length - MAX_NAMED;
    const named = names.slice(0, MAX_NAMED).join(', ');
    return names.length === 0 ? [] : [sentence(`${named}${more > 0 ? ` and ${more} more` : ''}`)];
  });
  return [...kept, `sync is Pinned until you apply a manifest or run: astroctl app resume ${application}`];
}
