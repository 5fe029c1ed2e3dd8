import type { Principal } from '#access';

/** Returns the key of limits: each access key, and each person who has logged in, is counted separately. */
export function callerOf(principal: Principal): string {
  switch (principal.kind) {
    case 'key':
      return `key ${principal.keyId}`;
    case 'login':
      return `login ${principal.userId}`;
    default:
      return 'nobody';
  }
}
