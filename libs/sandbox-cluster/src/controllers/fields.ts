import type { Json, JsonObject } from '#kernel';
import { isObject, type KubeObject, type ObjectKey, type OwnerReference } from '../store.ts';

/** Reads one value of a tree; `undefined` where the path ends early. */
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

/** Members of a list that are objects. */
export const objectsAt = (value: Json | undefined, ...path: readonly (string | number)[]): readonly JsonObject[] =>
  listAt(value, ...path).filter(isObject);

/** The members of a map that are texts: labels, annotations, a selector. */
export function textsAt(
  value: Json | undefined,
  ...path: readonly (string | number)[]
): { readonly [key: string]: string } {
  return Object.fromEntries(
    Object.entries(objectAt(value, ...path)).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** An object's key, for a resource the caller knows. */
export const keyOf = (resource: string, { metadata }: KubeObject): ObjectKey => ({
  resource,
  namespace: metadata.namespace ?? '',
  name: metadata.name,
});

export const namespaceOf = ({ metadata }: KubeObject): string => metadata.namespace ?? '';

/** The owner that rules the object: at most one reference says `controller: true`. */
export const controllerOf = ({ metadata }: KubeObject): OwnerReference | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller === true);

/** A reference to the controlling owner, as controllers write it. */
export const ownedBy = ({ apiVersion, kind, metadata }: KubeObject): OwnerReference => ({
  apiVersion,
  kind,
  name: metadata.name,
  uid: metadata.uid,
  controller: true,
  blockOwnerDeletion: true,
});

export const isDeleting = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;

/** Milliseconds since 1970 of an RFC 3339 time. */
export const timeOf = (value: string | undefined): number => (value === undefined ? 0 : Date.parse(value));

export const createdAt = ({ metadata }: KubeObject): number => timeOf(metadata.creationTimestamp);

/** Oldest first; by name within one second. */
export const byAge = (left: KubeObject, right: KubeObject): number =>
  createdAt(left) - createdAt(right) || (left.metadata.name < right.metadata.name ? -1 : 1);

/** A copy without the members that are `undefined`. */
export const defined = (value: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));

/** A copy without some members. */
export const without = (value: JsonObject, ...names: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
