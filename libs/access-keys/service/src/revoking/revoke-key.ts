import { err, ok, type Actor, type Result } from '#kernel';
import { keyErrors, type KeyError } from '../key-ring.errors.ts';
import type { KeyRingEvent } from '../key-ring.events.ts';
import type { KeyRing } from '../key-ring.ts';

export interface RevokeKey {
  readonly type: 'revoke-key';
  readonly keyId: string;
  readonly reason: string;
  /** Whether the actor's current role allows revoking keys of others. */
  readonly mayOthers: boolean;
}

/** Revokes a key of the actor or, with the right to it, of somebody else. A key may revoke itself. */
export function revokeKey(
  { keyId, reason, mayOthers }: RevokeKey,
  ring: KeyRing,
  actor: Actor,
): Result<readonly KeyRingEvent[], KeyError> {
  const key = ring.keys.get(keyId);
  if (key === undefined) return err(keyErrors.notFound());
  if (key.created.memberId !== actor.id && !mayOthers) return err(keyErrors.notOwnKey());
  return ok([{ type: 'access-key.revoked.v1', data: { keyId, reason } }]);
}

export interface RevokeKeysOf {
  readonly type: 'revoke-keys-of';
  /** Member whose keys to revoke. Default: all members (the organization was deleted). */
  readonly memberId?: string;
  /** Source of the keys to revoke. Default: every source. */
  readonly source?: 'login';
  readonly reason: string;
}

/**
 * Revokes the keys of a member who left, so that none becomes valid if the member returns, or of a person who logs out
 * everywhere. A repeated command records nothing.
 */
export function revokeKeysOf(
  { memberId, source, reason }: RevokeKeysOf,
  ring: KeyRing,
): Result<readonly KeyRingEvent[], KeyError> {
  const memberKeys = [...ring.keys.values()].filter(
    ({ created }) =>
      (memberId === undefined || created.memberId === memberId) && (source === undefined || created.source === source),
  );
  return ok(
    memberKeys.map(({ created }) => ({ type: 'access-key.revoked.v1', data: { keyId: created.keyId, reason } })),
  );
}
