import type { OutputOf } from '#bus/contract';
import type { applicationTopRequest, PodUse, ResourcesUse } from '#deployments/contract';
import { milliOf, type KubernetesObject } from '#kubernetes';
import { at, list, record, text } from '../cluster/json.ts';

type Use = OutputOf<typeof applicationTopRequest>;
type Amount = ResourcesUse['cpu'];
type Resource = keyof ResourcesUse;

/**
 * Returns what pods use, next to their requests and limits. Pods that have ended are left out, and init containers too
 * if they end before the others start.
 *
 * @param metrics PodMetrics of the same pods, in any order
 */
export function podsUse(pods: readonly KubernetesObject[], metrics: readonly KubernetesObject[]): Use {
  const measured = new Map(metrics.map((item) => [placeOf(item), item]));
  const items = pods.filter(isRunning).map((pod) => podUse(pod, measured.get(placeOf(pod))));
  return {
    items,
    total: { cpu: sumOf(items.map(({ cpu }) => cpu)), memory: sumOf(items.map(({ memory }) => memory)) },
  };
}

const placeOf = ({ metadata }: KubernetesObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

const isRunning = (pod: KubernetesObject): boolean => {
  const phase = at(pod, 'status', 'phase');
  return phase !== 'Succeeded' && phase !== 'Failed';
};

function podUse(pod: KubernetesObject, metrics: KubernetesObject | undefined): PodUse {
  const usage = new Map(
    list(metrics?.['containers']).map((container) => [text(at(container, 'name')), at(container, 'usage')]),
  );
  const containers = longRunning(pod).map((container) => {
    const name = text(at(container, 'name')) ?? '';
    const of = (resource: Resource): Amount => ({
      used: amountOf(resource, at(usage.get(name), resource)),
      ...declared(container, resource),
    });
    return { name, cpu: of('cpu'), memory: of('memory') };
  });
  const total = (resource: Resource): Amount => {
    const sum = sumOf(containers.map((container) => container[resource]));
    const own = declared(pod['spec'], resource); // limits of the whole pod, which take precedence
    return { used: sum.used, request: own.request ?? sum.request, limit: own.limit ?? sum.limit };
  };
  const { name, namespace = '' } = pod.metadata;
  return { name, namespace, cpu: total('cpu'), memory: total('memory'), containers };
}

/** Returns the containers that run as long as their pod, including sidecars, which are init containers. */
const longRunning = (pod: KubernetesObject): readonly unknown[] => [
  ...list(at(pod, 'spec', 'initContainers')).filter((container) => at(container, 'restartPolicy') === 'Always'),
  ...list(at(pod, 'spec', 'containers')),
];

function declared(owner: unknown, resource: Resource): Pick<Amount, 'request' | 'limit'> {
  const { requests, limits } = record(at(owner, 'resources'));
  return { request: amountOf(resource, at(requests, resource)), limit: amountOf(resource, at(limits, resource)) };
}

/** Returns an amount in thousandths of a core, or in bytes. Null if there is none, or if it is not a quantity. */
function amountOf(resource: Resource, quantity: unknown): number | null {
  if (typeof quantity !== 'string' && typeof quantity !== 'number') return null;
  const milli = milliOf(quantity);
  if (milli === undefined) return null;
  return Number(resource === 'cpu' ? milli : (milli + 999n) / 1_000n);
}

/**
 * Returns the sum of amounts. What was not measured or requested does not count; the sum is limited only if each part
 * is.
 */
function sumOf(amounts: readonly Amount[]): Amount {
  const sum = (of: (amount: Amount) => number | null): number | null => {
    const known = amounts.flatMap((amount) => of(amount) ?? []);
    return known.length === 0 ? null : known.reduce((total, each) => total + each, 0);
  };
  return {
    used: sum(({ used }) => used),
    request: sum(({ request }) => request),
    limit: amounts.some(({ limit }) => limit === null) ? null : sum(({ limit }) => limit),
  };
}
