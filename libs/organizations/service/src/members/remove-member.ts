import { mayGrant } from '#access';
import { err, ok, type Actor, type Result } from '#kernel';
import { ownersOf, type Organization } from '../organization.ts';
import { organizationErrors, type OrganizationError } from '../organization.errors.ts';
import type { OrganizationEvent } from '../organization.events.ts';
import { needsLogin, actingRole } from './acting-role.ts';

/** Command: remove a member. */
export interface RemoveMember {
  readonly type: 'remove-member';
  readonly memberId: string;
  /** Whether the members remove themselves, which needs no right over other members. */
  readonly leaving: boolean;
}

/** Removes a member. A repeated command succeeds and records nothing; the last owner cannot be removed. */
export function removeMember(
  command: RemoveMember,
  organization: Organization,
  actor: Actor,
): Result<readonly OrganizationEvent[], OrganizationError> {
  if (organization.status === 'absent' || organization.status === 'deleted') return err(organizationErrors.notFound());

  const { members } = organization;
  const { memberId, leaving } = command;
  const current = members.get(memberId)?.role;
  const own = actingRole(actor, organization);

  if (leaving && memberId !== actor.id) return err(organizationErrors.mayNotManageMembers());
  if (!leaving && !mayGrant(own, 'admin')) return err(organizationErrors.mayNotManageMembers());
  if (actor.key !== undefined && (leaving || needsLogin(current))) return err(organizationErrors.loginRequired());
  if (current === undefined) return ok([]);
  if (!leaving && !mayGrant(own, current)) return err(organizationErrors.mayNotGrant(current));
  if (current === 'owner' && ownersOf(members).length === 1) return err(organizationErrors.lastOwner());
  return ok([{ type: 'organization.member-removed.v1', data: { memberId } }]);
}
