import type { Principal } from '#access';

/** What a refused request leaves behind. Holds ids and codes only. */
export interface Refusal {
  /** Subject of the contract that was asked for. */
  readonly subject: string;
  readonly permission: string;
  readonly principal: Principal;
  /** Resolved id; absent when the request is about no organization, or about one that does not exist. */
  readonly organizationId?: string;
  readonly code: string;
  readonly correlationId: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/**
 * Records that somebody was refused something for lack of a right. Whoever decides tells it, and nobody else: the edge
 * what it refuses before a body is read, the guard of a service what it refuses, and the service what its decisions refuse.
 */
export interface RefusalRecorder {
  /** Must not throw and must not wait; it limits what it takes. */
  refused(refusal: Refusal): void;
}

export const REFUSALS = Symbol('refusals');
