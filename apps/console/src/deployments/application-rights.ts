import type { Permission } from '#access';
import type { ApplicationView } from '#deployments/contract';
import { useRights, weakestRoleWith } from '../shared/rights.ts';

/** Permissions that editors do not have for applications of protected profiles. */
const PROTECTED: readonly Permission[] = ['application.deploy', 'secrets.write'];

/**
 * Returns a function that says why the person may not do something with an application, and who may; undefined if they
 * may. The applications of a protected profile are changed by owners and admins only.
 */
export function useRefusal(
  org: string,
  application?: Pick<ApplicationView, 'protected'>,
): (permission: Permission) => string | undefined {
  const { can, role } = useRights(org);
  return (permission) => {
    if (!can(permission)) return `Ask ${article(weakestRoleWith(permission) ?? 'owner')} of the organization.`;
    const isProtected = application?.protected === true && PROTECTED.includes(permission);
    return isProtected && role === 'editor'
      ? 'The profile is protected. Ask an admin or owner of the organization.'
      : undefined;
  };
}

const article = (role: string): string => `${/^[aeiou]/.test(role) ? 'an' : 'a'} ${role}`;
