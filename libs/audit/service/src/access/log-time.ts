import { parseLogTime } from '#audit/contract';
import { err, ok, otherStore, sequenceOf, storeOf, type DomainError, type Position, type Result } from '#kernel';
import { accessErrors } from './access.errors.ts';

/** The end of the part of the log that a question is about: a sequence, or milliseconds since 1970. */
export type LogEnd = { readonly sequence: number } | { readonly timeMs: number };

/**
 * Returns the end that a time as text means; see `parseLogTime`. Later times than now are refused.
 *
 * @param head position of the last event
 */
export function logEndOf(text: string, head: Position, nowMs: number): Result<LogEnd, DomainError> {
  const time = parseLogTime(text, nowMs);
  if (time === undefined) return ok({ timeMs: nowMs }); // the contract has checked the form
  if ('timeMs' in time) return time.timeMs > nowMs ? err(accessErrors.timeAhead(text)) : ok(time);
  if ('position' in time && storeOf(time.position) !== storeOf(head)) return err(otherStore());
  const sequence = 'sequence' in time ? time.sequence : sequenceOf(time.position);
  return sequence > sequenceOf(head) ? err(accessErrors.timeAhead(text)) : ok({ sequence });
}
