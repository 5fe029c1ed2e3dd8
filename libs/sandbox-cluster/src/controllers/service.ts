import type { Cluster, Controller, Requeue } from '../controller.ts';
import type { KubeObject } from '../store.ts';
import { at, createdAt, isDeleting, listAt, objectAt, textAt } from './fields.ts';
import { fnv32 } from './hash.ts';
import { CONTROLLERS } from './managers.ts';

const ADDRESS_AFTER_MS = 2_000;

/** Returns an address from a block reserved for documentation (RFC 5737), which is never routed. */
const addressFor = (object: KubeObject): string => `203.0.113.${1 + (fnv32(object.metadata.uid) % 254)}`;

/** Assigns an address to Services of type LoadBalancer, with the delay of a cloud provider. */
export function loadBalancers(): Controller {
  return {
    name: 'service-lb',
    watches: [{ resource: 'services' }],
    reconcile(key, cluster) {
      const service = cluster.store.get(key);
      if (!service || isDeleting(service)) return undefined;
      const wants =
        textAt(service, 'spec', 'type') === 'LoadBalancer' &&
        textAt(service, 'spec', 'loadBalancerClass') === undefined;
      const has = listAt(service, 'status', 'loadBalancer', 'ingress').length > 0;
      if (wants === has) return undefined;
      if (!wants) {
        cluster.updateStatus({ ...service, status: { ...service.status, loadBalancer: {} } }, CONTROLLERS);
        return undefined;
      }
      return give(
        service,
        {
          resource: 'service',
          component: 'service-controller',
          reason: 'EnsuredLoadBalancer',
          message: 'Ensured load balancer (simulated: the address leads nowhere)',
        },
        cluster,
      );
    },
  };
}

/** Assigns an address to Ingresses. An Ingress whose class does not exist gets none. */
export function ingressController(): Controller {
  return {
    name: 'ingress',
    watches: [{ resource: 'ingresses.networking.k8s.io' }],
    reconcile(key, cluster) {
      const ingress = cluster.store.get(key);
      if (!ingress || isDeleting(ingress) || listAt(ingress, 'status', 'loadBalancer', 'ingress').length > 0)
        return undefined;
      const name = textAt(ingress, 'spec', 'ingressClassName');
      const known =
        name === undefined ||
        cluster.store.count('ingressclasses.networking.k8s.io') === 0 ||
        cluster.store.get({ resource: 'ingressclasses.networking.k8s.io', namespace: '', name }) !== undefined;
      return known
        ? give(
            ingress,
            {
              resource: 'ingress',
              component: 'ingress-controller',
              reason: 'Sync',
              message: 'Scheduled for sync (simulated: no traffic reaches it)',
            },
            cluster,
          )
        : undefined;
    },
  };
}

interface Gift {
  readonly resource: 'service' | 'ingress';
  readonly component: string;
  readonly reason: string;
  readonly message: string;
}

function give(
  object: KubeObject,
  { resource, component, reason, message }: Gift,
  cluster: Cluster,
): Requeue | undefined {
  const waitMs = createdAt(object) + ADDRESS_AFTER_MS - cluster.clock.now();
  if (waitMs > 0) return { afterMs: waitMs };
  const ingress = [
    {
      ip: addressFor(object),
      ...(resource === 'service' && { ipMode: at(objectAt(object), 'spec', 'ipMode') ?? 'VIP' }),
    },
  ];
  cluster.updateStatus({ ...object, status: { ...object.status, loadBalancer: { ingress } } }, CONTROLLERS);
  cluster.recordEvent(object, { type: 'Normal', reason, message, component });
  return undefined;
}
