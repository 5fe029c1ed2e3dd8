import { isIP, type BlockList } from 'node:net';
import { domainError, err, ok, type DomainError, type Result } from '#kernel';
import { endpoint, plainAddress, specialKind, subnet, within, type EgressTarget } from './addresses.ts';
import { OwnAddresses } from './own-addresses.ts';

/** The addresses that are not public but that the platform may connect to. Public addresses are always allowed. */
export interface EgressPolicy {
  readonly networks: readonly { readonly text: string; readonly list: BlockList }[];
  /** `host:port` in lower case; IPv6 hosts without brackets. */
  readonly endpoints: ReadonlySet<string>;
  /** The platform's own addresses, which are always refused. */
  readonly never: Pick<OwnAddresses, 'has'>;
}

/** Parses `host:port` or `[v6]:port`; undefined for anything else. */
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
 * Parses the list of `ASTRO_EGRESS_ALLOW`: `host:port` and CIDR, separated by commas or whitespace. An empty list
 * allows only public addresses. Addresses in `never` (the platform's own) are refused even if a listed network contains
 * them.
 */
export function parseEgressPolicy(
  allowed: string,
  never: Pick<OwnAddresses, 'has'> = new OwnAddresses(),
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
  return ok({ networks, endpoints, never });
}

/** Returns whether a connection to this address and port may be opened. */
export function isAllowed(policy: EgressPolicy, target: EgressTarget): boolean {
  const address = plainAddress(target.address);
  if (isIP(address) === 0) return false;
  if (policy.never.has(target)) return false;
  if (specialKind(address) === undefined) return true;
  return (
    policy.endpoints.has(endpoint(address, target.port)) ||
    (target.host !== undefined && policy.endpoints.has(endpoint(target.host.replace(/^\[|\]$/g, ''), target.port))) ||
    policy.networks.some(({ list }) => within(list, address))
  );
}

/** Returns a policy that also allows one address that is not public, such as that of the platform's own sandbox. */
export const onlyEndpoint = (host: string, port: number): EgressPolicy => ({
  networks: [],
  endpoints: new Set([endpoint(isIP(host) === 0 ? host : plainAddress(host), port)]),
  never: new OwnAddresses(),
});

/** Returns the refusal, which names the setting for the platform's administrator. */
export function egressRefused(
  target: EgressTarget,
  { never }: Pick<EgressPolicy, 'never'> = { never: new OwnAddresses() },
): DomainError<'clusters/egress-refused'> {
  const address = plainAddress(target.address);
  const kind = specialKind(address);
  const allow =
    isIP(address) === 4 && kind === 'a private'
      ? `${address.split('.').slice(0, 2).join('.')}.0.0/16`
      : `${isIP(address) === 6 ? `[${address}]` : address}:${target.port}`;
  const of = target.host !== undefined && target.host !== target.address ? ` (${target.host})` : '';
  return kind === undefined || never.has(target)
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

/** Injection token of the policy. */
export const EGRESS = Symbol('egress policy');
