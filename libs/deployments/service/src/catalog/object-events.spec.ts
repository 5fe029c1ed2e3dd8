import { objectEvents, type ObjectFact } from '#deployments/contract';
import { clusterEvents, type ClusterEvent } from '../clusters/cluster.events.ts';
import { profileEvents, type ProfileEvent } from '../profiles/profile.events.ts';
import { catalogEvents, type CatalogEvent } from './catalog.events.ts';

type Written = Extract<CatalogEvent | ProfileEvent | ClusterEvent, { readonly type: ObjectFact['type'] }>;

describe('the events that other contexts may read', () => {
  it('are types that this context writes to the same categories', () => {
    const families = [catalogEvents, profileEvents, clusterEvents];
    expect(objectEvents.categories).toEqual(families.flatMap(({ categories }) => categories));
    const types = Object.assign({}, ...families.map((family) => family.types));
    expect(Object.keys(objectEvents.types).filter((type) => !Object.hasOwn(types, type))).toEqual([]);
  });

  it('have the shape that the contract declares', () => {
    const declared = (written: Written): ObjectFact => written; // the compiler checks it
    const named = { kind: 'application', name: 'web', id: 'a' } as const;
    expect(declared({ type: 'catalog.name-released.v1', data: named }).data).toEqual(named);
  });
});
