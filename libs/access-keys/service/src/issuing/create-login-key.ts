import type { Role } from '#access';
import { err, ok, type Actor, type Result } from '#kernel';
import { keyErrors, type KeyError } from '../key-ring.errors.ts';
import type { KeyRingEvent } from '../key-ring.events.ts';
import type { KeyRing } from '../key-ring.ts';
import type { NewKey } from './create-key.ts';

/** Lifetime of a key that a login creates. */
const LOGIN_KEY_DAYS = 30;
/** Maximum number of login keys of a user in one organization. A further login revokes the oldest. */
const LOGIN_KEYS_PER_USER = 20;

export interface CreateLoginKey {
  readonly type: 'create-login-key';
  readonly key: NewKey;
  /** The member's current role, which the key gets. */
  readonly ownRole: Role;
  /** Digest of the machine's name. A machine has one key: a new one replaces it. */
  readonly machine: string;
  readonly nowMs: number;
}

/** Creates the key of a login, one per user, machine, and organization. It does not count against the plan. */
export function createLoginKey(
  command: CreateLoginKey,
  ring: KeyRing,
  actor: Actor,
): Result<readonly KeyRingEvent[], KeyError> {
  const { key, ownRole: role, machine, nowMs } = command;
  if (actor.key !== undefined) return err(keyErrors.loginRequired());

  const others = [...ring.keys.values()]
    .map(({ created }) => created)
    .filter(({ source, memberId }) => source === 'login' && memberId === key.memberId);
  const replaced = others.filter((other) => other.machine === machine);
  const kept = others.filter((other) => other.machine !== machine);
  const tooMany = kept.slice(0, Math.max(0, kept.length - (LOGIN_KEYS_PER_USER - 1)));
  const expiresAt = new Date(nowMs + LOGIN_KEY_DAYS * 86_400_000).toISOString();
  return ok([
    ...[...replaced, ...tooMany].map(
      ({ keyId }) => ({ type: 'access-key.revoked.v1', data: { keyId, reason: 'replaced by a new login' } }) as const,
    ),
    { type: 'access-key.created.v1', data: { ...key, role, expiresAt, source: 'login', machine } },
  ]);
}
