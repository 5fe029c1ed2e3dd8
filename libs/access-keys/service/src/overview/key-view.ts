import type { AccessKeyView } from '#access-keys/contract';
import type { ListedKey } from './keys.projection.ts';

export interface KeyCompanions {
  readonly nowMs: number;
  /** What the owner is called: an address, or a service member's name. */
  readonly owner: string | null;
  /** To the minute; `null` when it was not used, or the note of it was lost. */
  readonly lastUsed: string | null;
}

/** A key as lists show it: masked, with its state of this moment. Expiry needs no sweeper. */
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
