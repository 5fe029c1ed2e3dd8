import type { Configuration } from '../catalog/beginnings.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { deploymentsErrors, type DeploymentsError } from '../deployments.errors.ts';
import { latestOf, type Application } from './application.ts';

/** The part of a revision that decides who may change it. */
export type Guarded = Pick<Configuration, 'profile' | 'namespaceMode'>;

/** Another application that claims the same namespace. */
export interface Neighbor {
  readonly applicationId: string;
  readonly name: string;
  readonly namespace: string;
  readonly profile: string;
  /** Whether that profile is protected now. */
  readonly isProtected: boolean;
}

/** What other streams say about who may change an application. Read right before the decision, see `ProtectionReader`. */
export interface Protection {
  /** Owner, admin, or a global admin who logged in: nothing else matters, and the rest is empty. */
  readonly isAdmin: boolean;
  /** Whether a profile is protected now, by its id. */
  readonly profiles: ReadonlyMap<string, boolean>;
  readonly neighbors: readonly Neighbor[];
}

/** Somebody to whom no profile is closed. */
export const ADMIN: Protection = { isAdmin: true, profiles: new Map(), neighbors: [] };

export interface Change {
  readonly action: 'deploy' | 'change' | 'delete';
  readonly application: string;
  /** What the application is: its latest revision, or what its creation under way claims; absent when it is new. */
  readonly present: Guarded | undefined;
  /** What it would become; absent when its content stays (restart, pause, secrets) or goes (delete). */
  readonly next: Guarded | undefined;
}

/**
 * Decides for every command that deploys, changes or deletes an application whether the actor may, beyond what the
 * permission of the request says of their role. Without admin rights nobody changes an application that is on a protected
 * profile, or comes from or goes to one; uses `namespaceMode: preserve`, before or after; or is in a namespace that an
 * application of a protected profile claims, since pods of one namespace can read the Secrets of the others.
 * @returns the refusal; `deployments/contended` when a revision's profile was not looked up: then look again
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

export interface Claim {
  readonly name: string;
  readonly profile: Guarded['profile'];
}

/** What the creation of an application claims that has no revision yet. What is not known counts as protected. */
export function claimOf(catalog: Catalog, applicationId: string): Claim {
  const entry = [...catalog.entries.application.values()].find(({ id }) => id === applicationId);
  const profile = [...catalog.entries.profile.values()].find(({ id }) => id === entry?.refers);
  return {
    name: entry?.name ?? applicationId,
    profile: { id: profile?.id ?? '', name: profile?.name ?? '-', revision: 0, protected: true },
  };
}

/** What an application is: its latest revision, or what its creation under way claims; absent when nobody has the name. */
export function presentOf(application: Application, catalog: Catalog, name: string): Guarded | undefined {
  const latest = latestOf(application);
  const entry = catalog.entries.application.get(name);
  return latest ?? (entry && { profile: claimOf(catalog, entry.id).profile, namespaceMode: 'override' });
}
