import type { Actor } from '#kernel';
import type { Role } from './roles.ts';

/** Who asks, as the edge established it. */
export type Principal =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'login'; readonly userId: string }
  | {
      readonly kind: 'key';
      /** The user or service member the key acts for. */
      readonly memberId: string;
      readonly memberKind: 'person' | 'service';
      readonly keyId: string;
      readonly organizationId: string;
      /** The role the key was made with; the right in force is this cut down to the member's own. */
      readonly role: Role;
    }
  | { readonly kind: 'service'; readonly service: string };

/** The id that lands in events: a user id, a service member's id, or `system:<service>`. */
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

/** What decisions see of a principal. `isGlobalAdmin` is the folded global role; it counts for a login only. */
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
