import { mayGrant, PERMISSIONS, type GlobalRole, type Permission, type Role } from '#access';
import { meRequest } from '#identity/contract';
import { getOrganizationRequest } from '#organizations/contract';
import { useContract } from './queries.ts';

export interface Rights {
  /** The caller's role in the organization; `null` for a global admin who is not a member. */
  readonly role: Role | null;
  readonly globalRole: GlobalRole;
  /**
   * Returns whether the role has the permission. It decides what is offered; the server decides what is done, also by
   * settings and protected profiles that are unknown here.
   */
  can(permission: Permission): boolean;
  /** Returns whether the caller may give somebody the role. */
  mayGrant(role: Role): boolean;
}

/** Returns what a role may do, by the table with which the server decides. */
function rightsOf(role: Role | null, globalRole: GlobalRole): Rights {
  return {
    role,
    globalRole,
    can(permission) {
      const rule = PERMISSIONS[permission];
      if (rule.scope === 'self') return true;
      return (role !== null && rule.roles.includes(role)) || (globalRole === 'admin' && rule.globalAdmin);
    },
    mayGrant: (granted) => globalRole === 'admin' || mayGrant(role ?? undefined, granted),
  };
}

/** Returns what the person may do in an organization; nothing while that is unknown. */
export function useRights(org: string): Rights {
  const organization = useContract(getOrganizationRequest, { org });
  const me = useContract(meRequest, {});
  return rightsOf(organization.data?.role ?? null, me.data?.globalRole ?? 'developer');
}

/** Returns the weakest role with the permission, for `Ask an admin`. */
export const weakestRoleWith = (permission: Permission): Role | undefined => PERMISSIONS[permission].roles[0];
