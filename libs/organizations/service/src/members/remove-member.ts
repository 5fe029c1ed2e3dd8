import { mayGrant } from '#access';
import { err, ok, type Actor, type Result } from '#kernel';
import { losesLastOwner, type Organization } from '../organization.ts';
import { organizationErrors, type OrganizationError } from '../organization.errors.ts';
import type { OrganizationEvent } from '../organization.events.ts';
import { actingRole, loginRefusal, needsLogin } from './acting-role.ts';

/** Command: remove a member. */
export interface RemoveMember {
  readonly type: 'remove-member';
  readonly memberId: string;
  /**
   * Whether the members remove themselves, or their user is being erased by the platform. Neither needs a right over
   * other members.
   */
  readonly leaving: boolean;
  /** Milliseconds since 1970: roles end. */
  readonly nowMs: number;
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
  const own = actingRole(actor, organization, command.nowMs);

  if (leaving && memberId !== actor.id && actor.kind !== 'system') return err(organizationErrors.mayNotManageMembers());
  if (!leaving && !mayGrant(own, 'admin')) return err(organizationErrors.mayNotManageMembers());
  const requiresLogin = leaving || needsLogin(current);
  const withoutLogin = requiresLogin ? loginRefusal(actor) : undefined;
  if (withoutLogin) return err(withoutLogin);
  if (current === undefined) return ok([]);
  if (!leaving && !mayGrant(own, current)) return err(organizationErrors.mayNotGrant(current));
  if (losesLastOwner(members, memberId)) return err(organizationErrors.lastOwner());
  return ok([{ type: 'organization.member-removed.v1', data: { memberId } }]);
}
