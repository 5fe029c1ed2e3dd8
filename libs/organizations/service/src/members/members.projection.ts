import type { Role } from '#access';
import { idOf, REMOVED, type Projection } from '#kernel';
import { organizationEvents, type OrganizationEvent } from '../organization.events.ts';

/** A member in the document. Names and addresses of people are not stored here. */
export interface ListedMember {
  readonly id: string;
  readonly kind: 'person' | 'service';
  readonly role: Role;
  /** Name of a service member; `null` for people. */
  readonly name: string | null;
  readonly since: string;
  /** When the membership ends, RFC 3339; `null` if it does not. */
  readonly until: string | null;
  readonly audit: boolean;
  /** When the right `audit` ends, RFC 3339; `null` if it does not expire. */
  readonly auditUntil: string | null;
}

/** Response document of `GET /v1/organizations/{org}/members`, one per organization. */
export interface MemberList {
  readonly members: readonly ListedMember[];
}

/** Builds the member list. Increment the version in `name` when `apply` changes, so that the list is rebuilt. */
export const membersProjection: Projection<OrganizationEvent, MemberList> = {
  name: 'organization-members.v3',
  events: organizationEvents,
  documentId: ({ metadata }) => idOf(metadata.stream),
  apply(list = { members: [] }, { event, metadata }) {
    switch (event.type) {
      case 'organization.created.v1':
        return { members: [newMember(event.data.ownerId, 'person', 'owner', metadata.recordedAt)] };
      case 'organization.member-added.v1': {
        const { memberId, kind, role, name, until = null } = event.data;
        const added = { ...newMember(memberId, kind, role, metadata.recordedAt, name), until };
        return { members: [...list.members, added] };
      }
      case 'organization.member-role-changed.v1':
        return change(list, event.data.memberId, { role: event.data.role, until: event.data.until ?? null });
      case 'organization.audit-right-set.v1':
        return change(list, event.data.memberId, { audit: event.data.granted, auditUntil: event.data.until ?? null });
      case 'organization.member-removed.v1':
        return { members: list.members.filter(({ id }) => id !== event.data.memberId) };
      case 'organization.deleted.v1':
        return REMOVED;
      case 'organization.renamed.v1':
      case 'organization.settings-set.v1':
      case 'organization.seat-limit-set.v1':
      case 'organization.deletion-requested.v1':
      case 'organization.member-invited.v1':
      case 'organization.invitation-resent.v1':
      case 'organization.invitation-accepted.v1':
      case 'organization.invitation-declined.v1':
      case 'organization.invitation-revoked.v1':
        return list;
    }
  },
};

/**
 * Creates a list entry.
 *
 * @param since RFC 3339
 * @param name only for service members
 */
export const newMember = (
  id: string,
  kind: 'person' | 'service',
  role: Role,
  since: string,
  name?: string,
): ListedMember => ({ id, kind, role, name: name ?? null, since, until: null, audit: false, auditUntil: null });

const change = (list: MemberList, memberId: string, to: Partial<ListedMember>): MemberList => ({
  members: list.members.map((listed) => (listed.id === memberId ? { ...listed, ...to } : listed)),
});
