import { err, ok, otherStore, parsePosition, storeOf, type DomainError, type Position, type Result } from '#kernel';

/**
 * Parses a position that the caller kept. One of another event store is rejected, so that the reader starts again.
 *
 * @param storeId the store whose positions are accepted
 */
export function keptPosition(text: string | undefined, storeId: string): Result<Position | undefined, DomainError> {
  if (text === undefined) return ok(undefined);
  const place = parsePosition(text);
  return place.ok && storeOf(place.value) !== storeId ? err(otherStore()) : place;
}
