import { parseQuantity } from '#kubernetes/quantities';
import type { KubeObject, ObjectKey, StoreReader } from '../store.ts';
import { keyOf, objectAt, objectsAt, textAt, textsAt } from './fields.ts';
import { follow } from './follow.ts';
import { hasEnded } from './pod-state.ts';

/** Converts a quantity to units of 10⁻⁹; 0 if it is not a quantity. */
export const nano = (value: unknown): bigint =>
  typeof value === 'string' || typeof value === 'number' ? (parseQuantity(value)?.nano ?? 0n) : 0n;

export interface Demand {
  readonly cpu: bigint;
  readonly memory: bigint;
}

/**
 * Returns the resources that a pod reserves: the sum of its containers, or its largest init container if that is more.
 */
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

/** Tracks the load of each node and the pending pods, from changes of pods. */
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
    /** Returns the reasons why a pod does not fit on a node, in the scheduler's wording; empty if it fits. */
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
    /** Returns whether a pod requests more than the node's total, so that it would not fit on an empty node either. */
    isTooLarge(node: KubeObject, pod: KubeObject): boolean {
      const room = textsAt(node, 'status', 'allocatable');
      const demand = demandOf(pod);
      return demand.cpu > nano(room['cpu']) || demand.memory > nano(room['memory']);
    },
    /** Returns the pods that have been pending longest, at most `limit`. */
    waiting(store: StoreReader, limit: number): readonly ObjectKey[] {
      follower.catchUp(store);
      return [...waiting.values()].slice(0, limit);
    },
    /** Allocates an unused pod address. The same pod in the same cluster state gets the same address. */
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
