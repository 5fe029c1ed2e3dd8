import type { Principal } from '#access';
import type { Origin, RequestContext } from '#bus/contract';
import type { Position } from '#kernel';

/** A context is valid for at most 30 s: 25 s after its creation, plus 5 s that the clocks of two hosts may differ. */
const CALLER_VALID_MS = 25_000;
const CLOCK_SKEW_MS = 5_000;

/** Claims about the caller of a request, which a service trusts after verification. */
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
  readonly origin?: Origin;
}

/**
 * Returns the claims of a context for its receiver: a copy that cannot change. A person's organization is resolved by
 * the receiver.
 */
export function claimsOf(context: RequestContext): CallerClaims {
  const { principal, commandId, correlationId, causationId, organizationId, deadlineMs, consistency, ifMatch, dryRun } =
    context;
  const { origin } = context;
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
    ...(principal.kind !== 'service' && origin && { origin: { ...origin } }),
  };
}

/** Returns when a context that is created now expires, in milliseconds since 1970. */
export const expiresMsOf = ({ deadlineMs }: RequestContext, nowMs: number): number =>
  Math.min(deadlineMs, nowMs + CALLER_VALID_MS);

/** Returns whether a context has expired, or is from the future. */
export const isExpired = (expiresMs: number, nowMs: number): boolean =>
  nowMs > expiresMs + CLOCK_SKEW_MS || expiresMs > nowMs + CALLER_VALID_MS + CLOCK_SKEW_MS;
