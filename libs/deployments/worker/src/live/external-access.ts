import type { KubernetesObject } from '#kubernetes';
import { at, list, text } from '../cluster/json.ts';

/** Most hosts, host names of addresses, and Secrets of an Ingress that are checked. */
const MAX_CHECKED = 5;
/** Most IP addresses of an Ingress; a controller may write those of all nodes. */
const MAX_IPS = 1_000;

/** What an Ingress needs outside of itself. Hosts with a wildcard are left out. */
export interface IngressNeeds {
  readonly hosts: readonly string[];
  readonly secrets: readonly string[];
  /** IP addresses and host names under which the Ingress is reached; empty until its controller writes them. */
  readonly addresses: readonly string[];
}

export function needsOf(ingress: KubernetesObject): IngressNeeds {
  const hosts = list(at(ingress, 'spec', 'rules')).flatMap((rule) => text(at(rule, 'host')) ?? []);
  const secrets = list(at(ingress, 'spec', 'tls')).flatMap((tls) => text(at(tls, 'secretName')) ?? []);
  const reached = list(at(ingress, 'status', 'loadBalancer', 'ingress'));
  return {
    hosts: [...new Set(hosts)].filter((host) => !host.startsWith('*')).slice(0, MAX_CHECKED),
    secrets: [...new Set(secrets)].slice(0, MAX_CHECKED),
    addresses: [
      ...reached.flatMap((address) => text(at(address, 'ip')) ?? []).slice(0, MAX_IPS),
      ...reached.flatMap((address) => text(at(address, 'hostname')) ?? []).slice(0, MAX_CHECKED),
    ],
  };
}

/** What was found: the addresses of each host, and of each host name of the Ingress; undefined if DNS did not answer. */
export interface Found {
  readonly resolved: ReadonlyMap<string, readonly string[] | undefined>;
  readonly missingSecrets: ReadonlySet<string>;
}

/**
 * Returns what keeps an Ingress from being reached, one clause each. The addresses of a host are not repeated, because
 * the DNS of the platform may know names that its users must not see.
 */
export function missingAccess(
  { hosts, secrets, addresses }: IngressNeeds,
  { resolved, missingSecrets }: Found,
): string[] {
  const own = addresses.flatMap((address) => [address, ...(resolved.get(address) ?? [])]);
  const isUnknown = addresses.some((address) => resolved.has(address) && resolved.get(address) === undefined);
  return [
    ...(addresses.length === 0 && hosts.length > 0 ? [`the Ingress of ${hosts.join(', ')} has no address yet`] : []),
    ...hosts.flatMap((host) => {
      const found = resolved.get(host);
      if (found === undefined) return [];
      if (found.length === 0) return [`DNS has no record for ${host}`];
      const isElsewhere = own.length > 0 && !isUnknown && !found.some((address) => own.includes(address));
      return isElsewhere ? [`DNS does not point ${host} to ${addresses.slice(0, MAX_CHECKED).join(', ')}`] : [];
    }),
    ...secrets
      .filter((secret) => missingSecrets.has(secret))
      .map((secret) => `the certificate (Secret ${secret}) is missing`),
  ];
}
