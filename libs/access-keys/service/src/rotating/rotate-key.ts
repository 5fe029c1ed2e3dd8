import { err, ok, type Actor, type Result } from '#kernel';
import type { NewKey } from '../issuing/create-key.ts';
import { keyErrors, type KeyError } from '../key-ring.errors.ts';
import type { KeyRingEvent } from '../key-ring.events.ts';
import type { KeyRing } from '../key-ring.ts';

export interface RotateKey {
  readonly type: 'rotate-key';
  readonly keyId: string;
  /** The new key. */
  readonly minted: Pick<NewKey, 'keyId' | 'digest' | 'masked'>;
  /** How long the replaced key works, in milliseconds; never longer than it would have worked without the rotation. */
  readonly graceMs: number;
  /** Whether the actor's current role allows rotating keys of service members. */
  readonly mayService: boolean;
  readonly nowMs: number;
}

/**
 * Replaces a key by a new one with the same owner, name, role, and expiry. The replaced key works until the grace period
 * ends, and does not count against the plan. It must end before its successor can be rotated, so that there are at most
 * two working keys for one.
 */
export function rotateKey(command: RotateKey, ring: KeyRing, actor: Actor): Result<readonly KeyRingEvent[], KeyError> {
  const { keyId, minted, graceMs, mayService, nowMs } = command;
  const key = ring.keys.get(keyId);
  if (key === undefined) return err(keyErrors.notFound());
  const { created, expiresAtMs, replacedBy } = key;
  const isOwn = created.memberId === actor.id;
  if (!isOwn && !(mayService && created.memberKind === 'service')) return err(keyErrors.notYoursToRotate());
  if (actor.key !== undefined && actor.key.id !== keyId) return err(keyErrors.loginRequired());
  if (actor.isLoginOld) return err(keyErrors.loginTooOld());
  if (nowMs >= expiresAtMs) return err(keyErrors.ended());
  if (replacedBy !== undefined) return err(keyErrors.alreadyRotated(replacedBy));
  const former = [...ring.keys.values()].find((other) => other.replacedBy === keyId && nowMs < other.expiresAtMs);
  if (former) return err(keyErrors.rotationInProgress(former.created.keyId, former.expiresAtMs));

  const worksUntil = new Date(Math.min(nowMs + graceMs, expiresAtMs)).toISOString();
  return ok([
    { type: 'access-key.created.v1', data: { ...created, ...minted } },
    { type: 'access-key.rotated.v1', data: { keyId, replacedBy: minted.keyId, worksUntil } },
  ]);
}
