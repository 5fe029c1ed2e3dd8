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
  readonly lagEvents: number;
  readonly lagSeconds: number;
  readonly parked: readonly { readonly documentId: string; readonly reason: string; readonly since: string }[];
  readonly state: 'catching-up' | 'live' | 'following' | 'stopped';
}

/** Operations on projections. */
export interface ProjectionControl {
  status(): Promise<readonly ProjectionStatus[]>;
  /** Builds the next generation while the current one serves, and switches when it has caught up. */
  rebuild(name: string): Promise<Result<void, DomainError>>;
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
