import { BlockList, isIP } from 'node:net';
import { domainError, err, ok, type DomainError, type Result } from '#kernel';

/** Which addresses that are not public the platform may dial. Public addresses are always allowed. */
export interface EgressPolicy {
  readonly networks: readonly { readonly text: string; readonly list: BlockList }[];
  /** Lower-case `host:port`; IPv6 hosts without brackets. */
  readonly endpoints: ReadonlySet<string>;
  /** Endpoints refused whatever else is allowed: the platform's own. */
  readonly never: ReadonlySet<string>;
}

/** Where a connection would go. `host` is the name that led to the address, or the address itself. */
export interface EgressTarget {
  readonly address: string;
  readonly port: number;
  readonly host?: string;
}

type Family = 'ipv4' | 'ipv6';

/** Networks that are not the public internet (IANA special-purpose registries). */
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

function subnet(network: string, prefix: number, family: Family): BlockList {
  const list = new BlockList();
  list.addSubnet(network, prefix, family);
  return list;
}

const familyOf = (address: string): Family => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) becomes the IPv4 one; a zone (`%eth0`) is cut. */
function plainAddress(address: string): string {
  const bare = (address.split('%')[0] ?? '').toLowerCase();
  if (isIP(bare) !== 6) return bare;
  const canonical = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (!mapped) return canonical;
  const bits = parseInt(mapped[1] ?? '0', 16) * 65_536 + parseInt(mapped[2] ?? '0', 16);
  return [bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255].join('.');
}

const within = (list: BlockList, address: string): boolean => list.check(address, familyOf(address));

/** What an address is when it is not public, such as `a private`; undefined for public ones. */
function specialKind(address: string): string | undefined {
  if (isIP(address) === 0) return 'no';
  return CLASSES.find(({ list }) => within(list, address))?.kind;
}

const endpoint = (host: string, port: number): string => `${host.toLowerCase()}:${port}`;

/** Reads `host:port` and `[v6]:port`; undefined for anything else. */
function parseEndpoint(text: string): string | undefined {
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text);
  const host = parts?.[1] ?? parts?.[2];
  const port = Number(parts?.[3]);
  if (host === undefined || port < 1 || port > 65_535 || (parts?.[1] !== undefined && isIP(parts[1]) !== 6))
    return undefined;
  return endpoint(isIP(host) === 0 ? host : plainAddress(host), port);
}

function parseNetwork(text: string): BlockList | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return undefined;
  const bits = prefix === undefined ? (version === 4 ? 32 : 128) : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
  if (bits < 0 || bits > (version === 4 ? 32 : 128)) return undefined;
  return subnet(address, bits, version === 4 ? 'ipv4' : 'ipv6');
}

/**
 * Reads the list of `ASTRO_EGRESS_ALLOW`: `host:port` and CIDR, separated by commas or white space; '' allows public
 * addresses only. Endpoints in `never` (the platform's own, `host:port`) are refused even when a network on the list has them.
 */
export function parseEgressPolicy(
  allowed: string,
  never: readonly string[] = [],
): Result<EgressPolicy, DomainError<'egress/invalid-policy'>> {
  const networks: { text: string; list: BlockList }[] = [];
  const endpoints = new Set<string>();
  for (const entry of allowed.split(/[\s,]+/).filter((part) => part !== '')) {
    const network = parseNetwork(entry);
    const target = network ? undefined : parseEndpoint(entry);
    if (network) networks.push({ text: entry, list: network });
    else if (target !== undefined) endpoints.add(target);
    else
      return err(
        domainError(
          'egress/invalid-policy',
          'invalid',
          `ASTRO_EGRESS_ALLOW: ${entry} is neither host:port nor a CIDR.`,
          { fix: 'write 10.4.0.0/16 or k8s.example.com:6443' },
        ),
      );
  }
  const own = never.map((entry) => parseEndpoint(entry)).filter((entry) => entry !== undefined);
  return ok({ networks, endpoints, never: new Set(own) });
}

/** Whether a connection to this address and port may be opened. */
export function isAllowed(policy: EgressPolicy, target: EgressTarget): boolean {
  const address = plainAddress(target.address);
  if (isIP(address) === 0) return false;
  if (policy.never.has(endpoint(address, target.port))) return false;
  if (specialKind(address) === undefined) return true;
  return (
    policy.endpoints.has(endpoint(address, target.port)) ||
    (target.host !== undefined && policy.endpoints.has(endpoint(target.host.replace(/^\[|\]$/g, ''), target.port))) ||
    policy.networks.some(({ list }) => within(list, address))
  );
}

/** Whether an address is this machine's own loopback. */
export function isLoopback(address: string): boolean {
  const kind = specialKind(plainAddress(address));
  return kind === 'a loopback';
}

/** The refusal that tells a platform admin what to set. */
export function egressRefused(target: EgressTarget): DomainError<'clusters/egress-refused'> {
  const address = plainAddress(target.address);
  const kind = specialKind(address);
  const allow =
    isIP(address) === 4 && kind === 'a private'
      ? `${address.split('.').slice(0, 2).join('.')}.0.0/16`
      : `${isIP(address) === 6 ? `[${address}]` : address}:${target.port}`;
  const of = target.host !== undefined && target.host !== target.address ? ` (${target.host})` : '';
  return kind === undefined
    ? domainError('clusters/egress-refused', 'invalid', `${address}${of} is an address of the platform itself.`, {
        fix: 'use the address of the API server of a cluster',
      })
    : domainError(
        'clusters/egress-refused',
        'invalid',
        `${address}${of} is ${kind} address; allow it with ASTRO_EGRESS_ALLOW=${allow} (platform admin)`,
        {
          fix: `set ASTRO_EGRESS_ALLOW=${allow}`,
        },
      );
}

/** Token of the policy in force. */
export const EGRESS = Symbol('egress policy');
