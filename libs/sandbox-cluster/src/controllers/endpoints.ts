import type { Json, JsonObject } from '#kernel';
import type { Change, KubeObject, ObjectKey, StoreReader } from '../store.ts';
import type { Cluster, Controller } from '../controller.ts';
import {
  at,
  defined,
  isDeleting,
  keyOf,
  namespaceOf,
  numberAt,
  objectsAt,
  ownedBy,
  textAt,
  textsAt,
} from './fields.ts';
import { selectorIndex } from './follow.ts';
import { CONTROLLERS } from './managers.ts';
import { hasEnded, isReady } from './pod-state.ts';
import { hasLabels } from './selectors.ts';

const SLICES = 'endpointslices.discovery.k8s.io';
const COMPONENT = 'endpointslice-controller.k8s.io';
const AT_MOST = 1_000; // maximum endpoints in one object, as in the real controllers

/** Updates the Endpoints and EndpointSlice of each Service with a selector from its pods. */
export function endpointsController(): Controller {
  const index = selectorIndex('services', selectorOf);
  return {
    name: 'endpoints',
    watches: [
      { resource: 'services' },
      { resource: 'pods', keys: (change, store) => servicesOf(change, store) },
      {
        resource: SLICES,
        keys: ({ type, object }) =>
          type === 'DELETED' ? named(object, object.metadata.labels?.['kubernetes.io/service-name']) : [],
      },
      {
        resource: 'endpoints',
        keys: ({ type, object }) => (type === 'DELETED' ? named(object, object.metadata.name) : []),
      },
    ],
    reconcile(key, cluster) {
      const service = cluster.store.get(key);
      if (service && !isDeleting(service) && selectorOf(service)) publish(service, cluster);
      else if (!service) cluster.delete({ ...key, resource: 'endpoints' });
      return undefined;
    },
  };

  /**
   * Returns the Services that select the pod, or selected it before. Changes that endpoints do not show are ignored.
   */
  function servicesOf({ object, previous, type }: Change, store: StoreReader): readonly ObjectKey[] {
    if (previous && type === 'MODIFIED' && fingerprint(previous) === fingerprint(object) && previous !== object)
      return [];
    const labels = [object.metadata.labels ?? {}, ...(previous ? [previous.metadata.labels ?? {}] : [])];
    const found = labels.flatMap((each) =>
      index
        .candidates(store, namespaceOf(object), each)
        .filter((service) => hasLabels(each, selectorOf(service) ?? {})),
    );
    return [...new Set(found)].map((service) => keyOf('services', service));
  }
}

const named = (object: KubeObject, name: string | undefined): readonly ObjectKey[] =>
  name === undefined ? [] : [{ resource: 'services', namespace: namespaceOf(object), name }];

const fingerprint = (pod: KubeObject): string =>
  JSON.stringify([pod.metadata.labels, at(pod, 'status', 'podIP'), isReady(pod), isDeleting(pod), hasEnded(pod)]);

function selectorOf(service: KubeObject): { readonly [key: string]: string } | undefined {
  const selector = textsAt(service, 'spec', 'selector');
  return Object.keys(selector).length === 0 || textAt(service, 'spec', 'type') === 'ExternalName'
    ? undefined
    : selector;
}

/** Returns the target port of a Service port on one pod. */
function targetPort(port: JsonObject, pod: KubeObject): number | undefined {
  const target = port['targetPort'] ?? port['port'];
  if (typeof target === 'number') return target;
  const found = objectsAt(pod, 'spec', 'containers')
    .flatMap((container) => objectsAt(container, 'ports'))
    .find(({ name }) => name === target);
  return numberAt(found, 'containerPort');
}

function publish(service: KubeObject, cluster: Cluster): void {
  const namespace = namespaceOf(service);
  const pods = cluster.store
    .list('pods', { namespace, labels: selectorOf(service) ?? {} })
    .filter((pod) => textAt(pod, 'status', 'podIP') !== undefined && !hasEnded(pod))
    .slice(0, AT_MOST);
  const headless = textAt(service, 'spec', 'clusterIP') === 'None' ? { 'service.kubernetes.io/headless': '' } : {};
  const labels = { ...service.metadata.labels, ...headless };
  publishSlice(service, pods, labels, cluster);
  publishEndpoints(service, pods, labels, cluster);
}

