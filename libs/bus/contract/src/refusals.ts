import type { Principal } from '#access';
import type { Authorization } from '#kernel';
import type { Disclosure } from './contract.ts';

/** A denied request, for the audit log. Contains IDs and codes only. */
export interface Refusal {
  /** Subject of the request's contract. */
  readonly subject: string;
  readonly permission: string;
  readonly principal: Principal;
  /** ID of the organization; absent if there is none, or it does not exist. */
  readonly organizationId?: string;
  readonly code: string;
  readonly correlationId: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/**
 * Records requests that were denied for lack of a permission. Each is recorded once, where it is denied: by the edge
 * before a body is read, by the guard of a service, or by the decision of a service.
 */
export interface RefusalRecorder {
  /** Records a denied request. Must not throw or wait; it limits what it stores. */
  refused(refusal: Refusal): void;
}

/** Injection token of the RefusalRecorder. */
export const REFUSALS = Symbol('refusals');

/** A read that only the global role permitted, of data that its contract discloses. Contains IDs only. */
export interface AdminRead {
  /** Subject of the request's contract. */
  readonly subject: string;
  readonly discloses: Disclosure;
  /** ID of the user. */
  readonly userId: string;
  readonly organizationId: string;
  /** By which right, and from where. */
  readonly by: Authorization;
  readonly correlationId: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** Records reads of global admins for the organization whose data they are. */
export interface AdminReadRecorder {
  /** Records a read. Must not throw or wait; it limits what it stores. */
  read(read: AdminRead): void;
}
