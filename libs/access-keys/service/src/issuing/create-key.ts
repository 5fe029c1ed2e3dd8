import { mayGrant, type AccessKeyCreated, type Role } from '#access';
import { err, ok, type Actor, type Result } from '#kernel';
import { keyErrors, type KeyError } from '../key-ring.errors.ts';
import type { KeyLimits, KeyRingEvent } from '../key-ring.events.ts';
import { countedKeys, type KeyRing } from '../key-ring.ts';

/** Properties of a new key, without those that the decision adds. */
export type NewKey = Omit<AccessKeyCreated, 'role' | 'expiresAt' | 'source' | 'machine'>;

export interface CreateKey {
  readonly type: 'create-key';
  readonly key: NewKey;
  readonly source: 'cli' | 'console';
  /** Role of the key. Default: `editor`, or the member's role if that is lower. */
  readonly role?: Role;
  /** The member's current role. */
  readonly ownRole: Role;
  /** Milliseconds since 1970, or `never`. Default: `usualExpires`. */
  readonly expires?: number | 'never';
  /** The organization's default expiry, limited by the plan. Default: the longest that the plan allows. */
  readonly usualExpires?: number | 'never';
  readonly nowMs: number;
  /** Limits to apply until billing has set others. */
  readonly defaults: KeyLimits;
}

const DAY_MS = 86_400_000;

/** Creates a key for its owner. The key cannot exceed the owner's role, or the plan's limits on number and lifetime. */
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
