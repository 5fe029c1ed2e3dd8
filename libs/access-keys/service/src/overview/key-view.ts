import type { AccessKeyView } from '#access-keys/contract';
import type { ListedKey } from './keys.projection.ts';

export interface KeyCompanions {
  readonly nowMs: number;
  /** Display name of the owner: an address, or a service member's name. */
  readonly owner: string | null;
  /** To the minute; `null` if the key was not used, or the record of it was lost. */
  readonly lastUsed: string | null;
}

/** Returns a key as lists show it: masked, with its current status. An expired key needs no sweeper. */
export function keyView(key: ListedKey, { nowMs, owner, lastUsed }: KeyCompanions): AccessKeyView {
  const { id, name, masked, source, role, memberId, createdAt, leakedAt } = key;
  const expires = key.worksUntil ?? key.expiresAt;
  return {
    id,
    name,
    key: masked,
    source,
    status: statusOf(key, expires, nowMs),
    role,
    memberId,
    owner,
    createdAt,
    expires,
    lastUsed,
    leakedAt,
  };
}

function statusOf(
  { revokedAt, worksUntil }: ListedKey,
  expires: string | null,
  nowMs: number,
): AccessKeyView['status'] {
  if (revokedAt !== null) return 'REVOKED';
  if (expires !== null && Date.parse(expires) <= nowMs) return 'EXPIRED';
  return worksUntil === null ? 'ACTIVE' : 'ROTATED';
}
