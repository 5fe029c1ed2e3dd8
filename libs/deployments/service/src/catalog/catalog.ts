import { defaultLimits } from '#billing/contract';
import { assertNever } from '#kernel';
import type { CatalogEvent, CatalogLimits, Named, NamedKind } from './catalog.events.ts';

/** An object of an organization. */
export interface Entry extends Named {
  readonly counted: boolean;
  readonly refers: string | null;
  readonly retiring: boolean;
}

/** Objects of an organization: one holder per name at any time, and the counts that plans limit. */
export interface Catalog {
  readonly entries: Readonly<Record<NamedKind, ReadonlyMap<string, Entry>>>;
  /** Ids of applications that do not exist yet but have secrets, by name. */
  readonly prepared: ReadonlyMap<string, string>;
  /** Whether a profile was ever created. Without one, the organization gets the default profile. */
  readonly hadProfile: boolean;
  readonly limits: CatalogLimits;
  /** UTC date of the last deployment, and the number of deployments on that day. */
  readonly day: string;
  readonly deployments: number;
}

const { applications, profiles, clusters, deploymentsPerDay } = defaultLimits();

/** Catalog of an organization without objects. */
export const emptyCatalog: Catalog = {
  entries: { application: new Map(), profile: new Map(), cluster: new Map() },
  prepared: new Map(),
  hadProfile: false,
  limits: { applications, profiles, clusters, deploymentsPerDay },
  day: '',
  deployments: 0,
};

/** Applies an event to the catalog. */
export function evolveCatalog(catalog: Catalog, event: CatalogEvent): Catalog {
  switch (event.type) {
    case 'catalog.name-claimed.v1': {
      const { kind, name, id, counted, refers } = event.data;
      const prepared = new Map(catalog.prepared);
      if (kind === 'application') prepared.delete(name);
      const claimed = { ...catalog, prepared, hadProfile: catalog.hadProfile || kind === 'profile' };
      return withEntries(claimed, kind, (entries) =>
        entries.set(name, { kind, name, id, counted, refers, retiring: false }),
      );
    }
    case 'catalog.name-prepared.v1':
      return { ...catalog, prepared: new Map(catalog.prepared).set(event.data.name, event.data.id) };
    case 'catalog.reference-changed.v1':
      return changed(catalog, event.data, { refers: event.data.refers });
    case 'catalog.name-retiring.v1':
      return changed(catalog, event.data, { retiring: true });
    case 'catalog.name-released.v1':
      return withEntries(catalog, event.data.kind, (entries) => entries.delete(event.data.name));
    case 'catalog.deployment-counted.v1':
      return {
        ...catalog,
        day: event.data.day,
        deployments: event.data.day === catalog.day ? catalog.deployments + 1 : 1,
      };
    case 'catalog.limits-set.v1':
      return { ...catalog, limits: event.data };
    default:
      return assertNever(event);
  }
}

/** Returns the number of objects of a kind that the plan counts. */
export const countedOf = (kind: NamedKind, { entries }: Catalog): number =>
  [...entries[kind].values()].filter(({ counted }) => counted).length;

/** Returns the number of deployments counted on a UTC date, which is that of the last deployment or a later one. */
export const deploymentsOn = (day: string, catalog: Catalog): number => (catalog.day === day ? catalog.deployments : 0);

/** Returns the entries that refer to `id`: applications of a profile, or profiles of a cluster. */
export const referringTo = (catalog: Catalog, kind: 'application' | 'profile', id: string): Entry[] =>
  [...catalog.entries[kind].values()].filter(({ refers }) => refers === id);

/** Returns the number of applications on a cluster, by their profiles. */
export const applicationsOn = (catalog: Catalog, clusterId: string): number =>
  referringTo(catalog, 'profile', clusterId).reduce(
    (count, { id }) => count + referringTo(catalog, 'application', id).length,
    0,
  );

/** Returns the names of one kind. */
export const namesOf = (catalog: Catalog, kind: NamedKind): string[] =>
  [...catalog.entries[kind].values()]
    .filter(({ retiring }) => !retiring)
    .map(({ name }) => name)
    .sort();

function changed(catalog: Catalog, { kind, name }: Named, change: Partial<Entry>): Catalog {
  const entry = catalog.entries[kind].get(name);
  return entry ? withEntries(catalog, kind, (entries) => entries.set(name, { ...entry, ...change })) : catalog;
}

function withEntries(catalog: Catalog, kind: NamedKind, change: (entries: Map<string, Entry>) => void): Catalog {
  const entries = new Map(catalog.entries[kind]);
  change(entries);
  return { ...catalog, entries: { ...catalog.entries, [kind]: entries } };
}
