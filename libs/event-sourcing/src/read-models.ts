import type { DomainError, Fact, Position, Projection, Result } from '#kernel';
import type { Page, Query, StoredDocument } from '#read-store';

/** How queries read what projections have built. */
export interface ReadModels {
  /**
   * @param atLeast wait (polling the stored checkpoint every 10 ms, up to 2 s) until the projection has seen this position;
   *   then `read/not-yet` (503, Retry-After 1), or `position/other-store` (409) for a position of another store
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
  /** Builds the next version beside the serving one and switches when it is level. */
  rebuild(name: string): Promise<Result<void, DomainError>>;
  /** Builds a parked document again from its streams. */
  retry(name: string, documentId?: string): Promise<Result<void, DomainError>>;
  /**
   * Settles when every projection of this process has seen `position`; for tests and start-up.
   * @param options.orStopped do not wait for one that had to stop before an event
   */
  settled(position: Position, options?: { readonly orStopped?: boolean }): Promise<void>;
}

export const PROJECTION_CONTROL = Symbol('projection control');
