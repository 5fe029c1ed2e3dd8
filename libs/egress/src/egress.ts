import { isIP, type BlockList } from 'node:net';
import { domainError, err, ok, type DomainError, type Result } from '#kernel';
import {
  endpoint,
  hostFromUrl,
  hostInUrl,
  networkAddress,
  plainAddress,
  specialKind,
  subnet,
  within,
  type EgressTarget,
} from './addresses.ts';
import { OwnAddresses } from './own-addresses.ts';

interface EgressNetwork {
  /** Its first address, with its prefix length. */
  readonly text: string;
  readonly list: BlockList;
}

/** The addresses that are not public but that the platform may connect to. Public addresses are always allowed. */
export interface EgressPolicy {
  readonly networks: readonly EgressNetwork[];
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

function parseNetwork(text: string): EgressNetwork | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return undefined;
  const bits = prefix === undefined ? (version === 4 ? 32 : 128) : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
  if (bits < 0 || bits > (version === 4 ? 32 : 128)) return undefined;
  if (address.includes('%')) return undefined; // a zone names an interface of this machine
  const network = networkAddress(address, bits);
  return { text: `${network}/${bits}`, list: subnet(network, bits, version === 4 ? 'ipv4' : 'ipv6') };
}

/** Which of the entries allow what; the first one that is neither host:port nor a CIDR, where there is one. */
function readEntries(entries: readonly string[]): Result<Pick<EgressPolicy, 'networks' | 'endpoints'>, string> {
  const networks: EgressNetwork[] = [];
  const endpoints = new Set<string>();
  for (const entry of entries) {
    const network = parseNetwork(entry);
    const target = network ? undefined : parseEndpoint(entry);
    if (network) networks.push(network);
    else if (target !== undefined) endpoints.add(target);
    else return err(entry);
  }
  return ok({ networks, endpoints });
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
  const read = readEntries(allowed.split(/[\s,]+/).filter((part) => part !== ''));
  return read.ok
    ? ok({ ...read.value, never })
    : err(
        domainError(
          'egress/invalid-policy',
          'invalid',
          `ASTRO_EGRESS_ALLOW: ${read.error} is neither host:port nor a CIDR.`,
          { fix: 'write 10.4.0.0/16 or k8s.example.com:6443' },
        ),
      );
}

/**
 * One entry in the form in which it is stored and compared: a CIDR without host bits, or `host:port` in lower case.
 * @returns undefined when the text is neither
 */
export function parseEgressEntry(text: string): string | undefined {
  const read = readEntries([text.trim()]);
  return read.ok ? entriesOf(read.value)[0] : undefined;
}

/** The entries of a policy, in the form of {@link parseEgressEntry}. */
export const entriesOf = ({ networks, endpoints }: Pick<EgressPolicy, 'networks' | 'endpoints'>): readonly string[] => [
  ...networks.map(({ text }) => text),
  ...[...endpoints].map((text) => (/:.*:/.test(text) ? `[${text.replace(/:(\d+)$/, ']:$1')}` : text)),
];

/** The policy with more entries; those that cannot be read, which a newer release may write, allow nothing. */
export function withEntries(policy: EgressPolicy, entries: readonly string[]): EgressPolicy {
  const read = entries.map((entry) => readEntries([entry])).flatMap((result) => (result.ok ? [result.value] : []));
  return {
    networks: [policy, ...read].flatMap(({ networks }) => networks),
    endpoints: new Set([policy, ...read].flatMap(({ endpoints }) => [...endpoints])),
    never: policy.never,
  };
}

/** Returns whether a connection to this address and port may be opened. */
export function isAllowed(policy: EgressPolicy, target: EgressTarget): boolean {
  const address = plainAddress(target.address);
  if (isIP(address) === 0) return false;
  if (policy.never.has(target)) return false;
  if (specialKind(address) === undefined) return true;
  return (
    policy.endpoints.has(endpoint(address, target.port)) ||
    (target.host !== undefined && policy.endpoints.has(endpoint(hostFromUrl(target.host), target.port))) ||
    policy.networks.some(({ list }) => within(list, address))
  );
}

/** Returns a policy that also allows one address that is not public, such as that of the platform's own sandbox. */
export const onlyEndpoint = (host: string, port: number): EgressPolicy => ({
  networks: [],
  endpoints: new Set([endpoint(isIP(host) === 0 ? host : plainAddress(host), port)]),
  never: new OwnAddresses(),
});

/** Returns the refusal, which says what an administrator can do. `extra.allow` is the entry that would allow the address. */
export function egressRefused(
  target: EgressTarget,
  { never }: Pick<EgressPolicy, 'never'> = { never: new OwnAddresses() },
): DomainError<'clusters/egress-refused'> {
  const address = plainAddress(target.address);
  const kind = specialKind(address);
  const allow =
    isIP(address) === 4 && kind === 'a private'
      ? `${address.split('.').slice(0, 2).join('.')}.0.0/16`
      : `${hostInUrl(address)}:${target.port}`;
  const of = target.host !== undefined && target.host !== target.address ? ` (${target.host})` : '';
  return kind === undefined || never.has(target)
    ? domainError('clusters/egress-refused', 'invalid', `${address}${of} is an address of the platform itself.`, {
        fix: 'use an address outside of the platform',
      })
    : domainError(
        'clusters/egress-refused',
        'invalid',
        `${address}${of} is ${kind} address; allow it with ASTRO_EGRESS_ALLOW=${allow} (platform admin)`,
        { fix: `a global admin can allow it: astroctl admin egress allow ${allow}`, extra: { allow } },
      );
}

/** Injection token of the policy. */
export const EGRESS = Symbol('egress policy');
