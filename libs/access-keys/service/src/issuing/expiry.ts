import { err, ok, parseInstant, type Result } from '#kernel';
import { keyErrors, type KeyError } from '../key-ring.errors.ts';

const SPAN = /^(\d{1,6})([hd])$/;
const HOUR_MS = 3_600_000;
const LATEST_MS = Date.UTC(2200, 0, 1);

/**
 * Parses an expiry: `90d`, `12h`, a date, a point in time, or `never`.
 *
 * @returns milliseconds since 1970, or `never`
 */
export function parseExpiry(text: string, nowMs: number): Result<number | 'never', KeyError> {
  if (text === 'never') return ok('never');
  const [, count, unit] = SPAN.exec(text) ?? [];
  const atMs =
    count === undefined
      ? (parseInstant(text) ?? Number.NaN)
      : nowMs + Number(count) * (unit === 'd' ? 24 : 1) * HOUR_MS;
  return Number.isFinite(atMs) && atMs < LATEST_MS ? ok(atMs) : err(keyErrors.expiryInvalid());
}
