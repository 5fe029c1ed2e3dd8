import { err, ok, type Actor, type Result } from '#kernel';
import { keyErrors, type KeyError } from '../key-ring.errors.ts';
import type { KeyRingEvent } from '../key-ring.events.ts';
import type { KeyRing } from '../key-ring.ts';

export interface RevokeKey {
  readonly type: 'revoke-key';
  readonly keyId: string;
  readonly reason: string;
  /** The actor's role of this moment lets them revoke keys of others. */
  readonly mayOthers: boolean;
}

/** One's own, or with the right to it, another's. A key may revoke itself. */
export function revokeKey(
  { keyId, reason, mayOthers }: RevokeKey,
  ring: KeyRing,
  actor: Actor,
): Result<readonly KeyRingEvent[], KeyError> {
  const key = ring.keys.get(keyId);
  if (key === undefined) return err(keyErrors.notFound());
  if (key.created.memberId !== actor.id && !mayOthers) return err(keyErrors.notYours());
  return ok([{ type: 'access-key.revoked.v1', data: { keyId, reason } }]);
}

export interface RevokeKeysOf {
  readonly type: 'revoke-keys-of';
  /** Left out: the keys of everybody, when the organization is gone. */
  readonly memberId?: string;
  /** Left out: keys of every source. */
  readonly source?: 'login';
  readonly reason: string;
}

/**
 * When a member leaves, so that none of their keys lives again should they come back, or logs out everywhere. A repeat
 * records nothing.
 */
export function revokeKeysOf(
  { memberId, source, reason }: RevokeKeysOf,
  ring: KeyRing,
): Result<readonly KeyRingEvent[], KeyError> {
  const theirs = [...ring.keys.values()].filter(
    ({ created }) =>
      (memberId === undefined || created.memberId === memberId) && (source === undefined || created.source === source),
  );
  return ok(theirs.map(({ created }) => ({ type: 'access-key.revoked.v1', data: { keyId: created.keyId, reason } })));
}
