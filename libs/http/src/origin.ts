import { isIP } from 'node:net';
import type { Principal } from '#access';
import type { Origin } from '#bus';
import { networkOf } from '#http/connections';
import type { EdgeOptions } from './edge-options.ts';

/** Returns the network of a client's address: /24 of IPv4, /48 of IPv6; undefined for text that is not an address. */
export function originNetwork(address: string): string | undefined {
  if (isIP(address) === 0) return undefined;
  const network = networkOf(address); // IPv4 as it is, also mapped; the first four groups of IPv6
  if (isIP(network) === 4) return `${network.slice(0, network.lastIndexOf('.'))}.0/24`;
  const groups = network.split(':').slice(0, 3);
  while (groups.at(-1) === '0') groups.pop();
  return `${groups.join(':')}::/48`;
}

/**
 * Returns from where a request was sent, for the events that it records.
 *
 * @param address the client's address; behind trusted proxies, the one that they name, which may be any text
 */
export async function originOf(
  principal: Principal,
  address: string,
  { addressRecordOf }: Pick<EdgeOptions, 'addressRecordOf'>,
): Promise<Origin | undefined> {
  const network = originNetwork(address);
  if (network === undefined) return undefined;
  const userId = personOf(principal);
  const record = userId === undefined ? undefined : await addressRecordOf?.(userId, address);
  return { network, ...(record !== undefined && { address: record }) };
}

/** Returns the person whose data the address is. Service members are not persons. */
function personOf(principal: Principal): string | undefined {
  if (principal.kind === 'login') return principal.userId;
  return principal.kind === 'key' && principal.memberKind === 'person' ? principal.memberId : undefined;
}
