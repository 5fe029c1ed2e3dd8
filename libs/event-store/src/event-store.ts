import {
  domainError,
  UnavailableError,
  type DomainError,
  type EventMetadata,
  type Position,
  type Result,
  type UnavailableOptions,
} from '#kernel';

/** Expected revision of a stream that does not exist. */
export const NO_STREAM = -1;

/** Bytes of UTF-8 JSON. The limits are the same for every engine. */
export const LIMITS = { eventBytes: 64 * 1024, appendBytes: 768 * 1024 } as const;

/** An event to append. Everything except its position is fixed before the first attempt, and the same in retries. */
export interface SealedEvent extends Omit<EventMetadata, 'position' | 'by'> {
  readonly type: string;
  readonly data: unknown;
  /**
   * Lower-case hex SHA-256 of the previous event's hash in the stream ('' before the first) followed by the canonical
   * JSON (RFC 8785) of id, type, stream, revision, recordedAt, actor, organizationId, commandId, correlationId,
   * causationId, data.
   */
  readonly hash: string;
}

/** Returns an event with exactly the members that its hash covers, and its hash. */
export function sealedMembers(event: SealedEvent): SealedEvent {
  const { id, type, stream, revision, recordedAt, actor, organizationId } = event;
  const { commandId, correlationId, causationId, data, hash } = event;
  return {
    id,
    type,
    stream,
    revision,
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

/** A sealed event with its position in the log. */
export interface StoredEvent extends SealedEvent {
  readonly position: Position;
}

/**
 * Type of the event that replaces one that an engine cannot read: its bytes cannot be parsed, or contain another place
 * than where they were read. The hash is empty, so that every check of the chain fails there.
 */
export const UNREADABLE = 'event-store.unreadable';

/** Returns the event that replaces an unreadable one. */
export const unreadableEvent = (stream: string, revision: number, position: Position): StoredEvent => ({
  id: '',
  type: UNREADABLE,
  stream,
  revision,
  position,
  recordedAt: '',
  actor: '',
  commandId: '',
  correlationId: '',
  causationId: '',
  data: null,
  hash: '',
});

/** Result of an append. */
export interface Appended {
  /** Revision of the last appended event. */
  readonly revision: number;
  /** Position of the last appended event. */
  readonly position: Position;
}

/** The stream has another revision than the append expected. Nothing was appended. */
export interface RevisionConflict {
  readonly code: 'event-store/revision-conflict';
  readonly expected: number;
  /** Revision of the stream's last event; NO_STREAM if it has none. */
  readonly actual: number;
}

/** Expected errors of an append. */
export type AppendError =
  RevisionConflict | DomainError<'event-store/event-too-large'> | DomainError<'event-store/append-too-large'>;

export interface ReadOptions {
  /** First revision, inclusive. Default: the beginning, or the end when reading backwards. */
  readonly from?: number;
  readonly direction?: 'forwards' | 'backwards';
  /** Maximum number of events. Default: all. */
  readonly limit?: number;
}

/** Marks that a subscription has delivered all events in the log, each time it has caught up. */
export interface CaughtUp {
  readonly caughtUp: true;
  /** The head up to which it has caught up. */
  readonly position: Position;
}

/** An item of a subscription. */
export type Delivery = StoredEvent | CaughtUp;
export const isCaughtUp = (delivery: Delivery): delivery is CaughtUp => 'caughtUp' in delivery;

/**
 * A log of events in streams. Positions are in the order of appending, and no position appears after a later one was
 * read. Every method throws EventStoreUnavailableError if the store does not respond. The outcome of an append is then
 * unknown, and the same events can be appended again: if they are already stored, the result is that of the first
 * append.
 */
export interface EventStore {
  /** Generated with the store; changed by import and restore. */
  readonly storeId: string;
  /** Whether positions are consecutive, so that a gap is an event that was removed. */
  readonly hasConsecutivePositions: boolean;
  /** Whether appends take effect in the order of their calls, also if none waits for the one before it. */
  readonly appendsInOrder: boolean;

  /**
   * Appends all events or none, durably, directly after `expectedRevision` (NO_STREAM for a new stream). The revisions
   * must be `expectedRevision + 1` and following; otherwise, this throws. If the same events are stored at this place
   * already, returns the original result and appends nothing.
   */
  append(
    stream: string,
    events: readonly SealedEvent[],
    expectedRevision: number,
  ): Promise<Result<Appended, AppendError>>;

  /** Returns the events of one stream in order; none if it does not exist. An unreadable event is UNREADABLE. */
  read(stream: string, options?: ReadOptions): AsyncIterable<StoredEvent>;

  /**
   * Returns all events after `after` (default: from the first) up to the head at the time of the call, as `read` does.
   */
  readAll(options?: { readonly after?: Position; readonly limit?: number }): AsyncIterable<StoredEvent>;

  /** Returns the position of the last appended event; sequence 0 in an empty store. */
  head(): Promise<Position>;

  /**
   * Returns all events after `after`, followed by new ones, until `signal` aborts. For a slow reader, events are read
   * from the store and do not accumulate in memory. A broken connection is resumed after the last delivered event.
   *
   * @throws PositionOfOtherStoreError at the first read if `after` is from another store
   */
  subscribe(options: { readonly after?: Position; readonly signal: AbortSignal }): AsyncIterable<Delivery>;

  /** Resolves when appends in progress are done and all resources are released. */
  close(): Promise<void>;
}

/**
 * The store did not respond in time. Whether an append took effect is unknown, unless the disk is full: then it did
 * not.
 */
export class EventStoreUnavailableError extends UnavailableError<'event-store/unavailable'> {
  readonly code = 'event-store/unavailable';

  constructor(message: string, options: UnavailableOptions = {}) {
    super(
      message,
      domainError(
        'event-store/unavailable',
        'unavailable',
        'The event store is not responding; the request may have taken effect.',
        {
          fix: 'repeat the request with the same Idempotency-Key: it takes effect once',
          retryAfterSeconds: 2,
        },
      ),
      options,
    );
  }
}

/** A position is from another event store, for example from before a restore. */
export class PositionOfOtherStoreError extends Error {
  readonly code = 'position/other-store';
}

/** Injection token of the EventStore. */
export const EVENT_STORE = Symbol('event store');
