import { parseInstant, parsePosition, type Position } from '#kernel';
import { z } from 'zod';

/** A time of the log: a position, or milliseconds since 1970. */
export type LogTime = { readonly position: Position } | { readonly sequence: number } | { readonly timeMs: number };

const SPAN = /^-(\d{1,9})(m|h|d|w)$/;
const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/**
 * Parses a time of the log: an RFC 3339 time, a date (its start in UTC), a span before now (`-24h`, `-30d`), or a position,
 * whole or without the ID of the store.
 *
 * @param nowMs milliseconds since 1970
 */
export function parseLogTime(text: string, nowMs: number): LogTime | undefined {
  const [, amount, unit] = SPAN.exec(text) ?? [];
  if (amount !== undefined && unit !== undefined)
    return { timeMs: nowMs - Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS] }; // one of the pattern's letters
  const position = parsePosition(text);
  if (position.ok) return { position: position.value };
  if (/^\d{1,15}$/.test(text)) return { sequence: Number(text) };
  const timeMs = parseInstant(text);
  return timeMs === undefined ? undefined : { timeMs };
}

/** A time of the log, as text; see `parseLogTime`. */
export const logTime = z
  .string()
  .max(60)
  .refine((text) => parseLogTime(text, 0) !== undefined, {
    error: 'must be an RFC 3339 time, a date, a span such as -24h, or a position',
  });

/** Two times of the log, `FROM..TO`. An absent one is the beginning of the log, or now. */
export const logInterval = z
  .string()
  .max(122)
  .refine(
    (text) => {
      const ends = text.split('..');
      return ends.length === 2 && ends.every((end) => end === '' || parseLogTime(end, 0) !== undefined);
    },
    { error: 'must be FROM..TO, such as 2026-01-01..2026-02-01' },
  );
