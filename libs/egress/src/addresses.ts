import { BlockList, isIP } from 'node:net';

/** Target of a connection. `host` is the name that resolved to the address, or the address itself. */
export interface EgressTarget {
  readonly address: string;
  readonly port: number;
  readonly host?: string;
}

type Family = 'ipv4' | 'ipv6';

/** Networks that are not part of the public internet (IANA special-purpose registries). */
const NOT_PUBLIC: readonly (readonly [string, number, Family, string])[] = [
  ['0.0.0.0', 8, 'ipv4', 'an unspecified'],
  ['10.0.0.0', 8, 'ipv4', 'a private'],
  ['100.64.0.0', 10, 'ipv4', 'a private'],
  ['127.0.0.0', 8, 'ipv4', 'a loopback'],
  ['169.254.0.0', 16, 'ipv4', 'a link-local'],
  ['172.16.0.0', 12, 'ipv4', 'a private'],
  ['192.0.0.0', 24, 'ipv4', 'a reserved'],
  ['192.0.2.0', 24, 'ipv4', 'a reserved'],
  ['192.88.99.0', 24, 'ipv4', 'a reserved'],
  ['192.168.0.0', 16, 'ipv4', 'a private'],
  ['198.18.0.0', 15, 'ipv4', 'a private'],
  ['198.51.100.0', 24, 'ipv4', 'a reserved'],
  ['203.0.113.0', 24, 'ipv4', 'a reserved'],
  ['224.0.0.0', 4, 'ipv4', 'a multicast'],
  ['240.0.0.0', 4, 'ipv4', 'a reserved'],
  ['::', 128, 'ipv6', 'an unspecified'],
  ['::1', 128, 'ipv6', 'a loopback'],
  ['64:ff9b::', 96, 'ipv6', 'a translated'],
  ['64:ff9b:1::', 48, 'ipv6', 'a translated'],
  ['100::', 64, 'ipv6', 'a reserved'],
  ['2001::', 23, 'ipv6', 'a reserved'],
  ['2001:db8::', 32, 'ipv6', 'a reserved'],
  ['2002::', 16, 'ipv6', 'a translated'],
  ['fc00::', 7, 'ipv6', 'a private'],
  ['fe80::', 10, 'ipv6', 'a link-local'],
  ['fec0::', 10, 'ipv6', 'a private'],
  ['ff00::', 8, 'ipv6', 'a multicast'],
];

const CLASSES = NOT_PUBLIC.map(([network, prefix, family, kind]) => ({ kind, list: subnet(network, prefix, family) }));

export function subnet(network: string, prefix: number, family: Family): BlockList {
  const list = new BlockList();
  list.addSubnet(network, prefix, family);
  return list;
}

const familyOf = (address: string): Family => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** Converts an IPv4-mapped IPv6 address (`::ffff:10.0.0.1`) to IPv4, and removes a zone (`%eth0`). */
export function plainAddress(address: string): string {
  const bare = (address.split('%')[0] ?? '').toLowerCase();
  if (isIP(bare) !== 6) return bare;
  const canonical = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (!mapped) return canonical;
  const bits = parseInt(mapped[1] ?? '0', 16) * 65_536 + parseInt(mapped[2] ?? '0', 16);
  return [bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255].join('.');
}

/** Returns the first address of a network: the address without its host bits, in canonical form. */
export function networkAddress(address: string, prefix: number): string {
  const isV6 = isIP(address) === 6;
  const bits = isV6 ? 128 : 32;
  const value = isV6 ? valueOfV6(address) : address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  const first = (value >> BigInt(bits - prefix)) << BigInt(bits - prefix);
  if (!isV6) return [24n, 16n, 8n, 0n].map((shift) => (first >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, group) => ((first >> BigInt(112 - 16 * group)) & 65_535n).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

function valueOfV6(address: string): bigint {
  // URLs contain IPv6 addresses in canonical form, without an IPv4 part.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groupsOf = (text: string) => text.split(':').filter((group) => group !== '');
  const [before, after] = [groupsOf(head), groupsOf(tail ?? '')];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}

export const within = (list: BlockList, address: string): boolean => list.check(address, familyOf(address));

/** Returns the kind of an address that is not public, such as `a private`; undefined for public addresses. */
export function specialKind(address: string): string | undefined {
  if (isIP(address) === 0) return 'no';
  return CLASSES.find(({ list }) => within(list, address))?.kind;
}

/** Formats `host:port` in lower case. */
export const endpoint = (host: string, port: number): string => `${host.toLowerCase()}:${port}`;

/** Returns whether an address is loopback. */
export const isLoopback = (address: string): boolean => specialKind(plainAddress(address)) === 'a loopback';

/** Returns whether a connection to an address reaches this machine: loopback, and the unspecified address. */
export const isThisMachine = (address: string): boolean => {
  const kind = specialKind(plainAddress(address));
  return kind === 'a loopback' || kind === 'an unspecified';
};

/** Returns true if listening on the address means all addresses of the machine: `0.0.0.0` and `::`. */
export const isEveryAddress = (address: string): boolean => ['0.0.0.0', '::'].includes(plainAddress(address));

/** Returns the address at which processes of the same machine reach a server that listens on `address`. */
export const reachedAt = (address: string): string => (isEveryAddress(address) ? '127.0.0.1' : address);

/** Returns a host as it is written in a URL: an IPv6 address in brackets. */
export const hostInUrl = (host: string): string => (isIP(host) === 6 ? `[${host}]` : host);

/** Returns the host of a URL without the brackets of an IPv6 address. */
export const hostFromUrl = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');
