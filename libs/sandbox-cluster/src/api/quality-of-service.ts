import type { Json, JsonObject } from '#kernel';
import { compareQuantities } from '#kubernetes/quantities';
import { isObject } from '../store.ts';

const amounts = (container: Json, kind: string): JsonObject => {
  const resources = isObject(container) ? container['resources'] : undefined;
  const found = isObject(resources) ? resources[kind] : undefined;
  return isObject(found) ? found : {};
};

/** Returns the QoS class of a pod, from its CPU and memory requests and limits. */
export function qosOf(pod: JsonObject): 'BestEffort' | 'Burstable' | 'Guaranteed' {
  const spec = isObject(pod['spec']) ? pod['spec'] : {};
  const containers = ['containers', 'initContainers'].flatMap((field) =>
    Array.isArray(spec[field]) ? (spec[field] as readonly Json[]) : [],
  );
  const has = (container: Json, kind: string, name: string) =>
    compareQuantities(String(amounts(container, kind)[name] ?? '0'), '0') === 1;
  if (
    !containers.some((container) =>
      ['cpu', 'memory'].some((name) => has(container, 'requests', name) || has(container, 'limits', name)),
    )
  )
    return 'BestEffort';
  const full = containers.every((container) =>
    ['cpu', 'memory'].every((name) => {
      const [request, limit] = [amounts(container, 'requests')[name], amounts(container, 'limits')[name]];
      return limit !== undefined && compareQuantities(String(request ?? limit), String(limit)) === 0;
    }),
  );
  return full ? 'Guaranteed' : 'Burstable';
}
