import { formatQuantity, parseQuantity } from '#kubernetes/quantities';
import type { JsonObject } from '#kernel';
import type { Change, KubeObject, ObjectKey, StoreReader } from '../store.ts';
import type { Controller } from '../controller.ts';
import { isDeleting, keyOf, namespaceOf, objectAt, objectsAt, textAt, textsAt } from './fields.ts';
import { follow } from './follow.ts';
import { CONTROLLERS } from './managers.ts';
import { demandOf, nano } from './node-load.ts';
import { hasEnded } from './pod-state.ts';

const QUOTAS = 'resourcequotas';
const ONE = 1_000_000_000n;
/** Resources that a quota may count by name, in addition to `count/…`. */
const COUNTED: { readonly [name: string]: string } = {
  pods: 'pods',
  services: 'services',
  secrets: 'secrets',
  configmaps: 'configmaps',
  replicationcontrollers: 'replicationcontrollers',
  resourcequotas: QUOTAS,
  persistentvolumeclaims: 'persistentvolumeclaims',
};

type Usage = { [name: string]: bigint };

/** Returns the usage of one object by the names in quotas, in units of 10⁻⁹. */
function costOf(resource: string, object: KubeObject): { readonly [name: string]: bigint } {
  if (resource === 'pods') {
    if (hasEnded(object)) return {};
    const [requests, limits] = [demandOf(object), demandOf(object, 'limits')];
    return {
      pods: ONE,
      cpu: requests.cpu,
      memory: requests.memory,
      'requests.cpu': requests.cpu,
      'requests.memory': requests.memory,
      'limits.cpu': limits.cpu,
      'limits.memory': limits.memory,
    };
  }
  if (resource === 'services') {
    const type = textAt(object, 'spec', 'type');
    const ports = BigInt(objectsAt(object, 'spec', 'ports').length);
    return {
      services: ONE,
      ...(type === 'LoadBalancer' && { 'services.loadbalancers': ONE }),
      ...((type === 'NodePort' || type === 'LoadBalancer') && { 'services.nodeports': ports * ONE }),
    };
  }
  if (resource === 'persistentvolumeclaims')
    return {
      persistentvolumeclaims: ONE,
      'requests.storage': nano(objectAt(object, 'spec', 'resources', 'requests')['storage']),
    };
  return {};
}

/** Tracks the usage of pods, Services, and claims by namespace. Other kinds are only counted, which the store does. */
function usage() {
  const sums = new Map<string, Usage>();
  const followers = ['pods', 'services', 'persistentvolumeclaims'].map((resource) => {
    const mine = new Map<string, Usage>();
    const add = (object: KubeObject, sign: bigint): void => {
      for (const [name, amount] of Object.entries(costOf(resource, object))) {
        const [total, part] = [sums.get(namespaceOf(object)) ?? {}, mine.get(namespaceOf(object)) ?? {}];
        total[name] = (total[name] ?? 0n) + sign * amount;
        part[name] = (part[name] ?? 0n) + sign * amount;
        sums.set(namespaceOf(object), total);
        mine.set(namespaceOf(object), part);
      }
    };
    return follow(resource, {
      reset() {
        for (const [namespace, part] of mine)
          for (const [name, amount] of Object.entries(part))
            (sums.get(namespace) ?? {})[name] = (sums.get(namespace)?.[name] ?? 0n) - amount;
        mine.clear();
      },
      move(previous, next) {
        if (previous) add(previous, -1n);
        if (next) add(next, 1n);
      },
    });
  });
  return (store: StoreReader, namespace: string, name: string): bigint => {
    for (const follower of followers) follower.catchUp(store);
    const counted = name.startsWith('count/') ? name.slice('count/'.length) : COUNTED[name];
    return (
      sums.get(namespace)?.[name] ??
      (counted === undefined || counted === 'pods' ? 0n : BigInt(store.count(counted, namespace)) * ONE)
    );
  };
}

