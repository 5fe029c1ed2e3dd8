import { apiVersionOf, type ResourceData } from '#kubernetes/schemas';
import type { JsonObject } from '#kernel';
import type { KubeObject } from '../store.ts';

/** Formats a kind as Go does: `apps/v1, Kind=Deployment`, or `/v1, Kind=ConfigMap` for the core group. */
export const gvkText = ({ group, version, kind }: Pick<ResourceData, 'group' | 'version' | 'kind'>): string =>
  `${group}/${version}, Kind=${kind}`;

export const metadataOf = (object: JsonObject): JsonObject => {
  const metadata = object['metadata'];
  return typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata) ? (metadata as JsonObject) : {};
};

/** Returns the stored form of an object: with its kind, members in a server's order, and without empty lists. */
export function withIdentity(resource: ResourceData, object: JsonObject, metadata: JsonObject): JsonObject {
  const { kind: _kind, apiVersion: _version, metadata: _metadata, ...rest } = object;
  const stored = Object.entries(rest).map(([name, value]) => [
    name,
    Array.isArray(value) && value.length === 0 ? null : value,
  ]);
  return { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata, ...Object.fromEntries(stored) };
}

/** Returns the name of a built-in kind, by which rules are chosen; '' for custom kinds, whatever their name is. */
export const ruleKind = ({ kind, custom }: Pick<ResourceData, 'kind' | 'custom'>): string => (custom ? '' : kind);

/** Returns a custom object in the version of `resource`. Versions of a kind differ only in apiVersion. */
export const inVersion = (resource: ResourceData, object: KubeObject): KubeObject =>
  resource.custom && object.kind === resource.kind && object.apiVersion !== apiVersionOf(resource)
    ? { ...object, apiVersion: apiVersionOf(resource) }
    : object;
