import type { PlannedChange } from './plan.types.ts';
import { removalsBetween, removalsOf, removalsText, removesMost } from './removals.ts';

const key = (name: string, kind = 'ConfigMap') => ({ group: '', kind, name });
const change = (action: 'unchanged' | 'prune', name: string, kind?: string): PlannedChange => ({
  key: key(name, kind),
  apiVersion: 'v1',
  ...(action === 'prune' ? { action, uid: 'u' } : { action }),
});
const counts = (removed: number, kept: number) => ({
  removed: Array.from({ length: removed }, (_, index) => key(`c${index}`)),
  kept,
});

describe('K8.6-27: a plan that deletes most objects', () => {
  it.each([
    [1, 0, undefined, false],
    [2, 2, undefined, false],
    [2, 1, undefined, true],
    [3, 0, undefined, true],
  ])('deletes %i and keeps %i: %p objects were deployed, refused: %p', (removed, kept, deployed, refused) =>
    expect(removesMost(counts(removed, kept), deployed)).toBe(refused),
  );

  it('is compared with the last successful deployment, so that a rollback may delete what a failed one added', () => {
    expect(removesMost(counts(10, 3), 3)).toBe(false);
    expect(removesMost(counts(10, 3), 12)).toBe(true);
  });

  it('does not count Jobs, which run once, and hooks', () => {
    const plan = {
      changes: [
        ...['a', 'b', 'c'].map((name) => change('prune', name, 'Job')),
        change('prune', 'd'),
        change('prune', 'hook'),
        change('unchanged', 'e'),
        change('unchanged', 'runs'),
      ],
      prune: [{ key: key('hook'), apiVersion: 'v1', hook: true as const }],
      hooks: [{ object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'runs' } } }],
    };
    expect(removalsOf(plan)).toEqual({ removed: [key('d')], kept: 1 });
  });

  it('is found from names alone; kinds that are never deleted count as kept', () => {
    const inventory = [key('a'), key('b'), key('data', 'PersistentVolumeClaim'), key('job', 'Job')];
    expect(removalsBetween(inventory, [key('a')])).toEqual({ removed: [key('b')], kept: 2 });
  });

  it('names the first objects and the number of all', () =>
    expect(removalsText(counts(7, 1))).toBe(
      '7 of 8 objects would be deleted: ConfigMap/c0, ConfigMap/c1, ConfigMap/c2, ConfigMap/c3, ConfigMap/c4, and 2 more',
    ));
});
