import { err, ok, type Result } from '#kernel';
import { keyErrors, type KeyError } from '../key-ring.errors.ts';
import type { KeyLimits, KeyRingEvent } from '../key-ring.events.ts';
import { countedKeys, type KeyRing } from '../key-ring.ts';

export interface SetKeyLimits {
  readonly type: 'set-key-limits';
  readonly limits: KeyLimits;
  readonly nowMs: number;
}

/** Records the plan's limits. Limits below the present use are rejected; a change of plan never revokes a key. */
export function setKeyLimits(
  { limits, nowMs }: SetKeyLimits,
  ring: KeyRing,
): Result<readonly KeyRingEvent[], KeyError> {
  const used = countedKeys(ring, nowMs);
  if (used > limits.activeKeys) return err(keyErrors.keysOver(limits.activeKeys, used));
  if (limits.lifetimeDays !== null) {
    const latestMs = nowMs + limits.lifetimeDays * 86_400_000;
    const tooLong = [...ring.keys.values()].filter(({ expiresAtMs }) => expiresAtMs > latestMs).length;
    if (tooLong > 0) return err(keyErrors.lifetimesOver(limits.lifetimeDays, tooLong));
  }
  const { activeKeys, lifetimeDays } = ring.limits ?? {};
  if (activeKeys === limits.activeKeys && lifetimeDays === limits.lifetimeDays) return ok([]);
  return ok([{ type: 'access-keys.limits-set.v1', data: limits }]);
}
