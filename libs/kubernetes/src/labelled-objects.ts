import type { Discovery, KubernetesClient } from './client.ts';
import { inParallel } from './in-parallel.ts';
import { keyOf, keyText, type KubernetesObject } from './objects.ts';
import { APPLICATION_LABEL } from './ownership.ts';

/** From this many objects of one kind and namespace, one list is less work for the server than their reads. */
const LISTED_FROM = 4;

interface LabelledObjects {
  readonly objects: readonly KubernetesObject[];
  readonly discovery: Discovery;
  readonly applicationId: string;
  readonly concurrency: number;
  readonly call: { readonly signal?: AbortSignal };
}

/** Objects of one kind and namespace. */
interface Group {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string | undefined;
  count: number;
}

/**
 * Reads live objects of an application by its label, with one list per kind and namespace where several are wanted.
 *
 * @returns objects by `keyText`. An object that is missing may still exist: without the label, of a kind that was not
 *   listed, or of one whose list failed
 */
export async function labelledObjects(
  client: KubernetesClient,
  { objects, discovery, applicationId, concurrency, call }: LabelledObjects,
): Promise<ReadonlyMap<string, KubernetesObject>> {
  const groups = new Map<string, Group>();
  for (const { apiVersion, kind, metadata } of objects) {
    const name = JSON.stringify([apiVersion, kind, metadata.namespace]);
    const group = groups.get(name) ?? { apiVersion, kind, namespace: metadata.namespace, count: 0 };
    groups.set(name, group);
    group.count += 1;
  }
  const wanted = [...groups.values()].filter(({ count }) => count >= LISTED_FROM);
  const listed = await inParallel(wanted, concurrency, async ({ apiVersion, kind, namespace }) => {
    const type = discovery.find(apiVersion, kind);
    if (!type) return [];
    const labelSelector = `${APPLICATION_LABEL}=${applicationId}`;
    const options = { ...(namespace !== undefined && { namespace }), labelSelector, ...call };
    // Without the right to list, the objects are read one by one.
    const { items } = await client.list(type, options).catch(() => ({ items: [] }));
    return items.map((item): KubernetesObject => ({ ...item, apiVersion, kind }));
  });
  return new Map(listed.flat().map((object) => [keyText(keyOf(object)), object]));
}
