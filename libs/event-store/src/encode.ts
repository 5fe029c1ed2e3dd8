import { canonicalJson, domainError, err, ok, type Result } from '#kernel';
import { LIMITS, sealedMembers, type AppendError, type SealedEvent } from './event-store.ts';

/**
 * Validates places and sizes of events before any engine appends them, so that all engines reject the same. The size of
 * an event is that of its JSON, including the envelope.
 *
 * @returns the JSON of each event
 * @throws RangeError if the list is empty, out of place, or not representable in JSON, which is a defect of the caller
 */
export function encodeAppend(
  stream: string,
  events: readonly SealedEvent[],
  expectedRevision: number,
): Result<readonly string[], AppendError> {
  if (events.length === 0) throw new RangeError('an append needs at least one event');
  if (!Number.isSafeInteger(expectedRevision) || expectedRevision < -1)
    throw new RangeError(`${expectedRevision} is not an expected revision`);
  let revision = expectedRevision;
  let appendBytes = 0;
  const bodies: string[] = [];
  for (const event of events) {
    revision += 1;
    if (event.stream !== stream || event.revision !== revision) {
      throw new RangeError(
        `event ${event.id} is sealed for revision ${event.revision} of its stream and was appended as ${revision}`,
      );
    }
    if (event.data === undefined) throw new RangeError(`event ${event.id} has no data`);
    const body = JSON.stringify(event);
    const bytes = Buffer.byteLength(body);
    if (bytes > LIMITS.eventBytes) return err(tooLarge('event', bytes, LIMITS.eventBytes));
    appendBytes += bytes;
    bodies.push(body);
  }
  return appendBytes > LIMITS.appendBytes ? err(tooLarge('append', appendBytes, LIMITS.appendBytes)) : ok(bodies);
}

/** Returns whether two events are equal in everything that is sealed, to detect a repeated append. */
export const isSameEvent = (a: SealedEvent, b: SealedEvent): boolean =>
  a.id === b.id && a.hash === b.hash && canonicalJson(sealedMembers(a)) === canonicalJson(sealedMembers(b));

function tooLarge<What extends 'event' | 'append'>(what: What, bytes: number, limit: number) {
  const detail = `The change takes ${bytes} bytes; the limit is ${limit} bytes.`;
  return domainError(`event-store/${what}-too-large`, 'invalid', detail, {
    fix: 'send less in one request',
    extra: { limit, used: bytes },
  });
}
