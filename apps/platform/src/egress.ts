import { lookup } from 'node:dns/promises';
import type { EgressGuard } from '#deployments/contract';
import { egressRefused, isAllowed, type EgressPolicy } from '#kubernetes';

/** The early answer for a person who names an address; connections are checked again when they are made. */
export function egressGuard(policy: EgressPolicy): EgressGuard {
  return {
    async check(host, port) {
      const addresses = await lookup(host, { all: true }).catch(() => []); // a name that is not known now may be later
      const refused = addresses.find(({ address }) => !isAllowed(policy, { address, port, host }));
      return refused && egressRefused({ address: refused.address, port, host });
    },
  };
}
