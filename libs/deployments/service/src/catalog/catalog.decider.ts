import { assertNever, err, ok, type Decider, type Result } from '#kernel';
import { deploymentsErrors, type DeploymentsError } from '../deployments.errors.ts';
import { catalogEvents, type CatalogEvent, type CatalogLimits, type Named, type NewName } from './catalog.events.ts';
import {
  countedOf,
  deploymentsOn,
  emptyCatalog,
  evolveCatalog,
  namesOf,
  referringTo,
  type Catalog,
  type Entry,
} from './catalog.ts';

/** Commands of a catalog. */
export type CatalogCommand =
  /** Creates an object by claiming its name, or points an existing one to another profile or cluster. */
  | { readonly type: 'claim'; readonly claim: NewName; readonly day?: string }
  /** Reserves an id for an application that does not exist yet, so that secrets can be set for it. */
  | { readonly type: 'prepare'; readonly name: string; readonly id: string }
  /** Points an application to the profile of an earlier revision, if it still exists. */
  | (Named & { readonly type: 'point-back'; readonly refers: string })
  /** Counts a deployment of an existing application, and points it to its profile. */
  | (Named & { readonly type: 'count'; readonly refers: string; readonly day: string })
  | (Named & { readonly type: 'retire' })
  | (Named & { readonly type: 'release' })
  | (CatalogLimits & { readonly type: 'set-limits' });

type Outcome = Result<readonly CatalogEvent[], DeploymentsError>;

const LIMIT_OF = { application: 'applications', profile: 'profiles', cluster: 'clusters' } as const;

function decide(command: CatalogCommand, catalog: Catalog): Outcome {
  switch (command.type) {
    case 'claim':
      return claim(command, catalog);
    case 'prepare':
      return prepare(command, catalog);
    case 'count':
      return count(command, catalog);
    case 'point-back':
      return pointBack(command, catalog);
    case 'retire':
      return retire(command, catalog);
    case 'release':
      return release(command, catalog);
    case 'set-limits':
      return setLimits(command, catalog);
    default:
      return assertNever(command);
  }
}

/**
 * Claims a name. If an object of the same kind has it, the claim succeeds without an event and the caller continues
 * with that object, so that an interrupted creation can be repeated.
 */
function claim({ claim: wanted, day }: Extract<CatalogCommand, { type: 'claim' }>, catalog: Catalog): Outcome {
  const { kind, name, id, counted, refers } = wanted;
  const present = catalog.entries[kind].get(name);
  if (present?.retiring) return err(deploymentsErrors.beingDeleted(kind, name));
  const reference = refusedReference(kind, name, refers, catalog);
  if (reference) return err(reference);
  if (present) return refers === null || refers === present.refers ? ok([]) : point(present, refers, catalog);

  if (kind === 'application' && (catalog.prepared.get(name) ?? id) !== id)
    return err(deploymentsErrors.staleRevision());

  const used = countedOf(kind, catalog);
  const limit = catalog.limits[LIMIT_OF[kind]];
  if (counted && used >= limit) return err(deploymentsErrors.limit(kind, name, limit, used));
  const claimed: CatalogEvent = { type: 'catalog.name-claimed.v1', data: wanted };
  if (day === undefined) return ok([claimed]);
  const counting = countDeployment(id, name, day, catalog);
  return counting.ok ? ok([claimed, ...counting.value]) : counting;
}

/**
 * Reserves an id for the next application of a name. An application that exists, or a name that is already prepared,
 * keeps its id. No more names are prepared than the plan allows applications.
 */
function prepare({ name, id }: Extract<CatalogCommand, { type: 'prepare' }>, catalog: Catalog): Outcome {
  if (catalog.entries.application.has(name) || catalog.prepared.has(name)) return ok([]);
  const limit = catalog.limits.applications;
  const used = countedOf('application', catalog);
  if (used + catalog.prepared.size >= limit) return err(deploymentsErrors.limit('application', name, limit, used));
  return ok([{ type: 'catalog.name-prepared.v1', data: { kind: 'application', name, id } }]);
}

function count({ kind, name, id, refers, day }: Extract<CatalogCommand, { type: 'count' }>, catalog: Catalog): Outcome {
  const present = catalog.entries[kind].get(name);
  if (present?.id !== id) return err(deploymentsErrors.applicationNotFound(name));
  const reference = refusedReference(kind, name, refers, catalog);
  if (reference) return err(reference);
  const counting = countDeployment(id, name, day, catalog);
  if (!counting.ok || refers === present.refers) return counting;
  return ok([{ type: 'catalog.reference-changed.v1', data: { kind, name, id, refers } }, ...counting.value]);
}

/**
 * Points an application back. Content that is deployed again is already resolved, so the profile may be missing. If it
 * exists, it cannot be deleted while it is used.
 */
