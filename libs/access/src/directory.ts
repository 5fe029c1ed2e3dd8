import { assertNever, idOf, type Authorization, type CommandContext, type EventMetadata, type Recorded } from '#kernel';
import {
  DEFAULT_SETTINGS,
  type AccessKeyCreated,
  type DirectoryFact,
  type KeyRingEvent,
  type OrganizationSettings,
  type SessionEvent,
  type UserEvent,
} from './rights.events.ts';
import { actorOf } from './principal.ts';
import type { GlobalRole, Role } from './roles.ts';

/** A registered user, who may be suspended or erased. */
export interface DirectoryUser {
  globalRole: GlobalRole;
  suspended: boolean;
  erased: boolean;
  /** Event that granted the current global role. */
  grantedBy: string;
}

/** A member of an organization. */
export interface DirectoryMember {
  /** Name of a service member. */
  name?: string;
  kind: 'person' | 'service';
  role: Role;
  /** Event that granted the current role. */
  grantedBy: string;
  /** Milliseconds since 1970 from which the membership grants nothing. Absent: it does not end. */
  untilMs?: number;
  auditUntil?: number;
  auditGrantedBy?: string;
}

/** A deletion in progress of an organization, by its last request. */
export interface DirectoryDeletion {
  readonly requestedBy: string;
  /** Why the request was permitted. Absent in events of releases that did not record it. */
  readonly by?: Authorization;
  readonly eventId: string;
  readonly correlationId: string;
  /** Whether its applications, profiles, and clusters are deleted too. */
  readonly cascade: boolean;
  /** Whether the objects of the applications stay on their clusters. */
  readonly orphan: boolean;
}

/** An organization, which may be deleted. */
export interface DirectoryOrganization {
  readonly id: string;
  name: string;
  slug: string;
  isDefault: boolean;
  status: 'ACTIVE' | 'DELETING' | 'DELETED';
  readonly createdBy: string;
  /** Present while the status is `DELETING`. */
  deletion?: DirectoryDeletion;
  settings: OrganizationSettings;
  readonly members: Map<string, DirectoryMember>;
}

/** An access key, which may be revoked or expired. */
export interface DirectoryKey {
  readonly organizationId: string;
  readonly created: AccessKeyCreated;
  /**
   * Milliseconds since 1970 from which the key is rejected: its expiry or, after a rotation, the end of the grace
   * period. Infinity if the key does not expire.
   */
  expiresAtMs: number;
  readonly grantedBy: string;
  revoked: boolean;
}

/** A session of the console that has not ended, but may have expired. */
export interface DirectorySession {
  readonly id: string;
  readonly userId: string;
  readonly digest: string;
  /** Milliseconds since 1970; 0 if unknown. */
  readonly authenticatedAtMs: number;
  /** Milliseconds since 1970 from which the session is rejected. */
  readonly expiresAtMs: number;
}

/**
 * Returns a member of an organization; undefined if there is none, or if the membership has ended.
 *
 * @param nowMs milliseconds since 1970
 */
export function activeMember(
  organization: { readonly members: { get(id: string): Readonly<DirectoryMember> | undefined } },
  memberId: string,
  nowMs: number,
): Readonly<DirectoryMember> | undefined {
  const member = organization.members.get(memberId);
  return member && nowMs < (member.untilMs ?? Number.POSITIVE_INFINITY) ? member : undefined;
}

/**
 * Returns the context of a command that carries out a deletion. Its events are recorded with the person who requested
 * the deletion, whose right was checked then.
 *
 * @param own the context of the service that carries it out
 */
export const asRequested = <C extends CommandContext>(
  { requestedBy, by, eventId, correlationId }: DirectoryDeletion,
  own: C,
): C => ({
  ...own,
  actor: actorOf({ kind: 'login', userId: requestedBy }, false),
  correlationId,
  causationId: eventId,
  ...(by && { by }),
});

const endOf = (until: string | undefined) => (until === undefined ? {} : { untilMs: Date.parse(until) });

/** The rights of all users, members, and keys, folded from the log. Only `apply` changes it. */
export class Directory {
  readonly users = new Map<string, DirectoryUser>();
  readonly organizations = new Map<string, DirectoryOrganization>();
  /** Organization IDs by slug, of organizations that are not deleted. */
  readonly slugs = new Map<string, string>();
  /** Keys by digest: the key of a request is hashed and looked up, never compared with others. */
  readonly keys = new Map<string, DirectoryKey>();
  readonly keysById = new Map<string, DirectoryKey>();
  /** Keys by ID, of each organization. */
  private readonly organizationKeys = new Map<string, Map<string, DirectoryKey>>();
  /** Sessions by the digest of their secret, like keys. */
  readonly sessions = new Map<string, DirectorySession>();
  /** In the order in which they started, which is the order in which they expire. */
  readonly sessionsById = new Map<string, DirectorySession>();
  /** Organization IDs of each member, for `org list`. */
  readonly memberships = new Map<string, Set<string>>();

