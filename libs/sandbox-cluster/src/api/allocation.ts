import type { Json, JsonObject } from '#kernel';
import type { ResourceData } from '#kubernetes/schemas';
import { follow } from '../controllers/follow.ts';
import { isObject, type KubeObject, type StoreReader } from '../store.ts';
import { ruleKind } from './names.ts';

const FIRST_PORT = 30_000;
const PORTS = 2_768;
/** Number of addresses, 10.96.0.10 to 10.96.255.250. Lower addresses are reserved for the cluster's own services. */
const ADDRESSES = 65_000;

const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : []);
const trees = (value: Json | undefined): readonly JsonObject[] =>
  list(value).filter((item): item is JsonObject => isObject(item));

/**
 * Allocates the cluster IP and node ports of a Service; no field manager owns them. An existing Service keeps its own,
 * and loses those that its new type does not use.
 */
export function allocate(
  use: ServiceUse,
  store: StoreReader,
  resource: ResourceData,
  object: JsonObject,
  live?: KubeObject,
): JsonObject {
  if (ruleKind(resource) !== 'Service' || !isObject(object['spec'])) return object;
  const { spec } = object;
  const held: JsonObject = live?.spec ?? {};
  if (spec['type'] === 'ExternalName') {
    const {
      clusterIP: _ip,
      clusterIPs: _ips,
      ipFamilies: _families,
      ipFamilyPolicy: _policy,
      internalTrafficPolicy: _traffic,
      ...rest
    } = spec;
    return { ...object, spec: live ? rest : spec };
  }
  const heldAddress = held['type'] === 'ExternalName' ? undefined : held['clusterIP'];
  const given = spec['clusterIP'] ?? list(spec['clusterIPs'])[0];
  const address = given ?? heldAddress ?? use.freeAddress(store);
  const isOutside =
    spec['type'] === 'NodePort' || (spec['type'] === 'LoadBalancer' && spec['allocateLoadBalancerNodePorts'] !== false);
  return {
    ...object,
    spec: {
      ...spec,
      clusterIP: address,
      clusterIPs: spec['clusterIPs'] ?? (given === undefined ? held['clusterIPs'] : undefined) ?? [address],
      ipFamilies: spec['ipFamilies'] ?? held['ipFamilies'] ?? ['IPv4'],
      ipFamilyPolicy: spec['ipFamilyPolicy'] ?? held['ipFamilyPolicy'] ?? 'SingleStack',
      ...(spec['ports'] !== undefined && {
        ports: isOutside
          ? withNodePorts(use, store, trees(spec['ports']), trees(held['ports']))
          : withoutNodePorts(spec, held),
      }),
      ...(spec['type'] === 'LoadBalancer' &&
        spec['externalTrafficPolicy'] === 'Local' && {
          healthCheckNodePort:
            spec['healthCheckNodePort'] ?? held['healthCheckNodePort'] ?? use.freePorts(store, 1)[0] ?? FIRST_PORT,
        }),
    },
  };
}

/** Removes the node ports of a Service that is no longer exposed outside of the cluster. */
function withoutNodePorts(spec: JsonObject, held: JsonObject): readonly Json[] {
  const wasOutside = held['type'] === 'NodePort' || held['type'] === 'LoadBalancer';
  return wasOutside ? trees(spec['ports']).map(({ nodePort: _port, ...port }) => port) : list(spec['ports']);
}

function withNodePorts(
  use: ServiceUse,
  store: StoreReader,
  ports: readonly JsonObject[],
  held: readonly JsonObject[],
): readonly JsonObject[] {
  const before = (port: JsonObject) =>
    held.find(
      (other) => other['port'] === port['port'] && (other['protocol'] ?? 'TCP') === (port['protocol'] ?? 'TCP'),
    )?.['nodePort'];
  const free = use.freePorts(store, ports.length);
  return ports.map((port, index) => ({
    ...port,
    nodePort: port['nodePort'] ?? before(port) ?? free[index] ?? FIRST_PORT,
  }));
}

/** Tracks the addresses and ports that the Services of one store use. */
export function serviceUse() {
  const held = new Map<Json, number>();
  const count = (value: Json | undefined, by: 1 | -1): void => {
    if (value === undefined) return;
    const times = (held.get(value) ?? 0) + by;
    if (times > 0) held.set(value, times);
    else held.delete(value);
  };
  const countAll = ({ spec }: KubeObject, by: 1 | -1): void => {
    count(spec?.['clusterIP'], by);
    for (const port of trees(spec?.['ports'])) count(port['nodePort'], by);
  };
  const follower = follow('services', {
    reset: () => held.clear(),
    move(previous, next) {
      if (previous) countAll(previous, -1);
      if (next) countAll(next, 1);
    },
  });
  return {
    freeAddress(store: StoreReader): string {
      follower.catchUp(store);
      for (let step = 0; step < ADDRESSES; step++) {
        const number = 10 + ((store.revision + step) % ADDRESSES);
        const address = `10.96.${number >> 8}.${number & 255}`;
        if (!held.has(address)) return address;
      }
      return '10.96.255.254';
    },
    freePorts(store: StoreReader, most: number): number[] {
      follower.catchUp(store);
      const free: number[] = [];
      for (let step = 0; step < PORTS && free.length < most; step++) {
        const port = FIRST_PORT + ((store.revision + step) % PORTS);
        if (!held.has(port)) free.push(port);
      }
      return free;
    },
  };
}

export type ServiceUse = ReturnType<typeof serviceUse>;
