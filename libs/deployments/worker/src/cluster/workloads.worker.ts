import type { InventoryEntry } from '#deployments/contract';
import { KubernetesApiError, type KubernetesClient, type KubernetesObject, type ResourceType } from '#kubernetes';
import { at, list, text } from './json.ts';
import { JOB, POD, POD_METRICS } from './kinds.ts';
import { podSelector, WORKLOADS } from './pods.ts';

/** Returns the type of an entry, or undefined if the cluster does not serve it. */
export async function typeOf(
  client: KubernetesClient,
  entry: Pick<InventoryEntry, 'group' | 'version' | 'kind'>,
): Promise<ResourceType | undefined> {
  const discovery = await client.discovery({ maxAgeMs: 60_000 });
  return (
    discovery.find(entry.group === '' ? entry.version : `${entry.group}/${entry.version}`, entry.kind) ??
    discovery.preferred(entry.group, entry.kind)
  );
}

/** Returns the present state of an object of an inventory. */
export async function liveObject(
  client: KubernetesClient,
  entry: InventoryEntry,
): Promise<KubernetesObject | undefined> {
  const type = await typeOf(client, entry);
  if (!type) return undefined;
  try {
    return await client.get(type, entry.name, entry.namespace === '' ? undefined : entry.namespace);
  } catch (error) {
    if (!isUnknownType(error)) throw error;
    await client.discovery({ maxAgeMs: 0 }); // its definition and all its objects were deleted in the meantime
    return undefined;
  }
}

/** Returns whether the server no longer serves a kind. */
export const isUnknownType = (error: unknown): boolean =>
  error instanceof KubernetesApiError && error.reason === 'UnknownType';

/** Returns the present state of the inventory's workloads, including jobs that a CronJob created. */
export async function liveWorkloads(
  client: KubernetesClient,
  inventory: readonly InventoryEntry[],
): Promise<readonly KubernetesObject[]> {
  const found = await Promise.all(
    inventory.map(async (entry) => {
      if (entry.kind === 'CronJob') return cronJobs(client, entry);
      if (entry.kind !== 'Pod' && WORKLOADS[entry.kind] !== true) return [];
      const object = await liveObject(client, entry);
      return object ? [object] : [];
    }),
  );
  return found.flat();
}

async function cronJobs(client: KubernetesClient, entry: InventoryEntry): Promise<readonly KubernetesObject[]> {
  const { items } = await client.list(JOB, { namespace: entry.namespace });
  const owned = items.filter(({ metadata }) =>
    list(metadata['ownerReferences']).some(
      (owner) => text(at(owner, 'kind')) === 'CronJob' && text(at(owner, 'name')) === entry.name,
    ),
  );
  return owned.map((job) => ({ ...job, kind: 'Job' }));
}

/** Returns the pods of workloads, sorted by name, and pods that the inventory lists. */
export async function livePods(
  client: KubernetesClient,
  workloads: readonly KubernetesObject[],
): Promise<readonly KubernetesObject[]> {
  const lists = await Promise.all(
    workloads.map((workload) => (workload.kind === 'Pod' ? [workload] : selected(client, POD, workload))),
  );
  const byUid = new Map(lists.flat().map((pod) => [pod.metadata.uid ?? pod.metadata.name, pod]));
  return [...byUid.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

/** Time for the metrics of one workload, including retries. */
const METRICS_MS = 2_000;

/**
 * Returns the PodMetrics of workloads; of pods that were created in the last seconds there are none yet. Undefined if
 * the cluster does not serve them: it has no metrics-server, or that does not respond.
 */
export async function livePodMetrics(
  client: KubernetesClient,
  workloads: readonly KubernetesObject[],
): Promise<readonly KubernetesObject[] | undefined> {
  try {
    const lists = await Promise.all(
      workloads.map(async (workload) => {
        if (workload.kind !== 'Pod') return selected(client, POD_METRICS, workload, METRICS_MS);
        const { name, namespace } = workload.metadata;
        return (await client.get(POD_METRICS, name, namespace, { deadlineMs: METRICS_MS })) ?? [];
      }),
    );
    return lists.flat();
  } catch (error) {
    // An aggregated API whose server does not respond is answered with 503.
    if (isUnknownType(error) || (error instanceof KubernetesApiError && error.status === 503)) return undefined;
    throw error;
  }
}

/** Returns the objects that the selector of a workload matches. */
async function selected(
  client: KubernetesClient,
  type: ResourceType,
  workload: KubernetesObject,
  deadlineMs?: number,
): Promise<readonly KubernetesObject[]> {
  const labelSelector = podSelector(workload);
  const { namespace } = workload.metadata;
  if (labelSelector === undefined || namespace === undefined) return [];
  const options = { namespace, labelSelector, ...(deadlineMs !== undefined && { deadlineMs }) };
  return (await client.list(type, options)).items;
}
