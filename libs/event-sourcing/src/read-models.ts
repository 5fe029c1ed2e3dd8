import type { DomainError, Fact, Position, Projection, Result } from '#kernel';
import type { Page, Query, StoredDocument } from '#read-store';

/** Queries of the documents that projections have built. */
export interface ReadModels {
  /**
   * Returns a document.
   *
   * @param atLeast waits (polling the stored checkpoint every 10 ms, up to 2 s) until the projection has processed this
   *   position. The error is then `read/not-yet` (503, Retry-After 1), or `position/other-store` (409) for another
   *   store.
   */
  get<E extends Fact, D>(
    projection: Projection<E, D>,
    id: string,
    atLeast?: Position,
  ): Promise<Result<StoredDocument<D> | undefined, DomainError>>;
  find<E extends Fact, D>(
    projection: Projection<E, D>,
    query: Query,
    atLeast?: Position,
  ): Promise<Result<Page<D>, DomainError>>;
  count<E extends Fact, D>(
    projection: Projection<E, D>,
    where: Query['where'],
    atLeast?: Position,
  ): Promise<Result<number, DomainError>>;
}

/** Injection token of the ReadModels. */
export const READ_MODELS = Symbol('read models');

export interface ProjectionStatus {
  readonly name: string;
  readonly position: Position | undefined;
  /** Last position of the log. */
  readonly head: Position;
  /** Difference of the positions: a number of events if the event store has consecutive positions. */
  readonly lagEvents: number;
  readonly lagSeconds: number;
  readonly parked: readonly {
    readonly documentId: string;
    readonly reason: string;
    readonly since: string;
    readonly position: Position;
  }[];
  readonly state: 'catching-up' | 'live' | 'following' | 'stopped';
  /** Why it cannot continue, as a sentence. */
  readonly halt: string | undefined;
  /** Name of this process, if it leads the projection. */
  readonly leader: string | undefined;
  /** The rebuild in progress, or the last one that failed. */
  readonly rebuild: RebuildStatus | undefined;
}

export interface RebuildStatus {
  /** RFC 3339; undefined if a process waits for the result of the rebuild. */
  readonly requestedAt: string | undefined;
  /** Position that the next generation has reached; undefined if no process has started to build it. */
  readonly position: Position | undefined;
  /** Why it failed, as a sentence. */
  readonly failure: string | undefined;
}

/** An operation on a projection that continues if nobody waits for it. */
export interface ProjectionRequest {
  /** Identifies the request: one that is sent again while it is pending has no further effect. */
  readonly id: string;
  readonly projection: string;
  readonly action: 'rebuild' | 'retry';
}

/** Operations on projections. */
export interface ProjectionControl {
  /** @param names default: all projections of this process */
  status(names?: ReadonlySet<string>): Promise<readonly ProjectionStatus[]>;
  /** Builds the next generation while the current one serves, and switches when it has caught up. */
  rebuild(name: string): Promise<Result<void, DomainError>>;
  /**
   * Leaves a request for the process that leads the projection, and does not wait for it.
   *
   * @returns `projection/not-found`, `projection/busy` if a rebuild is requested or in progress, or `projection/halted`
   */
  submit(request: ProjectionRequest): Promise<Result<void, DomainError>>;
  /**
   * Waits for the result of a request, up to `ms` milliseconds.
   *
   * @returns `working` if it is not complete; otherwise `done`, or the error of the leader
   */
  outcome(id: string, ms: number): Promise<Result<'done' | 'working', DomainError>>;
  /** Rebuilds a parked document from its streams. */
  retry(name: string, documentId?: string): Promise<Result<void, DomainError>>;
  /**
   * Resolves when every projection of this process has processed `position`. For tests and startup.
   *
   * @param options.orStopped does not wait for a projection that had to stop before an event
   */
  waitUntilApplied(position: Position, options?: { readonly orStopped?: boolean }): Promise<void>;
}

/** Injection token of the ProjectionControl. */
export const PROJECTION_CONTROL = Symbol('projection control');
