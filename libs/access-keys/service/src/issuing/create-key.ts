import { mayGrant, type AccessKeyCreated, type Role } from '#access';
import { err, ok, type Actor, type Result } from '#kernel';
import { keyErrors, type KeyError } from '../key-ring.errors.ts';
import type { KeyLimits, KeyRingEvent } from '../key-ring.events.ts';
import { countedKeys, type KeyRing } from '../key-ring.ts';

/** What a new key is, without what the decision adds. */
export type NewKey = Omit<AccessKeyCreated, 'role' | 'expiresAt' | 'source' | 'machine'>;

export interface CreateKey {
  readonly type: 'create-key';
  readonly key: NewKey;
  readonly source: 'cli' | 'console';
  /** Left out: editor, or the member's own role if that is lower. */
  readonly role?: Role;
  /** The member's role of this moment. */
  readonly ownRole: Role;
  /** Milliseconds since 1970, or never; left out: what the organization has chosen. */
  readonly expires?: number | 'never';
  /** The organization's choice, cut down to what the plan allows; left out: the longest that the plan allows. */
  readonly usualExpires?: number | 'never';
  readonly nowMs: number;
  /** In force until billing has set others. */
  readonly defaults: KeyLimits;
}

const DAY_MS = 86_400_000;

/** A key of one's own. Nobody gives a key more than they have; the plan bounds how many there are and how long they live. */
export function createKey(command: CreateKey, ring: KeyRing, actor: Actor): Result<readonly KeyRingEvent[], KeyError> {
  const { key, source, ownRole, expires, nowMs } = command;
  const { activeKeys, lifetimeDays } = ring.limits ?? command.defaults;
  const role = command.role ?? (mayGrant(ownRole, 'editor') ? 'editor' : ownRole);

  if (actor.key !== undefined) return err(keyErrors.loginRequired());
  if (!mayGrant(ownRole, role)) return err(keyErrors.roleTooHigh(role, ownRole));

  const latestMs = lifetimeDays === null ? Number.POSITIVE_INFINITY : nowMs + lifetimeDays * DAY_MS;
  const usualMs = Math.min(latestMs, msOf(command.usualExpires ?? 'never'));
  const expiresAtMs = expires === undefined ? usualMs : msOf(expires);
  if (expiresAtMs <= nowMs) return err(keyErrors.expiryPast());
  if (lifetimeDays !== null && expiresAtMs > latestMs) return err(keyErrors.lifetimeLimit(lifetimeDays));

  const used = countedKeys(ring, nowMs);
  if (used >= activeKeys) return err(keyErrors.activeKeyLimit(activeKeys, used));

  const expiresAt = Number.isFinite(expiresAtMs) ? { expiresAt: new Date(expiresAtMs).toISOString() } : {};
  return ok([{ type: 'access-key.created.v1', data: { ...key, role, ...expiresAt, source } }]);
}

const msOf = (expires: number | 'never'): number => (expires === 'never' ? Number.POSITIVE_INFINITY : expires);
