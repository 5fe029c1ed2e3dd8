import { hash } from 'node:crypto';
import { canonicalJson, type EventMetadata } from '#kernel';

/** The parts of an event that its hash covers. */
export interface ChainedEvent extends Omit<EventMetadata, 'position' | 'hash' | 'by'> {
  readonly type: string;
  readonly data: unknown;
}

/**
 * Returns the lower-case hex SHA-256 of `previousHash` ('' before the first event) followed by the event's canonical
 * JSON (RFC 8785). Position and server time are not included, because they are known only after the append.
 */
export function eventHash(previousHash: string, event: ChainedEvent): string {
  const { id, type, stream, revision, recordedAt, actor, organizationId, commandId, correlationId, causationId } =
    event;
  // These members are in the order of RFC 8785, which JSON.stringify keeps, so the envelope needs no sorting.
  const before = JSON.stringify({ actor, causationId, commandId, correlationId }).slice(0, -1);
  const behind = JSON.stringify({ id, organizationId, recordedAt, revision, stream, type }).slice(1);
  return hash('sha256', `${previousHash}${before},"data":${canonicalJson(event.data)},${behind}`, 'hex');
}
