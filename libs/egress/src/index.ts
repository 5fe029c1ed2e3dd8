export { hostFromUrl, hostInUrl, isLoopback, reachedAt } from './addresses.ts';
export { ChangingEgress, type AllowedEntries } from './changing-egress.ts';
export {
  EGRESS,
  egressRefused,
  entriesOf,
  isAllowed,
  onlyEndpoint,
  parseEgressEntry,
  parseEgressPolicy,
  type EgressPolicy,
} from './egress.ts';
export { createEgressGuard, EGRESS_GUARD, type EgressGuard } from './egress-guard.ts';
export { OWN_ADDRESSES, OwnAddresses } from './own-addresses.ts';