/** Formats an amount as the server does, in the format of the quota's limit. */
function written(amount: bigint, like: string): string {
  return formatQuantity({ nano: amount, format: parseQuantity(like)?.format ?? 'decimal' });
}

/** Updates the usage in the status of each quota. */
export function quotaController(): Controller {
  const used = usage();
  const wake = (change: Change, store: StoreReader): readonly ObjectKey[] =>
    change.key.namespace !== '' && store.count(QUOTAS, change.key.namespace) > 0
      ? store.list(QUOTAS, { namespace: change.key.namespace }).map((quota) => keyOf(QUOTAS, quota))
      : [];
  return {
    name: 'resource-quota',
    watches: [
      { resource: QUOTAS },
      ...[
        'pods',
        'services',
        'secrets',
        'configmaps',
        'persistentvolumeclaims',
        'deployments.apps',
        'jobs.batch',
        'cronjobs.batch',
        'statefulsets.apps',
      ].map((resource) => ({
        resource,
        keys: wake,
      })),
    ],
    reconcile(key, cluster) {
      const quota = cluster.store.get(key);
      if (!quota || isDeleting(quota)) return undefined;
      const hard = textsAt(quota, 'spec', 'hard');
      const amounts: JsonObject = Object.fromEntries(
        Object.entries(hard).map(([name, limit]) => [name, written(used(cluster.store, key.namespace, name), limit)]),
      );
      cluster.updateStatus({ ...quota, status: { hard, used: amounts } }, CONTROLLERS);
      return undefined;
    },
  };
}

/**
 * Checks new objects against the quotas of their namespace, with the current usage. Used by admission.
 * @returns the server's message: `exceeded quota: …` or `failed quota: … must specify …`
 */
export function quotaAdmission(): (resource: string, object: KubeObject, store: StoreReader) => string | undefined {
  const used = usage();
  return (resource, object, store) => {
    const namespace = namespaceOf(object);
    if (store.count(QUOTAS, namespace) === 0) return undefined;
    const cost: { readonly [name: string]: bigint } = {
      [`count/${resource}`]: ONE,
      ...(COUNTED[resource] !== undefined && { [resource]: ONE }),
      ...costOf(resource, object),
    };
    for (const quota of store.list(QUOTAS, { namespace })) {
      const hard = textsAt(quota, 'spec', 'hard');
      const missing = resource === 'pods' ? unspecified(object, Object.keys(hard)) : [];
      if (missing.length > 0) return `failed quota: ${quota.metadata.name}: must specify ${missing.join('; ')}`;
      const over = Object.keys(hard)
        .sort()
        .filter(
          (name) => (cost[name] ?? 0n) > 0n && used(store, namespace, name) + (cost[name] ?? 0n) > nano(hard[name]),
        );
      if (over.length === 0) continue;
      const say = (amount: (name: string) => string): string => over.map((name) => `${name}=${amount(name)}`).join(',');
      return `exceeded quota: ${quota.metadata.name}, requested: ${say((name) => written(cost[name] ?? 0n, hard[name] ?? ''))}, used: ${say((name) => written(used(store, namespace, name), hard[name] ?? ''))}, limited: ${say((name) => hard[name] ?? '')}`;
    }
    return undefined;
  };
}

/** Returns the compute resources that a quota requires every container to specify but that a pod lacks. */
function unspecified(pod: KubeObject, names: readonly string[]): readonly string[] {
  return names
    .filter((name) => /^((requests|limits)\.)?(cpu|memory)$/.test(name))
    .sort()
    .flatMap((name) => {
      const [kind, resource] = name.includes('.') ? name.split('.') : ['requests', name];
      const without = objectsAt(pod, 'spec', 'containers').filter(
        (container) => objectAt(container, 'resources', kind ?? '')[resource ?? ''] === undefined,
      );
      return without.length === 0
        ? []
        : [`${name} for: ${without.map((container) => textAt(container, 'name')).join(',')}`];
    });
}
