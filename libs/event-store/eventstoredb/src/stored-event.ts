import { unreadableEvent, type SealedEvent, type StoredEvent } from '#event-store';
import { position } from '#kernel';

/** An event as the client sends it. */
export interface ProposedEvent {
  /** A UUID. */
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** An event as the client reads it, of anybody. */
export interface RecordedEvent {
  readonly stream: string;
  readonly revision: number;
  readonly type: string;
  readonly data: unknown;
  readonly metadata: unknown;
  readonly isJson: boolean;
  /** Commit position in the log. */
  readonly position: bigint;
}

/** Stream with the id of the store, which does not belong to the log of the platform. */
export const STORE_STREAM = 'store';

/** Whether an event belongs to the log of the platform: not one of the server's own, and not the store's id. */
export const isOfLog = ({ stream }: Pick<RecordedEvent, 'stream'>): boolean =>
  !stream.startsWith('$') && stream !== STORE_STREAM;

const HASH = /^[0-9a-f]{64}$/;

/**
 * The server takes an append at the same place for the same one when the ids are the same, and drops other data in
 * silence. So its id is drawn from the hash, which covers all that is sealed: what is not the same has another id, and is
 * refused as a conflict. Our own id is in the metadata.
 */
export function proposedEvent(event: SealedEvent): ProposedEvent {
  const { id, type, data, recordedAt, actor, organizationId, commandId, correlationId, causationId, hash } = event;
  if (!HASH.test(hash)) throw new RangeError(`event ${id} is not sealed`);
  if (type === '' || type.startsWith('$')) throw new RangeError(`event ${id} has no type of the platform`);
  return {
    id: uuidOf(hash),
    type,
    data,
    metadata: {
      id,
      recordedAt,
      actor,
      ...(organizationId !== undefined && { organizationId }),
      commandId,
      correlationId,
      causationId,
      hash,
    },
  };
}

/** A UUID of version 8 (RFC 9562, own use) with 122 bits of a hash. */
function uuidOf(hash: string): string {
  const variant = ((Number.parseInt(hash.charAt(16), 16) & 3) | 8).toString(16);
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `${variant}${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join('-');
}

/** The event of the log; UNREADABLE where it is none that the platform writes. Whether it was altered shows its hash. */
export function storedEvent(recorded: RecordedEvent, storeId: string): StoredEvent {
  const { stream, revision, type, data, metadata, isJson } = recorded;
  const at = position(storeId, recorded.position);
  const { id, recordedAt, actor, organizationId, commandId, correlationId, causationId, hash } = membersOf(metadata);
  if (
    !isJson ||
    typeof id !== 'string' ||
    typeof recordedAt !== 'string' ||
    typeof actor !== 'string' ||
    (organizationId !== undefined && typeof organizationId !== 'string') ||
    typeof commandId !== 'string' ||
    typeof correlationId !== 'string' ||
    typeof causationId !== 'string' ||
    typeof hash !== 'string'
  )
    return unreadableEvent(stream, revision, at);
  return {
    id,
    type,
    stream,
    revision,
    position: at,
    recordedAt,
    actor,
    ...(organizationId !== undefined && { organizationId }),
    commandId,
    correlationId,
    causationId,
    data,
    hash,
  };
}

const membersOf = (metadata: unknown): Record<string, unknown> =>
  typeof metadata === 'object' && metadata !== null && !ArrayBuffer.isView(metadata) ? { ...metadata } : {};
