import { isRole, weaker, type Role } from '#access';
import type { Actor } from '#kernel';
import type { ActiveOrganization } from '../organization.ts';

/**
 * Returns the role that applies to the actor: the member's role, limited by the role of the access key. A global admin
 * (who is logged in) acts as an owner. The role is read from the organization's stream, because the guard's copy can be
 * some milliseconds stale.
 */
export function actingRole(actor: Actor, organization: ActiveOrganization): Role | undefined {
  if (actor.isGlobalAdmin) return 'owner';
  const own = organization.members.get(actor.id)?.role;
  if (own === undefined || actor.key === undefined) return own;
  return isRole(actor.key.role) ? weaker(own, actor.key.role) : undefined;
}

/** Returns whether granting, changing, or removing the role requires a login; an access key is rejected. */
export const needsLogin = (role: Role | undefined): boolean => role === 'admin' || role === 'owner';
