import { parseQuantity } from '#kubernetes/schemas';
import type { KubeObject, ObjectKey, StoreReader } from '../store.ts';
import { keyOf, objectAt, objectsAt, textAt, textsAt } from './fields.ts';
import { follow } from './follow.ts';
import { hasEnded } from './pod-state.ts';

/** Thousand-millionths of a quantity; 0 for what is none. */
export const nano = (value: unknown): bigint =>
  typeof value === 'string' || typeof value === 'number' ? (parseQuantity(value)?.nano ?? 0n) : 0n;

export interface Demand {
  readonly cpu: bigint;
  readonly memory: bigint;
}

/** What a pod reserves: the sum of its containers, or the largest init container when that is more. */
export function demandOf(pod: KubeObject, kind: 'requests' | 'limits' = 'requests'): Demand {
  const spec = objectAt(pod, 'spec');
  const of = (resource: 'cpu' | 'memory'): bigint => {
    const each = (field: string) =>
      objectsAt(spec, field).map((container) => nano(objectAt(container, 'resources', kind)[resource]));
    const together = each('containers').reduce((sum, value) => sum + value, 0n);
    return (
      each('initContainers').reduce((most, value) => (value > most ? value : most), together) +
      nano(objectAt(spec, 'overhead')[resource])
    );
  };
  return { cpu: of('cpu'), memory: of('memory') };
}

interface Load {
  pods: number;
  cpu: bigint;
  memory: bigint;
}

/** What runs on each node and who waits for a place, kept in step with the pods without reading them all again. */
export function nodeLoads() {
  const loads = new Map<string, Load>();
  const addresses = new Set<string>();
  const waiting = new Map<string, ObjectKey>();
  const follower = follow('pods', {
    reset() {
      loads.clear();
      addresses.clear();
      waiting.clear();
    },
    move(previous, next) {
      if (previous) count(previous, -1);
      if (next) count(next, 1);
    },
  });

  function count(pod: KubeObject, sign: 1 | -1): void {
    const node = textAt(pod, 'spec', 'nodeName');
    const address = textAt(pod, 'status', 'podIP');
    if (address !== undefined) addresses[sign > 0 ? 'add' : 'delete'](address);
    if (node === undefined) {
      if (sign > 0) waiting.set(pod.metadata.uid, keyOf('pods', pod));
      else waiting.delete(pod.metadata.uid);
    } else if (!hasEnded(pod)) {
      const load = loads.get(node) ?? { pods: 0, cpu: 0n, memory: 0n };
      const demand = demandOf(pod);
      loads.set(node, {
        pods: load.pods + sign,
        cpu: load.cpu + BigInt(sign) * demand.cpu,
        memory: load.memory + BigInt(sign) * demand.memory,
      });
    }
  }

  return {
    /** Why the node cannot take the pod, in a scheduler's words; empty when it can. */
    shortages(node: KubeObject, pod: KubeObject, store: StoreReader): readonly string[] {
      follower.catchUp(store);
      const load = loads.get(node.metadata.name) ?? { pods: 0, cpu: 0n, memory: 0n };
      const room = textsAt(node, 'status', 'allocatable');
      const demand = demandOf(pod);
      return [
        ...(BigInt(load.pods + 1) * 1_000_000_000n > nano(room['pods']) ? ['Too many pods'] : []),
        ...(demand.cpu > 0n && load.cpu + demand.cpu > nano(room['cpu']) ? ['Insufficient cpu'] : []),
        ...(demand.memory > 0n && load.memory + demand.memory > nano(room['memory']) ? ['Insufficient memory'] : []),
      ];
    },
    /** Whether the pod asks for more than the whole node has, so that no other pod's end would help. */
    isTooLarge(node: KubeObject, pod: KubeObject): boolean {
      const room = textsAt(node, 'status', 'allocatable');
      const demand = demandOf(pod);
      return demand.cpu > nano(room['cpu']) || demand.memory > nano(room['memory']);
    },
    /** The pods that have waited longest for a place, at most `limit`. */
    waiting(store: StoreReader, limit: number): readonly ObjectKey[] {
      follower.catchUp(store);
      return [...waiting.values()].slice(0, limit);
    },
    /** An address no other pod has, the same for the same pod in the same cluster. */
    address(seed: number, store: StoreReader): string {
      follower.catchUp(store);
      for (let offset = 0; ; offset += 1) {
        const place = 2 + ((seed + offset) % 65_000);
        const address = `10.244.${place >> 8}.${place & 255}`;
        if (!addresses.has(address)) return address;
      }
    },
  };
}

export type NodeLoads = ReturnType<typeof nodeLoads>;
