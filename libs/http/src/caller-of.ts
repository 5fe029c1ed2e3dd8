import type { Principal } from '#access';

/** What limits are counted by: each access key, and each person who has logged in, stands for itself. */
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
