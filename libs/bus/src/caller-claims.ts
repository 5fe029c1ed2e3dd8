import type { Principal } from '#access';
import type { RequestContext } from '#bus/contract';
import type { Position } from '#kernel';

/** A context is believed for at most 30 s: 25 s from its making, and 5 s by which two hosts' clocks may differ. */
const CALLER_VALID_MS = 25_000;
const CLOCK_SKEW_MS = 5_000;

/** What a service learns about who asks, once it believes the context. */
export interface CallerClaims {
  readonly principal: Principal;
  readonly commandId: string;
  readonly correlationId: string;
  readonly causationId?: string;
  readonly organizationId?: string;
  readonly deadlineMs: number;
  readonly consistency?: Position;
  readonly ifMatch?: number;
  readonly dryRun?: boolean;
}

/** What a context says to its receiver: a copy, which nobody changes afterwards. A person's organization is resolved there. */
export function claimsOf(context: RequestContext): CallerClaims {
  const { principal, commandId, correlationId, causationId, organizationId, deadlineMs, consistency, ifMatch, dryRun } =
    context;
  return {
    principal: { ...principal },
    commandId,
    correlationId,
    deadlineMs,
    ...(causationId !== undefined && { causationId }),
    ...(principal.kind === 'service' && organizationId !== undefined && { organizationId }),
    ...(consistency !== undefined && { consistency }),
    ...(ifMatch !== undefined && { ifMatch }),
    ...(dryRun !== undefined && { dryRun }),
  };
}

/** Who serves a subject: what stands before its first dot. */
export const receiverOf = (subject: string): string => subject.slice(0, subject.indexOf('.'));

/** Until when a context that is made now is believed, milliseconds since 1970. */
export const expiresMsOf = ({ deadlineMs }: RequestContext, nowMs: number): number =>
  Math.min(deadlineMs, nowMs + CALLER_VALID_MS);

/** Whether a context is too old, or from a time that has not come. */
export const isOverTime = (expiresMs: number, nowMs: number): boolean =>
  nowMs > expiresMs + CLOCK_SKEW_MS || expiresMs > nowMs + CALLER_VALID_MS + CLOCK_SKEW_MS;
