import type { Json, JsonObject } from '#kernel';
import { isObject, type KubeObject, type ObjectKey, type OwnerReference } from '../store.ts';

/** Reads a nested value; `undefined` if the path does not exist. */
export function at(value: Json | undefined, ...path: readonly (string | number)[]): Json | undefined {
  let here: Json | undefined = value;
  for (const step of path) {
    if (typeof step === 'number') here = Array.isArray(here) ? (here as readonly Json[])[step] : undefined;
    else here = isObject(here) ? here[step] : undefined;
  }
  return here;
}

export const textAt = (value: Json | undefined, ...path: readonly (string | number)[]): string | undefined => {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : undefined;
};

export const numberAt = (value: Json | undefined, ...path: readonly (string | number)[]): number | undefined => {
  const found = at(value, ...path);
  return typeof found === 'number' ? found : undefined;
};

export const objectAt = (value: Json | undefined, ...path: readonly (string | number)[]): JsonObject => {
  const found = at(value, ...path);
  return isObject(found) ? found : {};
};

export const listAt = (value: Json | undefined, ...path: readonly (string | number)[]): readonly Json[] => {
  const found = at(value, ...path);
  return Array.isArray(found) ? (found as readonly Json[]) : [];
};

/** Returns the members of a list that are objects. */
export const objectsAt = (value: Json | undefined, ...path: readonly (string | number)[]): readonly JsonObject[] =>
  listAt(value, ...path).filter(isObject);

/** Returns the members of a map that are strings: labels, annotations, or a selector. */
export function textsAt(
  value: Json | undefined,
  ...path: readonly (string | number)[]
): { readonly [key: string]: string } {
  return Object.fromEntries(
    Object.entries(objectAt(value, ...path)).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** Returns an object's key within the given resource. */
export const keyOf = (resource: string, { metadata }: KubeObject): ObjectKey => ({
  resource,
  namespace: metadata.namespace ?? '',
  name: metadata.name,
});

export const namespaceOf = ({ metadata }: KubeObject): string => metadata.namespace ?? '';

/** Returns the controlling owner. At most one reference has `controller: true`. */
export const controllerOf = ({ metadata }: KubeObject): OwnerReference | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller === true);

/** Returns an owner reference to the controlling owner, as controllers write it. */
export const ownedBy = ({ apiVersion, kind, metadata }: KubeObject): OwnerReference => ({
  apiVersion,
  kind,
  name: metadata.name,
  uid: metadata.uid,
  controller: true,
  blockOwnerDeletion: true,
});

export const isDeleting = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;

/** Converts an RFC 3339 time to milliseconds since 1970. */
export const timeOf = (value: string | undefined): number => (value === undefined ? 0 : Date.parse(value));

export const createdAt = ({ metadata }: KubeObject): number => timeOf(metadata.creationTimestamp);

/** Sorts the oldest first, and by name within one second. */
export const byAge = (left: KubeObject, right: KubeObject): number =>
  createdAt(left) - createdAt(right) || (left.metadata.name < right.metadata.name ? -1 : 1);

/** Returns a copy without members that are `undefined`. */
export const defined = (value: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));

/** Returns a copy without the named members. */
export const without = (value: JsonObject, ...names: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
