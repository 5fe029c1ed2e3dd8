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
  const { id, name, masked, source, role, memberId, createdAt, expiresAt, revokedAt, leakedAt } = key;
  const status =
    revokedAt !== null ? 'REVOKED' : expiresAt !== null && Date.parse(expiresAt) <= nowMs ? 'EXPIRED' : 'ACTIVE';
  return {
    id,
    name,
    key: masked,
    source,
    status,
    role,
    memberId,
    owner,
    createdAt,
    expires: expiresAt,
    lastUsed,
    leakedAt,
  };
}
