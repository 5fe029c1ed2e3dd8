import { isRecord, at } from '#kubernetes/json';

export { isRecord, record, list, text, number, at, type JsonRecord } from '#kubernetes/json';

/** What every Kubernetes object carries; only the members that this library reads are named. */
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

/** A Kubernetes object exactly as its JSON: no member is dropped, renamed or converted between file and server. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [member: string]: unknown;
}

/** Names an object without its version; `namespace` is absent for cluster-scoped objects. `group` is '' for the core group. */
export interface ObjectKey {
  readonly group: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** A kind of object as the server serves it. */
export interface ResourceType {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Plural name in the path, such as `deployments`. */
  readonly resource: string;
  readonly namespaced: boolean;
  /** What may be done with it; empty when unknown. */
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

/** `group/Kind`, or `Kind` for the core group: the spelling of the cluster policy. */
export const groupKind = ({ group, kind }: { readonly group: string; readonly kind: string }): string =>
  group === '' ? kind : `${group}/${kind}`;

/** One text per key, for maps: `group/Kind/namespace/name` with empty parts kept. */
export const keyText = ({ group, kind, namespace, name }: ObjectKey): string =>
  `${group}/${kind}/${namespace ?? ''}/${name}`;

/** How an object is named in a sentence: `Deployment web`, or `Deployment web in shop`. */
export const nameOf = ({ kind, namespace, name }: ObjectKey): string =>
  `${kind} ${name}${namespace === undefined ? '' : ` in ${namespace}`}`;

/** Whether a value has the form of an object: apiVersion, kind and metadata.name are texts. */
export function isKubernetesObject(value: unknown): value is KubernetesObject {
  return (
    isRecord(value) &&
    typeof value['apiVersion'] === 'string' &&
    typeof value['kind'] === 'string' &&
    typeof at(value, 'metadata', 'name') === 'string'
  );
}

/** Without members that are null: the server would store and own them. Nulls inside lists stay. */
export function withoutNulls<T>(value: T): T;
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => withoutNulls(item));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => (member === null ? [] : [[key, withoutNulls(member)]])),
  );
}
