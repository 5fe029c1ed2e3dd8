import {
  domainError,
  UnavailableError,
  type DomainError,
  type Json,
  type Position,
  type Result,
  type UnavailableOptions,
} from '#kernel';

/** A named collection of documents with the fields that `find` may use. */
export interface Collection {
  /** Lower-case letters, digits, `-` and `.`; a projection's name. */
  readonly name: string;
  /**
   * Paths (dots reach inside) that are indexed; `find` refuses others by throwing. A path leads to a text, a finite
   * number, a boolean or null, of one type in all documents; a missing field counts as null.
   */
  readonly indexes: readonly string[];
}

export interface StoredDocument<D = unknown> {
  readonly id: string;
  /** Position of the last event the document was built from. */
  readonly position: Position;
  readonly document: D;
}

export type Scalar = string | number | boolean | null;

export interface Query {
  /** Equality per indexed field; all must hold. A list means any of its values. */
  readonly where?: Readonly<Record<string, Scalar | readonly Scalar[]>>;
  /** Bounds on one indexed field, both included; only values of the bound's own type lie within. */
  readonly range?: { readonly field: string; readonly from?: string | number; readonly to?: string | number };
  /** One indexed field, null first when ascending; ties are ordered by document id in the same direction. Left out: by document id. */
  readonly sort?: { readonly field: string; readonly direction: 'ascending' | 'descending' };
  /** 1 to 500; 100 when left out. */
  readonly limit?: number;
  /** A page's `next` of the same query. Opaque here; the edge signs it. */
  readonly cursor?: string;
}

export interface Page<D> {
  readonly items: readonly StoredDocument<D>[];
  /** Present when there may be more. */
  readonly next?: string;
}

/** One guarded write: it is skipped when the stored document (or tombstone) already holds `position` or a later one. */
export type Write =
  | { readonly collection: string; readonly id: string; readonly position: Position; readonly document: Json }
  | { readonly collection: string; readonly id: string; readonly position: Position; readonly removed: true };

export interface Checkpoint {
  readonly name: string;
  readonly position: Position;
  /** Grows with each new leader; a checkpoint is moved only by its present holder. */
  readonly token: number;
}

/** A checkpoint's move: compare-and-set on token and previous position (`undefined`: there was none). */
export interface CheckpointMove {
  readonly name: string;
  readonly token: number;
  readonly previous: Position | undefined;
  readonly position: Position;
}

/** Documents that can be computed from the log again at any time. No engine needs transactions over documents. */
export interface ReadStore {
  /** Makes the collection and its indexes where they are missing; repeatable. Reads of a collection never ensured find nothing. */
  ensure(collection: Collection): Promise<void>;
  get<D>(collection: string, id: string): Promise<StoredDocument<D> | undefined>;
  find<D>(collection: Collection, query: Query): Promise<Page<D>>;
  count(collection: Collection, where: Query['where']): Promise<number>;
  /**
   * At most 100 writes, then the checkpoint's move. A write may stay although the move is refused: writes are guarded
   * by position, so a repeat does no harm.
   * @throws RangeError for more than 100 writes; nothing is written
   * @returns `read-store/lost-lease` when token or previous position are not the stored ones
   */
  apply(writes: readonly Write[], move?: CheckpointMove): Promise<Result<void, DomainError<'read-store/lost-lease'>>>;
  checkpoint(name: string): Promise<Checkpoint | undefined>;
  /**
   * Takes or renews the lead of a projection.
   * @param owner one instance of a process, never the process's name alone: `<name>/<incarnation>`
   * @returns the token to move the checkpoint with, or `undefined` while another owner's lease runs
   */
  lease(name: string, owner: string, nowMs: number, durationMs: number): Promise<number | undefined>;
  /** Gives the lead up at once. */
  release(name: string, owner: string): Promise<void>;
  /**
   * Gives up at once all leads of earlier instances of the owner's process: `<name>/<any other incarnation>`, and `<name>`.
   * Only for an owner that knows by other means that none of them lives: one that is merely silent must keep its leads.
   */
  releaseEarlier(owner: string): Promise<void>;
  /** Removes a collection and its checkpoint, not the lead; tokens continue growing. Nothing when it does not exist. */
  drop(name: string): Promise<void>;
  /** Removes tombstones whose position is at or before `upTo`; the count removed. */
  sweepTombstones(collection: string, upTo: Position): Promise<number>;
  close(): Promise<void>;
}

/** The store did not answer. Guarded writes may be repeated. */
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
