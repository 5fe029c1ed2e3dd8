import { err, ok, type Result } from '#kernel';
import { keyErrors, type KeyError } from '../key-ring.errors.ts';

const GRACE = /^(\d{1,5})([mhd])$/;
const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const LONGEST_MS = 7 * UNIT_MS.d;

/** Parses a grace period of at most 7 days: `30m`, `1h`, `7d`; `0m` is none. Returns milliseconds. */
export function parseGrace(text: string): Result<number, KeyError> {
  const [, count, unit] = GRACE.exec(text) ?? [];
  const graceMs = unit === 'm' || unit === 'h' || unit === 'd' ? Number(count) * UNIT_MS[unit] : Number.NaN;
  return graceMs <= LONGEST_MS ? ok(graceMs) : err(keyErrors.graceInvalid());
}
