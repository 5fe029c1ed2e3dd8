import type { OutputOf } from '#bus/contract';
import type { applicationResourcesRequest, ApplicationStatusView, Health } from '#deployments/contract';

export type Resource = OutputOf<typeof applicationResourcesRequest>['items'][number];
export type Pod = ApplicationStatusView['pods'][number];

/** A node of an application's tree: the application, an object, a pod, or several objects of one kind. */
export interface TreeNode {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly health: Health;
  /** Set for objects: whether they match what was applied. */
  readonly sync?: Resource['sync'];
  readonly message?: string;
  /** Set for a node that stands for several: how many. */
  readonly folded?: number;
  readonly children: readonly TreeNode[];
}

/** Number of nodes of a kind below one parent, above which they are one node. */
const FOLD_ABOVE = 5;

/** Kinds that create pods, whose names begin with the name of the object. */
const WORKLOADS = ['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob', 'ReplicaSet', 'ReplicationController'];
/** From worst to best. */
const ORDER: readonly Health[] = [
  'Degraded',
  'Missing',
  'Unknown',
  'Terminating',
  'Progressing',
  'Suspended',
  'Healthy',
];

/** Returns the worst health; `Unknown` if there is none. */
export const worstOf = (healths: readonly Health[]): Health =>
  ORDER.find((health) => healths.includes(health)) ?? 'Unknown';

/** Returns the health of a pod, as its state and ready containers show it. */
export function podHealth({ state, ready, failing }: Pick<Pod, 'state' | 'ready' | 'failing'>): Health {
  if (failing) return 'Degraded';
  if (state === 'Completed' || state === 'Succeeded') return 'Healthy';
  if (state === 'Terminating') return 'Terminating';
  const [count, all] = ready.split('/');
  return state === 'Running' && count === all ? 'Healthy' : 'Progressing';
}

/**
 * Returns an application with its objects and their pods. A pod belongs to the workload with the longest name that
 * begins its own, as Kubernetes names pods; a pod of none, such as one that an operator creates, to the object whose
 * name begins its own, or else to the application.
 *
 * @param unfolded kinds of which all nodes are shown
 */
export function resourceTree(
  application: { readonly name: string; readonly health: Health },
  resources: readonly Resource[],
  pods: readonly Pod[],
  unfolded: ReadonlySet<string> = new Set(),
): TreeNode {
  const ownerOf = new Map(pods.map((pod) => [pod, owner(pod.name, resources)]));
  const podsOf = (of: Resource | undefined) =>
    pods.filter((pod) => ownerOf.get(pod) === of).map((pod): TreeNode => podNode(pod));
  const objects = resources.map((resource): TreeNode => {
    const { kind, namespace, name, health, sync, message } = resource;
    return {
      id: `${kind}/${namespace ?? ''}/${name}`,
      kind,
      name,
      health,
      sync,
      ...(message !== null && { message }),
      children: fold(`${kind}/${name}`, podsOf(resource), unfolded),
    };
  });
  return {
    id: 'application',
    kind: 'Application',
    name: application.name,
    health: application.health,
    children: [...fold('', objects, unfolded), ...fold('', podsOf(undefined), unfolded)],
  };
}

function podNode(pod: Pod): TreeNode {
  const restarts = pod.restarts === 0 ? '' : `, ${pod.restarts} restart${pod.restarts === 1 ? '' : 's'}`;
  return {
    id: `Pod/${pod.name}`,
    kind: 'Pod',
    name: pod.name,
    health: podHealth(pod),
    message: `${pod.state}, ${pod.ready} ready${restarts}`,
    children: [],
  };
}

function owner(pod: string, resources: readonly Resource[]): Resource | undefined {
  const candidates = resources.filter(({ name }) => pod === name || pod.startsWith(`${name}-`));
  const workloads = candidates.filter(({ kind }) => WORKLOADS.includes(kind));
  const custom = candidates.filter(({ kind }) => !PASSIVE.includes(kind));
  return [...(workloads.length > 0 ? workloads : custom)].sort((a, b) => b.name.length - a.name.length)[0];
}

/** Kinds that never create pods. */
const PASSIVE = [
  'ConfigMap',
  'Secret',
  'Service',
  'ServiceAccount',
  'Ingress',
  'PodDisruptionBudget',
  'HorizontalPodAutoscaler',
  'NetworkPolicy',
  'PersistentVolumeClaim',
  'Role',
  'RoleBinding',
  'ClusterRole',
  'ClusterRoleBinding',
  'Namespace',
  'CustomResourceDefinition',
];

/** Replaces nodes of a kind by one node if they are more than five. Their children are counted by their health. */
function fold(parent: string, nodes: readonly TreeNode[], unfolded: ReadonlySet<string>): readonly TreeNode[] {
  return [...Map.groupBy(nodes, ({ kind }) => kind)].flatMap(([kind, members]): readonly TreeNode[] =>
    members.length <= FOLD_ABOVE || unfolded.has(kind)
      ? members
      : [
          {
            id: `${parent}:${kind}`,
            kind,
            name: `${members.length} objects`,
            health: worstOf(members.map(({ health }) => health)),
            message: healthCounts(members),
            folded: members.length,
            children: [],
          },
        ],
  );
}

/** Returns how many nodes have each health, such as `11 Healthy, 1 Degraded`. */
function healthCounts(nodes: readonly TreeNode[]): string {
  const counts = Map.groupBy(nodes, ({ health }) => health);
  return [...counts].map(([health, members]) => `${members.length} ${health}`).join(', ');
}

/** Returns the kinds of which there are more than five below one parent. */
export function foldableKinds(resources: readonly Resource[], pods: readonly Pod[]): readonly string[] {
  const all = resourceTree({ name: '', health: 'Unknown' }, resources, pods);
  const found = (node: TreeNode): readonly string[] => [
    ...(node.folded === undefined ? [] : [node.kind]),
    ...node.children.flatMap(found),
  ];
  return [...new Set(found(all))];
}
