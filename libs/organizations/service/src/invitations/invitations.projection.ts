import type { Role } from '#access';
import { idOf, REMOVED, type Projection } from '#kernel';
import { organizationEvents, type OrganizationEvent } from '../organization.events.ts';

/** An invitation in the document. Its address is looked up when somebody reads. */
export interface ListedInvitation {
  readonly id: string;
  readonly organizationId: string;
  readonly addressId: string;
  readonly role: Role;
  readonly audit: boolean;
  readonly auditUntil: string | null;
  /** `PENDING` also after it has expired, which is determined when somebody reads. */
  readonly state: 'PENDING' | 'ACCEPTED' | 'DECLINED' | 'REVOKED';
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly tokenDigest: string;
  readonly invitedBy: string;
}

/** Builds one document for each invitation. Increment the version in `name` when `apply` changes. */
export const invitationsProjection: Projection<OrganizationEvent, ListedInvitation> = {
  name: 'organization-invitations.v1',
  events: organizationEvents,
  indexes: ['organizationId', 'addressId', 'tokenDigest', 'createdAt'],
  documentId: ({ event: { data } }) => ('invitationId' in data ? data.invitationId : undefined),
  apply(invitation, { event, metadata }) {
    if (event.type === 'organization.member-invited.v1') {
      const { invitationId, audit = false, auditUntil = null, ...invited } = event.data;
      return {
        ...invited,
        id: invitationId,
        organizationId: idOf(metadata.stream),
        audit,
        auditUntil,
        state: 'PENDING',
        createdAt: metadata.recordedAt,
      };
    }
    if (invitation === undefined) return REMOVED;
    switch (event.type) {
      case 'organization.invitation-resent.v1': {
        const { expiresAt, tokenDigest, invitedBy } = event.data;
        return { ...invitation, expiresAt, tokenDigest, invitedBy };
      }
      case 'organization.invitation-accepted.v1':
        return { ...invitation, state: 'ACCEPTED' };
      case 'organization.invitation-declined.v1':
        return { ...invitation, state: 'DECLINED' };
      case 'organization.invitation-revoked.v1':
        return { ...invitation, state: 'REVOKED' };
      default:
        return invitation;
    }
  },
};
