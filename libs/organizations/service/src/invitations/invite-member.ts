import { mayGrant, type Role } from '#access';
import { err, ok, type Actor, type Result } from '#kernel';
import { actingRole, actingUntil, loginRefusal, needsLogin } from '../members/acting-role.ts';
import { isPending, seatsUsed, type ActiveOrganization, type Invitation, type Organization } from '../organization.ts';
import { organizationErrors, type OrganizationError } from '../organization.errors.ts';
import type { OrganizationEvent } from '../organization.events.ts';

/** Command: invite the person who has an address. */
export interface InviteMember {
  readonly type: 'invite-member';
  readonly invitationId: string;
  readonly addressId: string;
  /** The user who has verified the address. */
  readonly userId: string | undefined;
  readonly role: Role;
  readonly audit: boolean;
  /** RFC 3339; only with `audit`. */
  readonly auditUntil?: string;
  readonly expiresAt: string;
  readonly tokenDigest: string;
  readonly nowMs: number;
}

/** Command: replace the token of an invitation, which also makes an expired one valid again. */
export interface ResendInvitation {
  readonly type: 'resend-invitation';
  readonly invitationId: string;
  readonly expiresAt: string;
  readonly tokenDigest: string;
  readonly nowMs: number;
}

/** Command: revoke an invitation. */
export interface RevokeInvitation {
  readonly type: 'revoke-invitation';
  readonly invitationId: string;
  readonly nowMs: number;
}

type Decision = Result<readonly OrganizationEvent[], OrganizationError>;

/** Invites a person. The invitation uses a seat until it ends, and nobody can invite above their own role. */
export function inviteMember(command: InviteMember, organization: Organization, actor: Actor): Decision {
  if (organization.status === 'absent' || organization.status === 'deleted') return err(organizationErrors.notFound());
  const { invitationId, addressId, userId, role, audit, auditUntil, expiresAt, tokenDigest, nowMs } = command;
  const refusal = grantRefusal(organization, actor, nowMs, { role, audit });
  if (refusal) return err(refusal);
  // The membership would not end, but that of the actor does.
  const limit = actingUntil(actor, organization);
  if (limit !== undefined) return err(organizationErrors.mayNotGrantLonger(limit));
  if (organization.status === 'deleting') return err(organizationErrors.isDeleting());
  if (auditUntil !== undefined && (!audit || Date.parse(auditUntil) <= nowMs))
    return err(organizationErrors.auditUntil());
  if (userId !== undefined && organization.members.has(userId)) return err(organizationErrors.alreadyMember());
  const pending = [...organization.invitations].find(
    ([, invitation]) => invitation.addressId === addressId && isPending(invitation, nowMs),
  );
  if (pending) return err(organizationErrors.alreadyInvited(pending[0]));
  const used = seatsUsed(organization, nowMs);
  if (used >= organization.seatLimit) return err(organizationErrors.seatLimit(organization.seatLimit, used));
  const invited = {
    invitationId,
    addressId,
    role,
    ...(audit && { audit }),
    ...(auditUntil !== undefined && { auditUntil }),
    expiresAt,
    tokenDigest,
    invitedBy: actor.id,
  };
  return ok([{ type: 'organization.member-invited.v1', data: invited }]);
}

/** Sends an invitation again. Whoever does is the inviter from then on. An expired one uses a seat again. */
export function resendInvitation(command: ResendInvitation, organization: Organization, actor: Actor): Decision {
  if (organization.status === 'absent' || organization.status === 'deleted') return err(organizationErrors.notFound());
  const { invitationId, expiresAt, tokenDigest, nowMs } = command;
  const invitation = organization.invitations.get(invitationId);
  const refusal = grantRefusal(organization, actor, nowMs, invitation);
  if (refusal) return err(refusal);
  // The membership would not end, but that of the actor does.
  const limit = actingUntil(actor, organization);
  if (limit !== undefined) return err(organizationErrors.mayNotGrantLonger(limit));
  if (organization.status === 'deleting') return err(organizationErrors.isDeleting());
  if (!invitation) return err(organizationErrors.noSuchInvitation());
  if (invitation.state !== 'PENDING') return err(endedError(invitation.state));
  const used = seatsUsed(organization, nowMs);
  if (!isPending(invitation, nowMs) && used >= organization.seatLimit)
    return err(organizationErrors.seatLimit(organization.seatLimit, used));
  const data = { invitationId, expiresAt, tokenDigest, invitedBy: actor.id };
  return ok([{ type: 'organization.invitation-resent.v1', data }]);
}

/** Revokes an invitation. A repeat, and one that has expired, records nothing more than the first. */
export function revokeInvitation(command: RevokeInvitation, organization: Organization, actor: Actor): Decision {
  if (organization.status === 'absent' || organization.status === 'deleted') return err(organizationErrors.notFound());
  const { invitationId, nowMs } = command;
  const invitation = organization.invitations.get(invitationId);
  const refusal = grantRefusal(organization, actor, nowMs, invitation);
  if (refusal) return err(refusal);
  if (!invitation) return err(organizationErrors.noSuchInvitation());
  if (invitation.state === 'REVOKED') return ok([]);
  if (invitation.state !== 'PENDING') return err(endedError(invitation.state));
  return ok([{ type: 'organization.invitation-revoked.v1', data: { invitationId } }]);
}

/**
 * Returns why the actor cannot grant this, or take it back.
 *
 * @param nowMs milliseconds since 1970
 * @param granted absent: only whether the actor manages members at all
 */
function grantRefusal(
  organization: ActiveOrganization,
  actor: Actor,
  nowMs: number,
  granted?: Pick<Invitation, 'role' | 'audit'>,
): OrganizationError | undefined {
  const own = actingRole(actor, organization, nowMs);
  if (!mayGrant(own, 'admin')) return organizationErrors.mayNotManageMembers();
  if (!granted) return undefined;
  const withoutLogin = needsLogin(granted.role) || granted.audit ? loginRefusal(actor) : undefined;
  if (withoutLogin) return withoutLogin;
  return mayGrant(own, granted.role) ? undefined : organizationErrors.mayNotGrant(granted.role);
}

/** Returns the error for an invitation that can no longer be accepted. */
export function endedError(state: Exclude<Invitation['state'], 'PENDING'>): OrganizationError {
  switch (state) {
    case 'ACCEPTED':
      return organizationErrors.invitationUsed();
    case 'DECLINED':
      return organizationErrors.invitationDeclined();
    case 'REVOKED':
      return organizationErrors.invitationRevoked();
  }
}
