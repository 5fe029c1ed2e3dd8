const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MAX_LIFETIME_MS = 30 * DAY_MS;

/** Milliseconds for which an invitation can be accepted, unless the inviter chooses another time. */
export const DEFAULT_LIFETIME = 7 * DAY_MS;

/** Returns the milliseconds of a duration such as `7d` or `12h`; undefined if it is not one, or longer than 30 days. */
export function lifetimeMs(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,4})([hd])$/.exec(text) ?? [];
  const ms = Number(count) * (unit === 'd' ? DAY_MS : HOUR_MS);
  return ms > 0 && ms <= MAX_LIFETIME_MS ? ms : undefined;
}
