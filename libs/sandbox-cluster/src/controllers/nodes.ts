import type { JsonObject } from '#kernel';
import { GIT_VERSION } from '../api/discovery.ts';
import type { Cluster } from '../controller.ts';
import type { KubeObject } from '../store.ts';
import { at, objectAt, objectsAt, textAt, textsAt } from './fields.ts';
import { SIMULATED } from './managers.ts';
import { hasLabels, selects } from './selectors.ts';

const CAPACITY = { cpu: '8', memory: '32Gi', pods: '250', 'ephemeral-storage': '100Gi' };
const PREFIX = 'sandbox-node-';

const nameOf = (number: number): string => `${PREFIX}${number}`;

/** Returns whether the sandbox simulates the kubelet of a node. It does so only for nodes that it created. */
export const isOwnNode = (name: string | undefined): boolean => name?.startsWith(PREFIX) === true;

/** Returns the existing nodes by number. The first one is filled first. */
export const nodesOf = (cluster: Cluster): readonly KubeObject[] =>
  cluster.store
    .list('nodes')
    .toSorted((left, right) => numberOf(left) - numberOf(right) || (left.metadata.name < right.metadata.name ? -1 : 1));

const numberOf = ({ metadata: { name } }: KubeObject): number =>
  isOwnNode(name) ? Number(name.slice(PREFIX.length)) : Number.MAX_SAFE_INTEGER;

/**
 * Creates the node with the given number, ready, unless it exists.
 * @returns undefined if it cannot be created
 */
export function makeNode(cluster: Cluster, number: number): KubeObject | undefined {
  const name = nameOf(number);
  const there = cluster.store.get({ resource: 'nodes', namespace: '', name });
  if (there?.status?.['capacity'] !== undefined) return there;
  const made = there ?? valueOf(cluster.create(nodeObject(name), 'sandbox'));
  if (!made) return undefined;
  const ready = valueOf(cluster.updateStatus({ ...made, status: statusOf(name, cluster.timestamp()) }, 'sandbox'));
  return ready && valueOf(cluster.update({ ...ready, spec: {} }, 'sandbox')); // removes the taint, as the node is ready
}

/** Returns the lowest unused node number, if the sandbox has created fewer than `most` nodes. */
export function nextNode(nodes: readonly KubeObject[], most: number): number | undefined {
  const taken = new Set(nodes.map(({ metadata }) => metadata.name).filter(isOwnNode));
  if (taken.size >= most) return undefined;
  for (let number = 0; ; number += 1) if (!taken.has(nameOf(number))) return number;
}

const valueOf = (answer: ReturnType<Cluster['create']>): KubeObject | undefined =>
  answer.ok ? answer.value : undefined;

const nodeObject = (name: string): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name,
    labels: {
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
      'kubernetes.io/hostname': name,
      'topology.kubernetes.io/zone': 'local',
    },
  },
  spec: {},
});

const statusOf = (name: string, now: string): JsonObject => ({
  addresses: [
    { type: 'InternalIP', address: '127.0.0.1' },
    { type: 'Hostname', address: name },
  ],
  capacity: CAPACITY,
  allocatable: CAPACITY,
  conditions: [
    {
      type: 'Ready',
      status: 'True',
      reason: 'KubeletReady',
      message: SIMULATED,
      lastHeartbeatTime: now,
      lastTransitionTime: now,
    },
  ],
  nodeInfo: {
    kubeletVersion: GIT_VERSION,
    osImage: 'Astro sandbox',
    kernelVersion: 'none',
    containerRuntimeVersion: 'sandbox://none',
    architecture: 'amd64',
    operatingSystem: 'linux',
    machineID: '',
    systemUUID: '',
    bootID: '',
    kubeProxyVersion: '',
  },
});

/** Returns whether a pod's node selector and required node affinity match a node. */
export function mayRunOn(node: KubeObject, spec: JsonObject): boolean {
  const labels = node.metadata.labels ?? {};
  const required = objectAt(spec, 'affinity', 'nodeAffinity', 'requiredDuringSchedulingIgnoredDuringExecution');
  const terms = objectsAt(required, 'nodeSelectorTerms');
  const names = (term: JsonObject): boolean =>
    objectsAt(term, 'matchFields').every((field) => {
      const isNamed = (Array.isArray(field['values']) ? field['values'] : []).includes(node.metadata.name);
      return textAt(field, 'operator') === 'NotIn' ? !isNamed : isNamed;
    });
  return (
    hasLabels(labels, textsAt(spec, 'nodeSelector')) &&
    (terms.length === 0 || terms.some((term) => names(term) && selects(term, labels)))
  );
}

export const isUnschedulable = (node: KubeObject): boolean => at(node, 'spec', 'unschedulable') === true;
