import type { Role } from '#access';
import { err, ok, type Actor, type Result } from '#kernel';
import { keyErrors, type KeyError } from '../key-ring.errors.ts';
import type { KeyRingEvent } from '../key-ring.events.ts';
import type { KeyRing } from '../key-ring.ts';
import type { NewKey } from './create-key.ts';

/** How long a key that a login made lives. */
const LOGIN_KEY_DAYS = 30;
/** Login keys of one user in one organization; the oldest gives way. */
const LOGIN_KEYS_PER_USER = 20;

export interface CreateLoginKey {
  readonly type: 'create-login-key';
  readonly key: NewKey;
  /** The member's own role of this moment: the key is as strong as its person. */
  readonly ownRole: Role;
  /** Digest of the machine's name: a machine has one key, a new one replaces it. */
  readonly machine: string;
  readonly nowMs: number;
}

/** One key per user, machine and organization. They do not count against the plan. */
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
