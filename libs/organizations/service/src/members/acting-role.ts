import { isRole, weaker, type Role } from '#access';
import type { Actor } from '#kernel';
import type { LivingOrganization } from '../organization.ts';

/**
 * The role by which an actor acts, decided from the folded stream: the guard in front saw a copy that may be
 * milliseconds old. A key has its own role cut down to the member's; a global admin (by login) stands like an owner.
 */
export function actingRole(actor: Actor, organization: LivingOrganization): Role | undefined {
  if (actor.isGlobalAdmin) return 'owner';
  const own = organization.members.get(actor.id)?.role;
  if (own === undefined || actor.key === undefined) return own;
  return isRole(actor.key.role) ? weaker(own, actor.key.role) : undefined;
}

/** Making, changing or removing admins and owners needs a person's login. */
export const needsLogin = (role: Role | undefined): boolean => role === 'admin' || role === 'owner';
