import { isRole, mayGrant, weaker, type Role } from '#access';
import type { Actor } from '#kernel';
import { organizationErrors, type OrganizationError } from '../organization.errors.ts';
import { isInEffect, type ActiveOrganization, type Member } from '../organization.ts';

/**
 * Returns the role that applies to the actor: the member's role until it ends, limited by the role of the access key. A
 * global admin (who is logged in) acts as an owner. The role is read from the organization's stream, because the
 * guard's copy can be some milliseconds stale.
 *
 * @param nowMs milliseconds since 1970
 */
export function actingRole(actor: Actor, organization: ActiveOrganization, nowMs: number): Role | undefined {
  if (actor.isGlobalAdmin) return 'owner';
  const own = organization.members.get(actor.id);
  if (own === undefined || !isInEffect(own.until, nowMs)) return undefined;
  if (actor.key === undefined) return own.role;
  return isRole(actor.key.role) ? weaker(own.role, actor.key.role) : undefined;
}

/** Returns when the actor's own membership ends, which limits what the actor grants; undefined if it does not. */
export const actingUntil = (actor: Actor, organization: ActiveOrganization): string | undefined =>
  actor.isGlobalAdmin ? undefined : organization.members.get(actor.id)?.until;

/**
 * Returns whether a member may have invited somebody with a role: an invitation grants a membership without an end,
 * which nobody grants whose own has one.
 */
export const mayInvite = (inviter: Member | undefined, granted: Role): boolean =>
  inviter?.until === undefined && mayGrant(inviter?.role, 'admin') && mayGrant(inviter?.role, granted);

/** Returns whether granting, changing, or removing the role requires a login; an access key is rejected. */
export const needsLogin = (role: Role | undefined): boolean => role === 'admin' || role === 'owner';

/** Returns the error of an actor without the login that a change requires; undefined for a recent login. */
export function loginRefusal(actor: Actor): OrganizationError | undefined {
  if (actor.key !== undefined) return organizationErrors.loginRequired();
  return actor.isLoginOld ? organizationErrors.loginTooOld() : undefined;
}

/** Returns whether an end, which may be absent, is at or before another one. */
export const endsBy = (until: string | undefined, limit: string | undefined): boolean =>
  limit === undefined || (until !== undefined && Date.parse(until) <= Date.parse(limit));

/** Returns whether a change only takes from a member: the role is not higher, and the end is not later. */
export const onlyReduces = (from: Member | undefined, role: Role, until: string | undefined): boolean =>
  from !== undefined && mayGrant(from.role, role) && endsBy(until, from.until);
