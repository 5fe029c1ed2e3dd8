import { lookup } from 'node:dns/promises';
import type { DomainError } from '#kernel';
import { egressRefused, isAllowed, withEntries, type EgressPolicy } from './egress.ts';

/**
 * Checks whether the platform may connect to an address that a user has entered. Every connection is checked again when
 * it is opened; this check gives early feedback when a cluster is registered.
 */
export interface EgressGuard {
  /**
   * @param host a name or an address, IPv6 without brackets; names are resolved
   * @param allowed entries that global admins allow in addition to the settings
   * @returns the refusal; `undefined` if the target is allowed, or if its name cannot be resolved now
   */
  check(host: string, port: number, allowed: readonly string[]): Promise<DomainError | undefined>;
}

/** Injection token of the EgressGuard. */
export const EGRESS_GUARD = Symbol('egress guard');

export function createEgressGuard(policy: EgressPolicy): EgressGuard {
  return {
    async check(host, port, allowed) {
      const current = withEntries(policy, allowed);
      // A name that does not resolve now may do so later.
      const addresses = await lookup(host, { all: true }).catch(() => []);
      const refused = addresses.find(({ address }) => !isAllowed(current, { address, port, host }));
      return refused && egressRefused({ address: refused.address, port, host }, current);
    },
  };
}
