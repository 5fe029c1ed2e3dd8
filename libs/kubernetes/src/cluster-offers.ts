import { KubernetesApiError, type KubernetesClient } from './client.ts';
import { at, text, type KubernetesObject, type ResourceType } from './objects.ts';
import type { ImageWorkload } from './workload.ts';

/** Features of a cluster that affect the objects of an image application. */
export interface ClusterOffers {
  /** Minor version of the API server, such as 34 for `v1.34.2`; 0 if unknown. */
  readonly minor: number;
  /** Whether nodes have zone labels. */
  readonly hasZones: boolean;
  /** PriorityClass for the workload's priority, if the cluster has it. */
  readonly priorityClassName?: string;
  /** The only IngressClass, if none is the default. */
  readonly ingressClassName?: string;
  /** Several IngressClasses, where none is the default: no controller would serve an Ingress that names none. */
  readonly ingressClassNames?: readonly string[];
}

export const ZONE_LABEL = 'topology.kubernetes.io/zone';

const overall = (group: string, kind: string, resource: string): ResourceType => ({
  group,
  version: 'v1',
  kind,
  resource,
  namespaced: false,
  verbs: [],
});
const NODE = overall('', 'Node', 'nodes');
const PRIORITY_CLASS = overall('scheduling.k8s.io', 'PriorityClass', 'priorityclasses');
const INGRESS_CLASS = overall('networking.k8s.io', 'IngressClass', 'ingressclasses');
const DEFAULT_CLASS = 'ingressclass.kubernetes.io/is-default-class';

/** Returns the PriorityClass of a tier's priority. Operators create it to opt in. */
const priorityClassOf = (priority: NonNullable<ImageWorkload['priority']>): string => `astro-${priority}`;

/** Reads from a cluster only what the workload needs. Resources that the platform may not read count as missing. */
export async function clusterOffers(client: KubernetesClient, workload: ImageWorkload): Promise<ClusterOffers> {
  const { rendering, spread, priority, host } = workload;
  const needsClass = rendering !== undefined && host !== undefined && workload.ingressClassName === undefined;
  const [minor, hasZones, priorityClassName, classes] = await Promise.all([
    rendering === undefined ? 0 : client.version().then(minorOf),
    spread === 'hard' && readable(zonesOf(client), false),
    rendering === undefined || priority === undefined ? undefined : readable(priorityOf(client, priority), undefined),
    needsClass ? readable(ingressClassesOf(client), []) : [],
  ]);
  const [only, ...others] = classes;
  return {
    minor,
    hasZones,
    ...(priorityClassName !== undefined && { priorityClassName }),
    ...(only !== undefined && others.length === 0 && { ingressClassName: only }),
    ...(others.length > 0 && { ingressClassNames: classes }),
  };
}

const minorOf = (version: string): number => Number(/^v?1\.(\d+)/.exec(version)?.[1] ?? 0);

async function zonesOf(client: KubernetesClient): Promise<boolean> {
  const { items } = await client.list(NODE, { labelSelector: ZONE_LABEL, most: 1 });
  return items.length > 0;
}

async function priorityOf(
  client: KubernetesClient,
  priority: NonNullable<ImageWorkload['priority']>,
): Promise<string | undefined> {
  const name = priorityClassOf(priority);
  return (await client.get(PRIORITY_CLASS, name)) && name;
}

/** The classes to choose from; none where the server chooses a default one by itself. */
async function ingressClassesOf(client: KubernetesClient): Promise<readonly string[]> {
  const { items } = await client.list(INGRESS_CLASS, { most: 100 });
  const isDefault = (object: KubernetesObject) => text(at(object, 'metadata', 'annotations', DEFAULT_CLASS)) === 'true';
  return items.some(isDefault) ? [] : items.map(({ metadata }) => metadata.name);
}

/** Resolves with the response, or with a fallback if reading is forbidden or the server does not serve the kind. */
async function readable<T>(response: Promise<T>, fallback: T): Promise<T> {
  try {
    return await response;
  } catch (error) {
    if (error instanceof KubernetesApiError && (error.status === 403 || error.status === 404)) return fallback;
    throw error;
  }
}