  apply({ event: fact, metadata }: Recorded<DirectoryFact>): void {
    const grantedBy = metadata.id;
    switch (fact.type) {
      case 'user.registered.v1':
      case 'user.global-role-set.v1':
      case 'user.suspended.v1':
      case 'user.restored.v1':
      case 'user.erased.v1':
        return this.applyToUser(fact, idOf(metadata.stream), grantedBy);
      case 'organization.created.v1': {
        const id = idOf(metadata.stream);
        const { name, slug, ownerId, isDefault } = fact.data;
        const members = new Map<string, DirectoryMember>([[ownerId, { kind: 'person', role: 'owner', grantedBy }]]);
        const status = 'ACTIVE';
        const settings = DEFAULT_SETTINGS;
        const createdBy = metadata.actor;
        this.organizations.set(id, { id, name, slug, isDefault, status, createdBy, settings, members });
        this.slugs.set(slug, id);
        this.join(ownerId, id);
        return;
      }
      case 'organization.renamed.v1': {
        const found = this.organizations.get(idOf(metadata.stream));
        if (!found) return;
        this.slugs.delete(found.slug);
        Object.assign(found, fact.data);
        this.slugs.set(found.slug, found.id);
        return;
      }
      case 'organization.settings-set.v1': {
        const found = this.organizations.get(idOf(metadata.stream));
        if (found) found.settings = { ...found.settings, ...fact.data };
        return;
      }
      case 'organization.member-added.v1': {
        const { memberId, kind, role, name, until } = fact.data;
        this.organizations
          .get(idOf(metadata.stream))
          ?.members.set(memberId, { kind, role, grantedBy, ...(name !== undefined && { name }), ...endOf(until) });
        this.join(memberId, idOf(metadata.stream));
        return;
      }
      case 'organization.member-role-changed.v1': {
        const member = this.organizations.get(idOf(metadata.stream))?.members.get(fact.data.memberId);
        if (!member) return;
        delete member.untilMs;
        Object.assign(member, { role: fact.data.role, grantedBy, ...endOf(fact.data.until) });
        return;
      }
      case 'organization.member-removed.v1':
        this.organizations.get(idOf(metadata.stream))?.members.delete(fact.data.memberId);
        this.memberships.get(fact.data.memberId)?.delete(idOf(metadata.stream));
        return;
      case 'organization.audit-right-set.v1': {
        const member = this.organizations.get(idOf(metadata.stream))?.members.get(fact.data.memberId);
        if (!member) return;
        delete member.auditUntil;
        delete member.auditGrantedBy;
        if (fact.data.granted) {
          member.auditUntil = fact.data.until ? Date.parse(fact.data.until) : Number.POSITIVE_INFINITY;
          member.auditGrantedBy = grantedBy;
        }
        return;
      }
      case 'organization.deletion-requested.v1':
      case 'organization.deleted.v1':
        return this.applyDeletion(fact, metadata);
      case 'organization.seat-limit-set.v1':
      case 'organization.member-invited.v1':
      case 'organization.invitation-resent.v1':
      case 'organization.invitation-accepted.v1':
      case 'organization.invitation-declined.v1':
      case 'organization.invitation-revoked.v1':
        return; // neither limits nor invitations affect rights
      case 'access-key.created.v1':
      case 'access-key.revoked.v1':
      case 'access-key.rotated.v1':
      case 'access-keys.limits-set.v1':
      case 'access-key.expiry-announced.v1':
        return this.applyToKeys(fact, idOf(metadata.stream), grantedBy);
      case 'session.started.v1':
      case 'session.ended.v1':
        return this.applyToSessions(fact, idOf(metadata.stream));
      default:
        return assertNever(fact);
    }
  }

  /** Returns an organization by ID or slug, unless it is deleted. */
  organization(idOrSlug: string): DirectoryOrganization | undefined {
    const found = this.organizations.get(idOrSlug) ?? this.organizations.get(this.slugs.get(idOrSlug) ?? '');
    return found?.status === 'DELETED' ? undefined : found;
  }

  /** Returns all access keys of an organization, with those that have ended, in the order in which they were created. */
  keysOf(organizationId: string): readonly DirectoryKey[] {
    return [...(this.organizationKeys.get(organizationId)?.values() ?? [])];
  }

