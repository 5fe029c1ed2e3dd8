import type { Actor } from '#kernel';
import type { Role } from './roles.ts';

/** The authenticated caller of a request. */
export type Principal =
  | { readonly kind: 'anonymous' }
  | {
      readonly kind: 'login';
      readonly userId: string;
      /**
       * Present if the console's session cookie authenticated the request. Absent for access tokens, which are
       * short-lived.
       */
      readonly session?: {
        readonly id: string;
        /**
         * When the person last authenticated at the issuer, in milliseconds since 1970; 0 if the issuer did not say.
         */
        readonly authenticatedAtMs: number;
      };
    }
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

/** How long a login suffices for what requires a login. Afterwards, the person of a session logs in again. */
export const RECENT_LOGIN_MS = 15 * 60_000;

/** Returns whether the principal is a session whose login is too old for what requires a login. */
export const isLoginOld = (principal: Principal, nowMs: number): boolean =>
  principal.kind === 'login' &&
  principal.session !== undefined &&
  nowMs - principal.session.authenticatedAtMs >= RECENT_LOGIN_MS;

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
 * @param isGlobalAdmin the user's global role, which applies to a recent login only
 * @param isOld whether the login of a session is too old for what requires a login
 */
export function actorOf(principal: Principal, isGlobalAdmin: boolean, isOld = false): Actor {
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
      return { id, kind: 'person', isGlobalAdmin: isGlobalAdmin && !isOld, ...(isOld && { isLoginOld: true }) };
    case 'anonymous':
    case 'service':
      return { id, kind: 'system', isGlobalAdmin: false };
  }
}
