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

/** Any event as the client reads it. */
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

/** Stream of the store's ID, which is not part of the platform's log. */
export const STORE_STREAM = 'store';

/** Returns whether an event is part of the platform's log: neither an event of the server, nor the store's ID. */
export const isOfLog = ({ stream }: Pick<RecordedEvent, 'stream'>): boolean =>
  !stream.startsWith('$') && stream !== STORE_STREAM;

const HASH = /^[0-9a-f]{64}$/;

/**
 * Converts an event for the server. The server treats an append at the same place as a repeat if the IDs are equal, and
 * silently drops other data. Therefore its ID is derived from the hash of everything that is sealed: other data has
 * another ID, and is rejected as a conflict. Our own ID is in the metadata.
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

/** Returns a UUID of version 8 (RFC 9562, custom) with 122 bits of a hash. */
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

/**
 * Returns the event of the log; UNREADABLE if the platform cannot have written it. Alterations are detected by its
 * hash.
 */
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
