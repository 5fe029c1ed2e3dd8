import { assertNever, err, ok, type Decider, type EventFamily, type Fact, type Result } from '#kernel';
import { deploymentsErrors, type DeploymentsError } from '../deployments.errors.ts';

interface Held {
  readonly applicationId: string;
  readonly hosts: readonly string[];
}

/** Stream: `hosts-<uid of the physical cluster>`. A host belongs to one application of a cluster. */
export type HostsEvent =
  /** `revision`: the newest revision of the application that is known to use the hosts. */
  | Fact<'hosts.claimed.v1', Held & { readonly organizationId: string; readonly revision: number }>
  | Fact<'hosts.released.v1', Held>;

/** Application that has a host, and the newest revision that uses it. */
export interface HostClaim {
  readonly organizationId: string;
  readonly applicationId: string;
  readonly revision: number;
}

/** By host name: `www.acme.dev`, or `*.acme.dev` for all its subdomains. */
export type Hosts = ReadonlyMap<string, HostClaim>;

/** Commands of the hosts of a physical cluster. */
export type HostsCommand =
  | ({ readonly type: 'claim'; readonly hosts: readonly string[] } & HostClaim)
  | {
      /** Releases the hosts that an application no longer uses. */
      readonly type: 'retain';
      readonly applicationId: string;
      /** Hosts that it still uses. */
      readonly hosts: readonly string[];
      /** Keeps claims for later revisions than this. */
      readonly upTo?: number;
    };

const events: EventFamily<HostsEvent> = {
  categories: ['hosts'],
  types: { 'hosts.claimed.v1': true, 'hosts.released.v1': true },
};

function evolve(hosts: Hosts, { type, data }: HostsEvent): Hosts {
  const next = new Map(hosts);
  switch (type) {
    case 'hosts.claimed.v1': {
      const { organizationId, applicationId, revision } = data;
      for (const host of data.hosts) next.set(host, { organizationId, applicationId, revision });
      return next;
    }
    case 'hosts.released.v1':
      for (const host of data.hosts) if (next.get(host)?.applicationId === data.applicationId) next.delete(host);
      return next;
    default:
      return assertNever(type);
  }
}

function decide(command: HostsCommand, hosts: Hosts): Result<readonly HostsEvent[], DeploymentsError> {
  const { applicationId } = command;
  if (command.type === 'retain') {
    const { upTo = Number.POSITIVE_INFINITY } = command;
    const kept = new Set(command.hosts);
    const left = [...hosts].filter(
      ([host, claim]) => claim.applicationId === applicationId && claim.revision <= upTo && !kept.has(host),
    );
    if (left.length === 0) return ok([]);
    return ok([{ type: 'hosts.released.v1', data: { applicationId, hosts: left.map(([host]) => host) } }]);
  }
  const taken = takenHost(command, hosts);
  if (taken) return err(deploymentsErrors.hostTaken(taken.host, ''));
  const { organizationId, revision } = command;
  const wanted = command.hosts.filter((host) => (hosts.get(host)?.revision ?? 0) < revision);
  if (wanted.length === 0) return ok([]);
  return ok([{ type: 'hosts.claimed.v1', data: { organizationId, applicationId, revision, hosts: wanted } }]);
}

/** Returns the first of the given hosts that another application has, or that overlaps with one of its hosts. */
export function takenHost(
  { applicationId, hosts: wanted }: Pick<Held, 'applicationId' | 'hosts'>,
  hosts: Hosts,
): { readonly host: string; readonly holder: HostClaim } | undefined {
  for (const host of wanted) {
    const holder = holders(host, hosts).find((claim) => claim.applicationId !== applicationId);
    if (holder) return { host, holder };
  }
  return undefined;
}

/**
 * Returns the claims of the host itself, of wildcards that cover it and, for a wildcard, of the hosts that it covers.
 */
function holders(host: string, hosts: Hosts): HostClaim[] {
  const steps = host.split('.');
  const above = steps.map((_, index) => `*.${steps.slice(index + 1).join('.')}`).slice(0, -1);
  const covering = [host, ...above].map((name) => hosts.get(name)).filter((claim) => claim !== undefined);
  const below = host.startsWith('*.') ? [...hosts].filter(([name]) => name.endsWith(host.slice(1))) : [];
  return [...covering, ...below.map(([, claim]) => claim)];
}

/** Decides which application of a physical cluster has a host. */
export const hostsDecider: Decider<Hosts, HostsCommand, HostsEvent, DeploymentsError> = {
  events,
  initialState: new Map(),
  evolve,
  decide,
};

/** Returns the name of the stream with the hosts of a physical cluster. */
export const hostsStream = (clusterUid: string): string => `hosts-${clusterUid}`;
