import { apiVersionOf, type ResourceData } from '#kubernetes/schemas';
import type { JsonObject } from '#kernel';
import type { KubeObject } from '../store.ts';

/** `apps/v1, Kind=Deployment`, and `/v1, Kind=ConfigMap` for the core group. */
export const gvkText = ({ group, version, kind }: Pick<ResourceData, 'group' | 'version' | 'kind'>): string =>
  `${group}/${version}, Kind=${kind}`;

export const metadataOf = (object: JsonObject): JsonObject => {
  const metadata = object['metadata'];
  return typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata) ? (metadata as JsonObject) : {};
};

/** The object as it is stored: with its kind, members in a server's order, and an empty list as none. */
export function withIdentity(resource: ResourceData, object: JsonObject, metadata: JsonObject): JsonObject {
  const { kind: _kind, apiVersion: _version, metadata: _metadata, ...rest } = object;
  const stored = Object.entries(rest).map(([name, value]) => [
    name,
    Array.isArray(value) && value.length === 0 ? null : value,
  ]);
  return { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata, ...Object.fromEntries(stored) };
}

/** The kind, for rules of Kubernetes' own kinds; '' for a custom one, whatever it is called. */
export const ruleKind = ({ kind, custom }: Pick<ResourceData, 'kind' | 'custom'>): string => (custom ? '' : kind);

/** A custom object in the version of `resource`: versions of a kind differ in nothing else. */
export const inVersion = (resource: ResourceData, object: KubeObject): KubeObject =>
  resource.custom && object.kind === resource.kind && object.apiVersion !== apiVersionOf(resource)
    ? { ...object, apiVersion: apiVersionOf(resource) }
    : object;
