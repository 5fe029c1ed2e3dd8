export { isLoopback } from './addresses.ts';
export { EGRESS, egressRefused, isAllowed, onlyEndpoint, parseEgressPolicy, type EgressPolicy } from './egress.ts';
export { createEgressGuard, EGRESS_GUARD, type EgressGuard } from './egress-guard.ts';
export { OWN_ADDRESSES, OwnAddresses } from './own-addresses.ts';
