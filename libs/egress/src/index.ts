export { EGRESS, egressRefused, isAllowed, isLoopback, parseEgressPolicy, type EgressPolicy } from './egress.ts';
export { createEgressGuard, EGRESS_GUARD, type EgressGuard } from './egress-guard.ts';
