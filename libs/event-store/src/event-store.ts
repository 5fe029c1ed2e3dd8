import {
  domainError,
  UnavailableError,
  type DomainError,
  type EventMetadata,
  type Position,
  type Result,
  type UnavailableOptions,
} from '#kernel';

/** `append`'s expectation that the stream does not exist yet. */
export const NO_STREAM = -1;

/** Bytes of UTF-8 JSON; the same on every engine, so that what works on one works on all. */
export const LIMITS = { eventBytes: 64 * 1024, appendBytes: 768 * 1024 } as const;

/** An event ready to be appended: everything but its position is fixed before the first try and kept over retries. */
export interface SealedEvent extends Omit<EventMetadata, 'position'> {
  readonly type: string;
  readonly data: unknown;
  /**
   * Lower-case hex SHA-256 of the previous event's hash in the stream ('' before the first) followed by the canonical
   * JSON (RFC 8785) of id, type, stream, revision, recordedAt, actor, organizationId, commandId, correlationId,
   * causationId, data.
   */
  readonly hash: string;
}

export interface StoredEvent extends SealedEvent {
  readonly position: Position;
}

/**
 * Type of what an engine delivers in place of an event that it cannot read: its bytes do not parse, or name another
 * place than the one they were read from. The hash is empty, so that every check of the chain stops at it.
 */
export const UNREADABLE = 'event-store.unreadable';

/** The event that stands for one that cannot be read. */
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

export interface Appended {
  /** Revision of the last event appended. */
  readonly revision: number;
  /** Position of the last event appended. */
  readonly position: Position;
}

export interface RevisionConflict {
  readonly code: 'event-store/revision-conflict';
  readonly expected: number;
  /** Revision of the stream's last event; NO_STREAM when it has none. */
  readonly actual: number;
}

export type AppendError =
  RevisionConflict | DomainError<'event-store/event-too-large'> | DomainError<'event-store/append-too-large'>;

export interface ReadOptions {
  /** First revision, inclusive. Left out: the beginning, or the end when reading backwards. */
  readonly from?: number;
  readonly direction?: 'forwards' | 'backwards';
  /** At most so many events; all when left out. */
  readonly limit?: number;
}

/** Said by a subscription when it has delivered all that was in the log; said again each time it catches up again. */
export interface CaughtUp {
  readonly caughtUp: true;
  /** The head it has caught up with. */
  readonly position: Position;
}

export type Delivery = StoredEvent | CaughtUp;
export const isCaughtUp = (delivery: Delivery): delivery is CaughtUp => 'caughtUp' in delivery;

/**
 * A log of events in streams. Order of appending is order of position, and no position appears after one already read.
 * Every method throws EventStoreUnavailableError when the store does not answer; the outcome of an append is then
 * unknown, and the same events may be appended again: an append whose events already stand at that place answers as
 * the first one did.
 */
export interface EventStore {
  /** Made with the store, and again by import and restore. */
  readonly storeId: string;
  /** Whether each position is the one before plus one: a gap is then an event that was removed. */
  readonly hasConsecutivePositions: boolean;

  /**
   * Appends all events or none, durably, directly after `expectedRevision` (NO_STREAM for a new stream).
   * The events' revisions must be `expectedRevision + 1` and following; that is checked and a fault throws.
   * The same event ids at the same place again: the first answer again, nothing appended.
   */
  append(
    stream: string,
    events: readonly SealedEvent[],
    expectedRevision: number,
  ): Promise<Result<Appended, AppendError>>;

  /** The events of one stream in order; nothing when it does not exist. An event that cannot be read comes as UNREADABLE. */
  read(stream: string, options?: ReadOptions): AsyncIterable<StoredEvent>;

  /** All events after `after` (from the first when left out) up to the head at the time of the call; see `read`. */
  readAll(options?: { readonly after?: Position; readonly limit?: number }): AsyncIterable<StoredEvent>;

  /** Position of the last event that was appended; sequence 0 in an empty store. */
  head(): Promise<Position>;

  /**
   * All events after `after`, then those to come, until `signal` aborts. A reader that is slower than the log is
   * served from the store (nothing piles up in memory); a broken connection is made again from the last event delivered.
   * @throws PositionOfOtherStoreError at the first read when `after` is not of this store
   */
  subscribe(options: { readonly after?: Position; readonly signal: AbortSignal }): AsyncIterable<Delivery>;

  /** Settles when appends under way are done and the store's resources are free. */
  close(): Promise<void>;
}

/** The store did not answer, or not in time. Whether an append took effect is unknown, unless the disk is full: then it did not. */
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

export class PositionOfOtherStoreError extends Error {
  readonly code = 'position/other-store';
}

export const EVENT_STORE = Symbol('event store');
