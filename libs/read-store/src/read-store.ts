import {
  domainError,
  UnavailableError,
  type DomainError,
  type Json,
  type Position,
  type Result,
  type UnavailableOptions,
} from '#kernel';

/** A named collection of documents, with the fields that `find` may use. */
export interface Collection {
  /** Name of the projection: lower-case letters, digits, `-`, and `.`. */
  readonly name: string;
  /**
   * Indexed paths, with dots for nested fields. `find` throws for other paths. The value is a string, a finite number,
   * a boolean, or null, with the same type in all documents; a missing field counts as null.
   */
  readonly indexes: readonly string[];
}

export interface StoredDocument<D = unknown> {
  readonly id: string;
  /** Position of the last event from which the document was computed. */
  readonly position: Position;
  readonly document: D;
}

export type Scalar = string | number | boolean | null;

export interface Query {
  /** Required values of indexed fields. A list means any of its values. */
  readonly where?: Readonly<Record<string, Scalar | readonly Scalar[]>>;
  /** Inclusive bounds of one indexed field. Only values of the bound's type match. */
  readonly range?: { readonly field: string; readonly from?: string | number; readonly to?: string | number };
  /**
   * Indexed field to sort by, with null first when ascending, and ties by document id in the same direction. By
   * document id by default.
   */
  readonly sort?: { readonly field: string; readonly direction: 'ascending' | 'descending' };
  /** 1 to 500; 100 by default. */
  readonly limit?: number;
  /** Cursor from `next` of a page of the same query. It is not signed here. */
  readonly cursor?: string;
}

export interface Page<D> {
  readonly items: readonly StoredDocument<D>[];
  /** Cursor of the next page, if there may be more documents. */
  readonly next?: string;
}

/** A guarded write. It is skipped if the stored document (or tombstone) has the same position or a later one. */
export type Write =
  | { readonly collection: string; readonly id: string; readonly position: Position; readonly document: Json }
  | { readonly collection: string; readonly id: string; readonly position: Position; readonly removed: true };

export interface Checkpoint {
  readonly name: string;
  readonly position: Position;
  /** Increases with each new leader. Only the current leader can move a checkpoint. */
  readonly token: number;
}

/** A compare-and-set of a checkpoint, on token and previous position (`undefined` if there was none). */
export interface CheckpointMove {
  readonly name: string;
  readonly token: number;
  readonly previous: Position | undefined;
  readonly position: Position;
}

/** Documents that can be computed from the log at any time. Engines need no transactions over several documents. */
export interface ReadStore {
  /**
   * Creates a collection and its indexes if they are missing. Idempotent. Reads of a collection that was never ensured
   * find nothing.
   */
  ensure(collection: Collection): Promise<void>;
  get<D>(collection: string, id: string): Promise<StoredDocument<D> | undefined>;
  find<D>(collection: Collection, query: Query): Promise<Page<D>>;
  count(collection: Collection, where: Query['where']): Promise<number>;
  /**
   * Applies at most 100 writes, and then moves the checkpoint. Writes may take effect even if the move is refused;
   * because they are guarded by position, they can be repeated.
   * @throws RangeError for more than 100 writes; nothing is written then
   * @returns `read-store/lost-lease` if the token or the previous position differs from the stored one
   */
  apply(writes: readonly Write[], move?: CheckpointMove): Promise<Result<void, DomainError<'read-store/lost-lease'>>>;
  checkpoint(name: string): Promise<Checkpoint | undefined>;
  /**
   * Acquires or renews the lease of a projection.
   * @param owner instance of a process, `<name>/<incarnation>`; never only the process's name
   * @returns the token for checkpoint moves; `undefined` while another owner holds the lease
   */
  lease(name: string, owner: string, nowMs: number, durationMs: number): Promise<number | undefined>;
  /** Releases the lease immediately. */
  release(name: string, owner: string): Promise<void>;
  /**
   * Releases all leases of earlier instances of the owner's process: `<name>/<any other incarnation>`, and `<name>`.
   * The caller must know that no earlier instance is running; an instance that does not respond may still be running.
   */
  releaseEarlier(owner: string): Promise<void>;
  /**
   * Removes a collection and its checkpoint, but not its lease, so that tokens keep increasing. No effect if it does
   * not exist.
   */
  drop(name: string): Promise<void>;
  /**
   * Removes tombstones with a position up to and including `upTo`.
   * @returns the number of removed tombstones
   */
  sweepTombstones(collection: string, upTo: Position): Promise<number>;
  close(): Promise<void>;
}

/** Thrown if the store does not respond. Guarded writes may be repeated. */
export class ReadStoreUnavailableError extends UnavailableError<'read-store/unavailable'> {
  readonly code = 'read-store/unavailable';

  constructor(message: string, options: UnavailableOptions = {}) {
    super(
      message,
      domainError('read-store/unavailable', 'unavailable', 'The read store is not responding.', {
        fix: 'try again',
        retryAfterSeconds: 2,
      }),
      options,
    );
  }
}

export const READ_STORE = Symbol('read store');
