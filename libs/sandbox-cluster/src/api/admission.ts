import { err, ok, type Json, type JsonObject, type Result } from '#kernel';
import { compareQuantities } from '#kubernetes/quantities';
import type { ResourceData } from '#kubernetes/schemas';
import type { ApiStatus } from '../controller.ts';
import { isObject, type KubeObject, type StoreReader } from '../store.ts';
import { failure, forbidden, groupResource } from './status.ts';
import { ruleKind } from './names.ts';

type List = readonly Json[];
const list = (value: Json | undefined): List => (Array.isArray(value) ? (value as List) : []);
const tree = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

const TOLERATIONS = ['not-ready', 'unreachable'].map((key) => ({
  effect: 'NoExecute',
  key: `node.kubernetes.io/${key}`,
  operator: 'Exists',
  tolerationSeconds: 300,
}));
/** Taint of a new node, which keeps pods away until the node reports that it is ready. */
const NOT_READY = { effect: 'NoSchedule', key: 'node.kubernetes.io/not-ready' };
/** Returns the server's message about the quota that an object would exceed; undefined if it exceeds none. */
export type QuotaCheck = (resource: string, object: KubeObject, store: StoreReader) => string | undefined;

/** Refuses new objects in a namespace that is missing or being deleted. */
export function admitNamespace(
  store: StoreReader,
  resource: ResourceData,
  namespace: string,
  name: string,
): ApiStatus | undefined {
  if (!resource.namespaced) return undefined;
  const space = store.get({ resource: 'namespaces', namespace: '', name: namespace });
  if (!space)
    return failure(404, 'NotFound', `namespaces "${namespace}" not found`, { name: namespace, kind: 'namespaces' });
  if (space.metadata.deletionTimestamp === undefined || ruleKind(resource) === 'Event') return undefined;
  return forbidden(
    resource,
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
    [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  );
}

/**
 * Applies the mutating admission plugins to a new object.
 * @param suffix returns five random letters
 */
export function mutate(
  store: StoreReader,
  resource: ResourceData,
  namespace: string,
  object: JsonObject,
  suffix: () => string,
): Result<JsonObject, ApiStatus> {
  if (ruleKind(resource) === 'PersistentVolumeClaim')
    return ok(protect(withStorageClass(store, object), 'kubernetes.io/pvc-protection'));
  if (resource.custom) return ok(object);
  if (ruleKind(resource) === 'Node')
    return ok({
      ...object,
      spec: { ...tree(object['spec']), taints: [...list(tree(object['spec'])['taints']), NOT_READY] },
    });
  if (ruleKind(resource) === 'PersistentVolume') return ok(protect(object, 'kubernetes.io/pv-protection'));
  if (ruleKind(resource) !== 'Pod' || !isObject(object['spec'])) return ok(object);
  const limited = withLimits(store, namespace, object['spec']);
  const account = limited['serviceAccountName'] ?? 'default';
  const { priority = 0, preemptionPolicy = 'PreemptLowerPriority' } = limited;
  const { name: given, generateName } = tree(object['metadata']);
  const name = String(given ?? generateName ?? ''); // the final name is not known before the server generates it
  const known = store.get({ resource: 'serviceaccounts', namespace, name: String(account) });
  if (!known)
    return err(
      forbidden(
        resource,
        name,
        `error looking up service account ${namespace}/${String(account)}: serviceaccount "${String(account)}" not found`,
      ),
    );
  const tolerations = list(limited['tolerations']);
  const missing = TOLERATIONS.filter(
    ({ key }) =>
      !tolerations.some(
        (given) =>
          isObject(given) &&
          (given['key'] === key || given['key'] === undefined) &&
          (given['effect'] === undefined || given['effect'] === 'NoExecute'),
      ),
  );
  return ok({
    ...object,
    spec: {
      ...((limited['automountServiceAccountToken'] ?? known['automountServiceAccountToken']) === false
        ? limited
        : withToken(limited, `kube-api-access-${suffix()}`)),
      serviceAccountName: account,
      serviceAccount: account,
      priority,
      preemptionPolicy,
      tolerations: [...tolerations, ...missing],
    },
  });
}

const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Adds the projected volume that mounts the ServiceAccount's token into every container. */
function withToken(spec: JsonObject, name: string): JsonObject {
  const mount = (container: Json): Json => {
    if (!isObject(container)) return container;
    const mounts = list(container['volumeMounts']);
    return mounts.some((given) => isObject(given) && given['mountPath'] === TOKEN_PATH)
      ? container
      : { ...container, volumeMounts: [...mounts, { name, readOnly: true, mountPath: TOKEN_PATH }] };
  };
  const sources = [
    { serviceAccountToken: { expirationSeconds: 3_607, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    {
      downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] },
    },
  ];
  return {
    ...spec,
    containers: list(spec['containers']).map(mount),
    ...(spec['initContainers'] !== undefined && { initContainers: list(spec['initContainers']).map(mount) }),
    volumes: [...list(spec['volumes']), { name, projected: { sources, defaultMode: 420 } }],
  };
}

/** Adds a finalizer that keeps storage while it is in use. */
function protect(object: JsonObject, finalizer: string): JsonObject {
  const metadata = tree(object['metadata']);
  const finalizers = list(metadata['finalizers']);
  return finalizers.includes(finalizer)
    ? object
    : { ...object, metadata: { ...metadata, finalizers: [...finalizers, finalizer] } };
}

/** Applies the defaults of the namespace's LimitRanges to containers. */
function withLimits(store: StoreReader, namespace: string, spec: JsonObject): JsonObject {
  const items = store
    .list('limitranges', { namespace })
    .flatMap(({ spec: range }) =>
      list(range?.['limits']).filter((item) => isObject(item) && item['type'] === 'Container'),
    );
  if (items.length === 0) return spec;
  const fill = (container: Json): Json => {
    if (!isObject(container)) return container;
    const resources = tree(container['resources']);
    const limits = items.reduce<JsonObject>(
      (known, item) => ({ ...tree(tree(item)['default']), ...known }),
      tree(resources['limits']),
    );
    const requests = items.reduce<JsonObject>(
      (known, item) => ({ ...tree(tree(item)['defaultRequest']), ...known }),
      tree(resources['requests']),
    );
    return {
      ...container,
      resources: {
        ...resources,
        ...(Object.keys(limits).length > 0 && { limits }),
        ...(Object.keys(requests).length > 0 && { requests }),
      },
    };
  };
  return {
    ...spec,
    containers: list(spec['containers']).map(fill),
    ...(spec['initContainers'] !== undefined && { initContainers: list(spec['initContainers']).map(fill) }),
  };
}

/** Sets the default storage class on a claim that names none. */
function withStorageClass(store: StoreReader, claim: JsonObject): JsonObject {
  const spec = tree(claim['spec']);
  if (spec['storageClassName'] !== undefined) return claim;
  const chosen = store
    .list('storageclasses.storage.k8s.io')
    .find(({ metadata }) => metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true');
  return chosen ? { ...claim, spec: { ...spec, storageClassName: chosen.metadata.name } } : claim;
}

/** Refuses to grow a claim unless its storage class allows volume expansion. */
export function admitResize(
  store: StoreReader,
  resource: ResourceData,
  live: KubeObject,
  next: KubeObject,
): ApiStatus | undefined {
  if (ruleKind(resource) !== 'PersistentVolumeClaim') return undefined;
  const sizeOf = (claim: KubeObject): string =>
    String(tree(tree(claim.spec?.['resources'])['requests'])['storage'] ?? '0');
  if (compareQuantities(sizeOf(next), sizeOf(live)) !== 1) return undefined;
  const name = String(next.spec?.['storageClassName'] ?? '');
  const found = store.get({ resource: 'storageclasses.storage.k8s.io', namespace: '', name });
  return found?.['allowVolumeExpansion'] === true
    ? undefined
    : forbidden(
        resource,
        live.metadata.name,
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
      );
}

/** Returns the limits and quotas that a new object would violate. */
export function admitAmounts(
  store: StoreReader,
  resource: ResourceData,
  object: KubeObject,
  quota: QuotaCheck | undefined,
): ApiStatus | undefined {
  const { name, namespace = '' } = object.metadata;
  const over = ruleKind(resource) === 'Pod' ? outOfRange(store, namespace, object) : [];
  if (over.length > 0) return forbidden(resource, name, over.length === 1 ? (over[0] ?? '') : `[${over.join(', ')}]`);
  const exceeded = quota?.(groupResource(resource), object, store);
  return exceeded === undefined ? undefined : forbidden(resource, name, exceeded);
}

function outOfRange(store: StoreReader, namespace: string, pod: KubeObject): string[] {
  const containers = list(pod.spec?.['containers']);
  return store.list('limitranges', { namespace }).flatMap(({ spec }) =>
    list(spec?.['limits']).flatMap((item) => {
      if (!isObject(item) || item['type'] !== 'Container') return [];
      const [most, least] = [tree(item['max']), tree(item['min'])];
      return containers.flatMap((container) => {
        const resources = isObject(container) ? tree(container['resources']) : {};
        const [limits, requests] = [tree(resources['limits']), tree(resources['requests'])];
        const text = (value: Json | undefined) => String(value ?? '');
        return [
          ...Object.keys(least).flatMap((of) =>
            requests[of] === undefined
              ? [`minimum ${of} usage per Container is ${text(least[of])}.  No request is specified`]
              : compareQuantities(text(requests[of]), text(least[of])) === -1
                ? [`minimum ${of} usage per Container is ${text(least[of])}, but request is ${text(requests[of])}`]
                : [],
          ),
          ...Object.keys(most).flatMap((of) =>
            limits[of] === undefined
              ? [`maximum ${of} usage per Container is ${text(most[of])}.  No limit is specified`]
              : compareQuantities(text(limits[of]), text(most[of])) === 1
                ? [`maximum ${of} usage per Container is ${text(most[of])}, but limit is ${text(limits[of])}`]
                : [],
          ),
        ];
      });
    }),
  );
}
