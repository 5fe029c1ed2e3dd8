import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { InventoryEntry } from '#deployments/contract';
import { withTimeout, type Clock } from '#kernel';
import { KubernetesApiError, type KubernetesClient } from '#kubernetes';
import { SECRET } from '../cluster/kinds.ts';
import { liveObject } from '../cluster/workloads.worker.ts';
import { missingAccess, needsOf } from './external-access.ts';

/**
 * Returns the addresses of a host name; none if it has no record, and undefined if DNS does not answer within two
 * seconds.
 */
export type ResolveHost = (host: string) => Promise<readonly string[] | undefined>;

/** Injection token of a `ResolveHost`. */
export const RESOLVE_HOST = Symbol('resolve host');

/** Most Ingresses of an application that are checked. */
const MAX_INGRESSES = 5;
const DNS_MS = 2_000;
const NO_RECORD = ['ENOTFOUND', 'ENODATA'];

type HostResolver = Pick<Resolver, 'resolve4' | 'resolve6' | 'cancel'>;

/**
 * Returns a function that asks the DNS servers of the system. Their lookup function is not used: it blocks a thread
 * until it has an answer.
 */
export const hostResolver =
  (clock: Clock, open: () => HostResolver = () => new Resolver({ timeout: 1_000, tries: 2 })): ResolveHost =>
  async (host) => {
    if (isIP(host) !== 0) return [host];
    const resolver = open();
    // The timeout of a resolver applies to each server and try.
    return withTimeout(clock, DNS_MS, addressesOf(resolver, host), () => {
      resolver.cancel();
      return undefined;
    });
  };

async function addressesOf(resolver: HostResolver, host: string): Promise<readonly string[] | undefined> {
  const found = await Promise.all(
    [resolver.resolve4(host), resolver.resolve6(host)].map((answer) =>
      answer.catch((error: unknown) => (isNoRecord(error) ? [] : undefined)),
    ),
  );
  const addresses = found.flatMap((some) => some ?? []);
  return addresses.length === 0 && found.includes(undefined) ? undefined : addresses;
}

const isNoRecord = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && NO_RECORD.includes(String(error.code));

/** Returns what keeps the Ingresses of an application from being reached: address, DNS, or certificate. */
export async function missingAccessOf(
  client: KubernetesClient,
  inventory: readonly InventoryEntry[],
  resolve: ResolveHost,
): Promise<string[]> {
  const entries = inventory.filter(({ group, kind }) => group === 'networking.k8s.io' && kind === 'Ingress');
  const missing = entries.slice(0, MAX_INGRESSES).map(async (entry) => {
    const ingress = await liveObject(client, entry);
    if (!ingress) return [];
    const needs = needsOf(ingress);
    const names = [...new Set([...needs.hosts, ...needs.addresses])];
    const [resolved, secrets] = await Promise.all([
      Promise.all(names.map(async (name) => [name, await resolve(name)] as const)),
      Promise.all(needs.secrets.map(async (name) => ((await hasSecret(client, name, entry.namespace)) ? [] : [name]))),
    ]);
    return missingAccess(needs, { resolved: new Map(resolved), missingSecrets: new Set(secrets.flat()) });
  });
  return (await Promise.all(missing)).flat();
}

/** Returns whether a Secret exists. If the cluster does not allow to read it, it counts as existing. */
async function hasSecret(client: KubernetesClient, name: string, namespace: string): Promise<boolean> {
  try {
    return (await client.get(SECRET, name, namespace)) !== undefined;
  } catch (error) {
    if (error instanceof KubernetesApiError && error.status === 403) return true;
    throw error;
  }
}