  /** Returns the organizations of a member, without memberships that have ended and deleted organizations. */
  organizationsOf(memberId: string, nowMs: number): DirectoryOrganization[] {
    return [...(this.memberships.get(memberId) ?? [])]
      .flatMap((id) => this.organization(id) ?? [])
      .filter((organization) => activeMember(organization, memberId, nowMs) !== undefined);
  }

  private applyDeletion(
    fact: Extract<DirectoryFact, { readonly type: 'organization.deletion-requested.v1' | 'organization.deleted.v1' }>,
    { stream, id, actor, by, correlationId }: EventMetadata,
  ): void {
    const found = this.organizations.get(idOf(stream));
    if (!found) return;
    if (fact.type === 'organization.deletion-requested.v1') {
      found.status = 'DELETING';
      found.deletion = {
        requestedBy: actor,
        ...(by && { by }),
        eventId: id,
        correlationId,
        cascade: fact.data.cascade === true || found.deletion?.cascade === true,
        orphan: fact.data.orphan === true || found.deletion?.orphan === true,
      };
      return;
    }
    found.status = 'DELETED';
    delete found.deletion;
    this.slugs.delete(found.slug);
    for (const memberId of found.members.keys()) this.memberships.get(memberId)?.delete(found.id);
    found.members.clear();
  }

  private applyToKeys({ type, data }: KeyRingEvent, organizationId: string, grantedBy: string): void {
    switch (type) {
      case 'access-key.created.v1':
        return this.addKey(data, organizationId, grantedBy);
      case 'access-key.revoked.v1': {
        const key = this.keysById.get(data.keyId);
        if (key) key.revoked = true;
        return;
      }
      case 'access-key.rotated.v1': {
        const key = this.keysById.get(data.keyId);
        if (key) key.expiresAtMs = Math.min(key.expiresAtMs, Date.parse(data.worksUntil));
        return;
      }
      case 'access-keys.limits-set.v1':
      case 'access-key.expiry-announced.v1':
        return;
    }
  }

  private applyToSessions({ type, data }: SessionEvent, userId: string): void {
    if (type === 'session.ended.v1') return this.forgetSession(data.sessionId);
    const startedAtMs = Date.parse(data.startedAt);
    for (const { id, expiresAtMs } of this.sessionsById.values()) {
      if (expiresAtMs > startedAtMs) break;
      this.forgetSession(id); // so that memory does not grow with the number of logins
    }
    const session: DirectorySession = {
      id: data.sessionId,
      userId,
      digest: data.digest,
      authenticatedAtMs: data.authenticatedAt === undefined ? 0 : Date.parse(data.authenticatedAt),
      expiresAtMs: Date.parse(data.expiresAt),
    };
    this.sessions.set(session.digest, session);
    this.sessionsById.set(session.id, session);
  }

  private forgetSession(id: string): void {
    this.sessions.delete(this.sessionsById.get(id)?.digest ?? '');
    this.sessionsById.delete(id);
  }

  private applyToUser(fact: UserEvent, id: string, grantedBy: string): void {
    if (fact.type === 'user.registered.v1') {
      const { globalRole } = fact.data;
      this.users.set(id, { globalRole, suspended: false, erased: false, grantedBy });
      return;
    }
    const user = this.users.get(id);
    if (!user) return;
    switch (fact.type) {
      case 'user.global-role-set.v1':
        Object.assign(user, { globalRole: fact.data.globalRole, grantedBy });
        return;
      case 'user.suspended.v1':
      case 'user.restored.v1':
        user.suspended = fact.type === 'user.suspended.v1';
        return;
      case 'user.erased.v1':
        Object.assign(user, { erased: true, globalRole: 'developer' });
        return;
      default:
        return assertNever(fact);
    }
  }

  private addKey(created: DirectoryKey['created'], organizationId: string, grantedBy: string): void {
    const expiresAtMs = created.expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(created.expiresAt);
    const key: DirectoryKey = { organizationId, created, expiresAtMs, grantedBy, revoked: false };
    this.keys.set(created.digest, key);
    this.keysById.set(created.keyId, key);
    const ofOrganization = this.organizationKeys.get(organizationId) ?? new Map<string, DirectoryKey>();
    this.organizationKeys.set(organizationId, ofOrganization.set(created.keyId, key));
  }

  private join(memberId: string, organizationId: string): void {
    const joined = this.memberships.get(memberId) ?? new Set<string>();
    this.memberships.set(memberId, joined.add(organizationId));
  }
}
