import { err, ok, type Actor, type Result } from '#kernel';
import { mayInvite } from '../members/acting-role.ts';
import { isPending, type Organization } from '../organization.ts';
import { organizationErrors, type OrganizationError } from '../organization.errors.ts';
import type { OrganizationEvent } from '../organization.events.ts';
import { endedError } from './invite-member.ts';

/** Command: accept or decline an invitation. The actor is the invited person, who is logged in. */
export interface AnswerInvitation {
  readonly type: 'accept-invitation' | 'decline-invitation';
  readonly invitationId: string;
  /** ID of the actor's verified address; undefined if the issuer has not verified it. */
  readonly addressId: string | undefined;
  /** Digest of the token; absent if the actor chose one of their own invitations. */
  readonly tokenDigest?: string;
  /** Whether the inviter is a global admin now, who may grant every role without being a member. */
  readonly isInviterGlobalAdmin: boolean;
  readonly nowMs: number;
}

/**
 * Accepts or declines an invitation. Only the person who has verified the invited address can, once. Whether the inviter
 * may still grant the role is decided here again.
 */
export function answerInvitation(
  command: AnswerInvitation,
  organization: Organization,
  actor: Actor,
): Result<readonly OrganizationEvent[], OrganizationError> {
  const { invitationId, addressId, tokenDigest, nowMs } = command;
  const invitation = organization.status === 'active' ? organization.invitations.get(invitationId) : undefined;
  if (organization.status !== 'active' || !invitation) return err(organizationErrors.noSuchInvitation());
  if (addressId === undefined) return err(organizationErrors.emailUnverified());
  if (addressId !== invitation.addressId) return err(organizationErrors.otherAddress());
  if (invitation.state !== 'PENDING') return err(endedError(invitation.state));
  // The token was replaced between the look-up and this decision.
  if (tokenDigest !== undefined && tokenDigest !== invitation.tokenDigest)
    return err(organizationErrors.noSuchInvitation());
  if (!isPending(invitation, nowMs)) return err(organizationErrors.invitationExpired());

  const memberId = actor.id;
  if (command.type === 'decline-invitation')
    return ok([{ type: 'organization.invitation-declined.v1', data: { invitationId, memberId } }]);
  if (!command.isInviterGlobalAdmin && !mayInvite(organization.members.get(invitation.invitedBy), invitation.role))
    return err(organizationErrors.inviterMayNotGrant());
  const accepted = { type: 'organization.invitation-accepted.v1', data: { invitationId, memberId } } as const;
  // Somebody has added the person in the meantime. The invitation does not change the role that they have now.
  if (organization.members.has(memberId)) return ok([accepted]);
  const { role, audit, auditUntil: until } = invitation;
  return ok([
    accepted,
    { type: 'organization.member-added.v1', data: { memberId, kind: 'person', role } },
    ...(audit
      ? [
          {
            type: 'organization.audit-right-set.v1',
            data: { memberId, granted: true, ...(until !== undefined && { until }) },
          } as const,
        ]
      : []),
  ]);
}
