import type { Actor } from '#kernel';
import type { Role } from './roles.ts';

/** The authenticated caller of a request. */
export type Principal =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'login'; readonly userId: string }
  | {
      readonly kind: 'key';
      /** The user or service member that the key acts for. */
      readonly memberId: string;
      readonly memberKind: 'person' | 'service';
      readonly keyId: string;
      readonly organizationId: string;
      /** The role that the key was created with. The role that applies is also limited by that of the member. */
      readonly role: Role;
    }
  | { readonly kind: 'service'; readonly service: string };

/** Returns the ID that events contain: a user ID, a service member's ID, or `system:<service>`. */
export function principalId(principal: Principal): string {
  switch (principal.kind) {
    case 'anonymous':
      return 'anonymous';
    case 'login':
      return principal.userId;
    case 'key':
      return principal.memberId;
    case 'service':
      return `system:${principal.service}`;
  }
}

/**
 * Returns the principal as decisions see it.
 *
 * @param isGlobalAdmin the user's global role, which applies to a login only
 */
export function actorOf(principal: Principal, isGlobalAdmin: boolean): Actor {
  const id = principalId(principal);
  switch (principal.kind) {
    case 'key':
      return {
        id,
        kind: principal.memberKind,
        isGlobalAdmin: false,
        key: { id: principal.keyId, role: principal.role },
      };
    case 'login':
      return { id, kind: 'person', isGlobalAdmin };
    case 'anonymous':
    case 'service':
      return { id, kind: 'system', isGlobalAdmin: false };
  }
}
