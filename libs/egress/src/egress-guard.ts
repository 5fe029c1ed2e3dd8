import { lookup } from 'node:dns/promises';
import type { DomainError } from '#kernel';
import { egressRefused, isAllowed, type EgressPolicy } from './egress.ts';

/**
 * Says whether the platform may dial an address that a person named. Connections are checked again when they are made:
 * this early answer is for the person who registers a cluster.
 */
export interface EgressGuard {
  /**
   * @param host a name or an address, IPv6 without brackets; names are resolved
   * @returns the refusal, or `undefined` when the target is allowed (or its name cannot be resolved now)
   */
  check(host: string, port: number): Promise<DomainError | undefined>;
}

/** Token of the EgressGuard. */
export const EGRESS_GUARD = Symbol('egress guard');

export function createEgressGuard(policy: EgressPolicy): EgressGuard {
  return {
    async check(host, port) {
      const addresses = await lookup(host, { all: true }).catch(() => []); // a name that is not known now may be later
      const refused = addresses.find(({ address }) => !isAllowed(policy, { address, port, host }));
      return refused && egressRefused({ address: refused.address, port, host }, policy);
    },
  };
}