function pointBack(
  { kind, name, id, refers }: Extract<CatalogCommand, { type: 'point-back' }>,
  catalog: Catalog,
): Outcome {
  const present = catalog.entries[kind].get(name);
  if (present?.id !== id) return err(deploymentsErrors.applicationNotFound(name));
  return refers === present.refers || refusedReference(kind, name, refers, catalog)
    ? ok([])
    : ok([{ type: 'catalog.reference-changed.v1', data: { kind, name, id, refers } }]);
}

function countDeployment(applicationId: string, name: string, day: string, catalog: Catalog): Outcome {
  const used = deploymentsOn(day, catalog);
  const limit = catalog.limits.deploymentsPerDay;
  return used >= limit
    ? err(deploymentsErrors.deploymentLimit(name, limit, used))
    : ok([{ type: 'catalog.deployment-counted.v1', data: { applicationId, day } }]);
}

/** The target of a profile cannot change while applications use it. */
function point(present: Entry, refers: string, catalog: Catalog): Outcome {
  const { kind, name, id } = present;
  if (kind === 'profile' && referringTo(catalog, 'application', id).length > 0) {
    const cluster = [...catalog.entries.cluster.values()].find((entry) => entry.id === present.refers);
    return err(deploymentsErrors.targetFixed(name, cluster?.name ?? 'what it is'));
  }
  return ok([{ type: 'catalog.reference-changed.v1', data: { kind, name, id, refers } }]);
}

/**
 * Rejects a reference to an object that does not exist or is being deleted. This decider also decides about its
 * deletion.
 */
function refusedReference(
  kind: Named['kind'],
  name: string,
  refers: string | null,
  catalog: Catalog,
): DeploymentsError | undefined {
  if (refers === null || kind === 'cluster') return undefined;
  const target = kind === 'application' ? 'profile' : 'cluster';
  const found = [...catalog.entries[target].values()].find(({ id }) => id === refers);
  if (found && !found.retiring) return undefined;
  const wanted = found?.name ?? 'that was just deleted';
  return kind === 'application'
    ? deploymentsErrors.profileUnknown(name, wanted, namesOf(catalog, 'profile'), '/spec/profileName')
    : deploymentsErrors.clusterUnknown(name, wanted, namesOf(catalog, 'cluster'), '/spec/clusterName');
}

function retire({ kind, name, id }: Named, catalog: Catalog): Outcome {
  const present = catalog.entries[kind].get(name);
  if (present?.id !== id || present.retiring) return ok([]);
  if (kind === 'profile' || kind === 'cluster') {
    const users = referringTo(catalog, kind === 'profile' ? 'application' : 'profile', id);
    const what = kind === 'profile' ? 'application' : 'profile';
    if (users.length > 0)
      return err(
        deploymentsErrors.inUse(
          kind,
          name,
          users.map((user) => `${what}/${user.name}`),
        ),
      );
  }
  return ok([{ type: 'catalog.name-retiring.v1', data: { kind, name, id } }]);
}

/** Releases a name. Does nothing if another object has the name, or none. */
function release({ kind, name, id }: Named, catalog: Catalog): Outcome {
  return catalog.entries[kind].get(name)?.id === id
    ? ok([{ type: 'catalog.name-released.v1', data: { kind, name, id } }])
    : ok([]);
}

/**
 * Sets all limits or, if one of them is below the current use, none. Deployments of today are not considered, since the
 * count ends tomorrow.
 */
function setLimits({ applications, profiles, clusters, deploymentsPerDay }: CatalogLimits, catalog: Catalog): Outcome {
  const limits = { applications, profiles, clusters, deploymentsPerDay };
  const over = (Object.keys(LIMIT_OF) as (keyof typeof LIMIT_OF)[]).flatMap((kind) => {
    const used = countedOf(kind, catalog);
    const limit = LIMIT_OF[kind];
    return used > limits[limit] ? [{ limit, used, allowed: limits[limit] }] : [];
  });
  if (over.length > 0) return err(deploymentsErrors.limitsBelowUse(over));
  const same = (Object.keys(limits) as (keyof CatalogLimits)[]).every((key) => limits[key] === catalog.limits[key]);
  return ok(same ? [] : [{ type: 'catalog.limits-set.v1', data: limits }]);
}

/** Decides about the names and limits of one organization. */
export const catalogDecider: Decider<Catalog, CatalogCommand, CatalogEvent, DeploymentsError> = {
  events: catalogEvents,
  initialState: emptyCatalog,
  evolve: evolveCatalog,
  decide,
};

/** Returns the name of an organization's catalog stream. */
export const catalogStream = (organizationId: string): string => `catalog-${organizationId}`;

/** Returns the UTC date on which a deployment is counted, such as `2026-11-24`. */
export const utcDay = (nowMs: number): string => new Date(nowMs).toISOString().slice(0, 10);
