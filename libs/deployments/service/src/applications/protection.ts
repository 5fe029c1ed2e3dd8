import type { Configuration } from '../catalog/beginnings.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { deploymentsErrors, type DeploymentsError } from '../deployments.errors.ts';
import { latestOf, type Application } from './application.ts';

/** Part of a revision that decides who may change it. */
export type Guarded = Pick<Configuration, 'profile' | 'namespaceMode'>;

/** Another application that uses the same namespace. */
export interface Neighbor {
  readonly applicationId: string;
  readonly name: string;
  readonly namespace: string;
  readonly profile: string;
  /** Whether its profile is protected now. */
  readonly isProtected: boolean;
}

/**
 * State of other streams that decides who may change an application. Read right before the decision, see
 * `ProtectionReader`.
 */
export interface Protection {
  /** Owner, admin, or a global admin who logged in. The other fields are then ignored and empty. */
  readonly isAdmin: boolean;
  /** Whether a profile is protected now, by its id. */
  readonly profiles: ReadonlyMap<string, boolean>;
  readonly neighbors: readonly Neighbor[];
}

/** Protection for a caller who may use all profiles. */
export const ADMIN: Protection = { isAdmin: true, profiles: new Map(), neighbors: [] };

/** A change of an application by an actor. */
export interface Change {
  readonly action: 'deploy' | 'change' | 'delete';
  readonly application: string;
  /** Latest revision of the application, or the claim of its creation in progress. Absent for a new application. */
  readonly present: Guarded | undefined;
  /** Revision after the change. Absent if the content does not change (restart, pause, secrets) or is deleted. */
  readonly next: Guarded | undefined;
}

/**
 * Decides, for all commands that deploy, change or delete an application, whether the actor may do so, in addition to
 * the permission of the request. Without admin rights, an actor cannot change an application that is on a protected
 * profile or moves to one, that uses `namespaceMode: preserve` before or after the change, or that is in a namespace
 * used by an application of a protected profile, since pods of one namespace can read each other's Secrets.
 * @returns the error; `deployments/contended` if a revision's profile was not looked up, so that the caller looks it up
 *   and retries
 */
export function refusedChange(change: Change, protection: Protection): DeploymentsError | undefined {
  if (protection.isAdmin) return undefined;
  const { action, application, present, next } = change;
  for (const guarded of [next, present]) {
    if (!guarded) continue;
    const isProtected = protection.profiles.get(guarded.profile.id);
    if (isProtected === undefined) return deploymentsErrors.staleRevision();
    if (isProtected) return deploymentsErrors.protectedProfile({ action, application, profile: guarded.profile.name });
    if (guarded.namespaceMode === 'preserve') return deploymentsErrors.preserveNeedsAdmin();
  }
  const neighbor = protection.neighbors.find(({ isProtected }) => isProtected);
  return neighbor
    ? deploymentsErrors.protectedProfile({
        action,
        application,
        profile: neighbor.profile,
        namespace: neighbor.namespace,
        usedBy: neighbor.name,
      })
    : undefined;
}

/** Name and profile of an application. */
export interface Claim {
  readonly name: string;
  readonly profile: Guarded['profile'];
}

/** Returns what the creation of an application without a revision claims. An unknown profile counts as protected. */
export function claimOf(catalog: Catalog, applicationId: string): Claim {
  const entry = [...catalog.entries.application.values()].find(({ id }) => id === applicationId);
  const profile = [...catalog.entries.profile.values()].find(({ id }) => id === entry?.refers);
  return {
    name: entry?.name ?? applicationId,
    profile: { id: profile?.id ?? '', name: profile?.name ?? '-', revision: 0, protected: true },
  };
}

/** Returns the latest revision, or the claim of a creation in progress. Undefined if the name is not taken. */
export function presentOf(application: Application, catalog: Catalog, name: string): Guarded | undefined {
  const latest = latestOf(application);
  const entry = catalog.entries.application.get(name);
  return latest ?? (entry && { profile: claimOf(catalog, entry.id).profile, namespaceMode: 'override' });
}
