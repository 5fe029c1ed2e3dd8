import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { err, ok, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { namespacesDecider, namespacesStream } from '../clusters/namespaces.decider.ts';
import { profileDecider, profileStream } from '../profiles/profile.decider.ts';
import { applicationDecider, applicationStream } from './application.decider.ts';
import { latestOf, type Application } from './application.ts';
import {
  ADMIN,
  claimOf,
  refusedChange,
  type Change,
  type Claim,
  type Guarded,
  type Neighbor,
  type Protection,
} from './protection.ts';

/** An existing or planned application, and the location of its objects. */
export interface Place {
  readonly organizationId: string;
  readonly applicationId: string;
  /** Whether the caller is an owner, an admin, or a global admin who logged in. */
  readonly isAdmin: boolean;
  /** Location of its objects. Absent if it has no namespace yet, or one of its own. */
  readonly target: { readonly clusterUid: string; readonly namespace: string } | undefined;
}

/** Returns an application as the caller changes it, at the location of its latest revision. */
export function placeOf(
  applicationId: string,
  application: Application,
  { organizationId, isAdmin }: Pick<Place, 'organizationId' | 'isAdmin'>,
): Place {
  const latest = latestOf(application);
  const target = latest && { clusterUid: latest.cluster.uid, namespace: latest.targetNamespace };
  return { organizationId, applicationId, isAdmin, target };
}

/**
 * Reads who may change an application, from the streams of the profiles and namespaces concerned, not from a read
 * model. A profile that becomes protected afterwards does not invalidate a decision: the two happened in that order.
 */
@Injectable()
export class ProtectionReader {
  constructor(@Inject(COMMANDS) private readonly commands: CommandRunner) {}

  async of(place: Place, ...revisions: readonly (Guarded | undefined)[]): Promise<Result<Protection, DomainError>> {
    if (place.isAdmin) return ok(ADMIN);
    const profiles = new Map<string, boolean>();
    for (const revision of revisions) {
      if (!revision) continue;
      const isProtected = await this.isProtected(revision.profile);
      if (!isProtected.ok) return isProtected;
      profiles.set(revision.profile.id, isProtected.value);
    }
    const neighbors = await this.neighbors(place);
    return neighbors.ok ? ok({ isAdmin: false, profiles, neighbors: neighbors.value }) : neighbors;
  }

  /** Looks up and decides, for handlers that reject a request before they do any work. */
  async check(place: Place, change: Change): Promise<Result<void, DomainError>> {
    const protection = await this.of(place, change.present, change.next);
    if (!protection.ok) return protection;
    const refused = refusedChange(change, protection.value);
    return refused ? err(refused) : ok(undefined);
  }

  private async neighbors({
    organizationId,
    applicationId,
    target,
  }: Place): Promise<Result<readonly Neighbor[], DomainError>> {
    if (!target) return ok([]);
    const namespaces = await this.commands.load(namespacesDecider, namespacesStream(target.clusterUid));
    if (!namespaces.ok) return namespaces;
    const neighbors: Neighbor[] = [];
    for (const id of namespaces.value.state.get(target.namespace)?.applications ?? []) {
      if (id === applicationId) continue;
      const claim = await this.claim(organizationId, id);
      if (!claim.ok) return claim;
      const { name, profile } = claim.value;
      const isProtected = await this.isProtected(profile);
      if (!isProtected.ok) return isProtected;
      neighbors.push({
        applicationId: id,
        name,
        namespace: target.namespace,
        profile: profile.name,
        isProtected: isProtected.value,
      });
    }
    return ok(neighbors);
  }

  /** Returns name and profile of an application, or of its creation in progress. */
  private async claim(organizationId: string, applicationId: string): Promise<Result<Claim, DomainError>> {
    const loaded = await this.commands.load(applicationDecider, applicationStream(applicationId));
    if (!loaded.ok) return loaded;
    const latest = latestOf(loaded.value.state);
    if (latest) return ok(latest);
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    return catalog.ok ? ok(claimOf(catalog.value.state, applicationId)) : catalog;
  }

  /** Returns the present state of the profile. A profile that was deleted counts as it did for the revision. */
  private async isProtected(profile: Guarded['profile']): Promise<Result<boolean, DomainError>> {
    const loaded = await this.commands.load(profileDecider, profileStream(profile.id));
    if (!loaded.ok) return loaded;
    const { state } = loaded.value;
    return ok(state.status === 'active' ? state.content.protected : profile.protected);
  }
}