const reference = (pod: KubeObject): JsonObject => ({
  kind: 'Pod',
  name: pod.metadata.name,
  namespace: namespaceOf(pod),
  uid: pod.metadata.uid,
});
const trigger = 'endpoints.kubernetes.io/last-change-trigger-time';

function publishSlice(
  service: KubeObject,
  pods: readonly KubeObject[],
  labels: { readonly [key: string]: string },
  cluster: Cluster,
): void {
  const namespace = namespaceOf(service);
  const tolerant = at(service, 'spec', 'publishNotReadyAddresses') === true;
  const endpoints: JsonObject[] = pods.map((pod) => ({
    addresses: [textAt(pod, 'status', 'podIP') ?? ''],
    conditions: {
      ready: tolerant || (isReady(pod) && !isDeleting(pod)),
      serving: isReady(pod),
      terminating: isDeleting(pod),
    },
    nodeName: textAt(pod, 'spec', 'nodeName'),
    targetRef: reference(pod),
  }));
  const first = pods[0];
  const ports: JsonObject[] = first
    ? objectsAt(service, 'spec', 'ports').map((port) =>
        defined({
          name: port['name'] ?? '',
          port: targetPort(port, first),
          protocol: port['protocol'] ?? 'TCP',
          appProtocol: port['appProtocol'],
        }),
      )
    : [];
  const all = {
    ...labels,
    'endpointslice.kubernetes.io/managed-by': COMPONENT,
    'kubernetes.io/service-name': service.metadata.name,
  };
  const known = cluster.store.list(SLICES, { namespace, ownerUid: service.metadata.uid })[0];
  if (known) {
    cluster.update(
      { ...known, metadata: { ...known.metadata, labels: all }, endpoints, ports } as KubeObject,
      CONTROLLERS,
    ); // a KubeObject with additional members
    return;
  }
  const annotations = { [trigger]: cluster.timestamp(Math.max(Date.parse(service.metadata.creationTimestamp), 0)) };
  cluster.create(
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        generateName: `${service.metadata.name}-`,
        namespace,
        labels: all,
        annotations,
        ownerReferences: [ownedBy(service)],
      },
      addressType: 'IPv4',
      endpoints,
      ports,
    },
    CONTROLLERS,
  );
}

function publishEndpoints(
  service: KubeObject,
  pods: readonly KubeObject[],
  labels: { readonly [key: string]: string },
  cluster: Cluster,
): void {
  const namespace = namespaceOf(service);
  const { name } = service.metadata;
  const addresses = (which: readonly KubeObject[]): Json =>
    which.map((pod) => ({
      ip: textAt(pod, 'status', 'podIP'),
      nodeName: textAt(pod, 'spec', 'nodeName'),
      targetRef: reference(pod),
    }));
  const alive = pods.filter((pod) => !isDeleting(pod));
  const [ready, waiting] = [alive.filter(isReady), alive.filter((pod) => !isReady(pod))];
  const first = alive[0];
  const ports: JsonObject[] = first
    ? objectsAt(service, 'spec', 'ports').map((port) =>
        defined({
          name: port['name'],
          port: targetPort(port, first),
          protocol: port['protocol'] ?? 'TCP',
          appProtocol: port['appProtocol'],
        }),
      )
    : [];
  const subsets =
    alive.length === 0
      ? []
      : [
          {
            ...(ready.length > 0 && { addresses: addresses(ready) }),
            ...(waiting.length > 0 && { notReadyAddresses: addresses(waiting) }),
            ...(ports.length > 0 && { ports }),
          },
        ];
  const all = { ...labels, 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' };
  const known = cluster.store.get({ resource: 'endpoints', namespace, name });
  if (known)
    // A KubeObject with additional members.
    cluster.update({ ...known, metadata: { ...known.metadata, labels: all }, subsets } as KubeObject, CONTROLLERS);
  else
    cluster.create(
      {
        apiVersion: 'v1',
        kind: 'Endpoints',
        metadata: { name, namespace, labels: all, annotations: { [trigger]: service.metadata.creationTimestamp } },
        ...(subsets.length > 0 && { subsets }),
      },
      CONTROLLERS,
    );
}
