import type { DomainError } from './errors.ts';
import { domainError } from './errors.ts';
import { err, ok, type Result } from './result.ts';

declare const brand: unique symbol;

/**
 * A position in a log: `<store id>.<20 digits>`. The store ID (8 to 32 lower-case letters and digits) is generated with
 * the store, so that positions of another store are detected. Positions of one store can be compared as text.
 */
export type Position = string & { readonly [brand]: 'Position' };

const FORM = /^([a-z0-9]{8,32})\.(\d{20})$/;

/** Returns the position `sequence` (0 = before the first event) of the store `storeId`. */
export function position(storeId: string, sequence: number | bigint): Position {
  return `${storeId}.${String(sequence).padStart(20, '0')}` as Position;
}

/** Parses a position from untrusted text. Returns `position/invalid` if its form is wrong. */
export function parsePosition(text: string): Result<Position, DomainError<'position/invalid'>> {
  return FORM.test(text)
    ? ok(text as Position)
    : err(
        domainError('position/invalid', 'invalid', 'Invalid position.', {
          fix: 'send the Consistency header exactly as received, or omit it',
        }),
      );
}

/** Returns the store ID of a position. */
export const storeOf = (at: Position): string => at.slice(0, at.indexOf('.'));
/** Returns the sequence of a position; 0 is before the first event. */
export const sequenceOf = (at: Position): number => Number(at.slice(at.indexOf('.') + 1));

/** Returns the error for a position from another store. */
export const otherStore = (): DomainError<'position/other-store'> =>
  domainError(
    'position/other-store',
    'conflict',
    'That position belongs to another event store; the platform was restored or recreated.',
    {
      fix: 'omit the Consistency header and try again',
    },
  );

/**
 * Parses a position that the caller kept. One of another event store is rejected, so that the reader starts again.
 *
 * @param storeId the store whose positions are accepted
 */
export function keptPosition(
  text: string | undefined,
  storeId: string,
): Result<Position | undefined, DomainError<'position/invalid' | 'position/other-store'>> {
  if (text === undefined) return ok(undefined);
  const place = parsePosition(text);
  return place.ok && storeOf(place.value) !== storeId ? err(otherStore()) : place;
}
