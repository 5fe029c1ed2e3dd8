import { isRecord, at } from '#kubernetes/json';

export { isRecord, record, list, text, number, at, type JsonRecord } from '#kubernetes/json';

/** Metadata of Kubernetes objects. Only members that this library reads are declared. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly [member: string]: unknown;
}

/** A Kubernetes object as plain JSON. No member is dropped, renamed, or converted between file and server. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [member: string]: unknown;
}

/**
 * Key of an object, without its version. `namespace` is missing for cluster-scoped objects; `group` is '' for the core
 * group.
 */
export interface ObjectKey {
  readonly group: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** A type of objects that the server serves. */
export interface ResourceType {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Plural name in the path, such as `deployments`. */
  readonly resource: string;
  readonly namespaced: boolean;
  /** Supported verbs; empty if unknown. */
  readonly verbs: readonly string[];
}

export const groupOf = (apiVersion: string): string =>
  apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';

export const apiVersionOf = ({ group, version }: { readonly group: string; readonly version: string }): string =>
  group === '' ? version : `${group}/${version}`;

export function keyOf({ apiVersion, kind, metadata }: KubernetesObject): ObjectKey {
  const key = { group: groupOf(apiVersion), kind, name: metadata.name };
  return metadata.namespace === undefined ? key : { ...key, namespace: metadata.namespace };
}

/** Formats a kind as the cluster policy does: `group/Kind`, or `Kind` for the core group. */
export const groupKind = ({ group, kind }: { readonly group: string; readonly kind: string }): string =>
  group === '' ? kind : `${group}/${kind}`;

/** Serializes a key for maps as `group/Kind/namespace/name`, where parts may be empty. */
export const keyText = ({ group, kind, namespace, name }: ObjectKey): string =>
  `${group}/${kind}/${namespace ?? ''}/${name}`;

/** Formats a key for messages: `Deployment web`, or `Deployment web in shop`. */
export const nameOf = ({ kind, namespace, name }: ObjectKey): string =>
  `${kind} ${name}${namespace === undefined ? '' : ` in ${namespace}`}`;

/** Returns whether a value looks like an object: apiVersion, kind, and metadata.name are strings. */
export function isKubernetesObject(value: unknown): value is KubernetesObject {
  return (
    isRecord(value) &&
    typeof value['apiVersion'] === 'string' &&
    typeof value['kind'] === 'string' &&
    typeof at(value, 'metadata', 'name') === 'string'
  );
}

/** Removes null members, which the server would store and own. Nulls in lists are kept. */
export function withoutNulls<T>(value: T): T;
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => withoutNulls(item));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => (member === null ? [] : [[key, withoutNulls(member)]])),
  );
}

/** Returns why an object is not deleted yet: ` and held by example.com/finalizer`, or nothing. */
export const heldBy = ({ metadata: { finalizers = [] } }: KubernetesObject): string =>
  finalizers.length === 0 ? '' : ` and held by ${finalizers.join(', ')}`;
