import { createHash } from 'node:crypto';
import type { Json, JsonObject } from '#kernel';
import {
  apiVersionOf,
  recordedDescriptions,
  type RawSchema,
  type ResourceData,
  type Schemas,
} from '#kubernetes/schemas';
import { isObject } from '../store.ts';

/** Version of the server. kubectl and helm parse it as semver; the suffix identifies it as a sandbox. */
export const GIT_VERSION = 'v1.36.3+sandbox';

const versionInfo = (): JsonObject => ({
  major: '1',
  minor: '36',
  emulationMajor: '1',
  emulationMinor: '36',
  gitVersion: GIT_VERSION,
  gitCommit: 'sandbox',
  gitTreeState: 'clean',
  buildDate: '2026-01-01T00:00:00Z',
  goVersion: 'none',
  compiler: 'none',
  platform: 'simulated: objects are real, no container runs',
});

export interface DiscoveryAnswer {
  readonly body: JsonObject;
  readonly type?: string;
}

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/**
 * Returns the response for a path of discovery or OpenAPI; undefined for other paths.
 * @param asked.prefix path of the server on its host
 */
export function discoveryAt(
  schemas: Schemas,
  path: string,
  { accept, prefix }: { readonly accept: string; readonly prefix: string },
): DiscoveryAnswer | undefined {
  const wantsAggregated = /g=apidiscovery\.k8s\.io;v=v2;as=APIGroupDiscoveryList/.test(accept);
  if (path === '/version') return { body: versionInfo() };
  if (path === '/api')
    return wantsAggregated ? { body: aggregated(schemas, true), type: AGGREGATED } : { body: apiVersions() };
  if (path === '/apis')
    return wantsAggregated ? { body: aggregated(schemas, false), type: AGGREGATED } : { body: apiGroups(schemas) };
  if (path === '/openapi/v3') return { body: openApiIndex(schemas, prefix) };
  if (path === '/openapi/v2')
    return {
      body: {
        swagger: '2.0',
        info: { title: 'Kubernetes (sandbox)', version: GIT_VERSION },
        paths: {},
        definitions: {},
      },
    };
  const document = /^\/openapi\/v3\/(.+)$/.exec(path)?.[1];
  const group = /^\/apis\/([^/]+)$/.exec(path)?.[1];
  const [, core, of, version] = /^\/(?:api\/(v1)|apis\/([^/]+)\/([^/]+))$/.exec(path) ?? [];
  const body =
    document !== undefined
      ? openApiDocument(schemas, document)
      : group !== undefined
        ? withKind(apiGroup(schemas, group))
        : core !== undefined
          ? resourceList(schemas, '', core)
          : of !== undefined && version !== undefined
            ? resourceList(schemas, of, version)
            : undefined;
  return body && { body };
}

const withKind = (group: JsonObject | undefined): JsonObject | undefined =>
  group && { kind: 'APIGroup', apiVersion: 'v1', ...group };

const groupsOf = (schemas: Schemas): string[] => [...new Set(schemas.groupVersions().map(({ group }) => group))];
const versionsOf = (schemas: Schemas, group: string) =>
  schemas.groupVersions().filter((entry) => entry.group === group);
const resourcesOf = (schemas: Schemas, group: string, version: string) =>
  schemas.resources.filter((resource) => resource.group === group && resource.version === version);

/** Returns `/api` or `/apis` in the aggregated format (apidiscovery.k8s.io/v2). */
function aggregated(schemas: Schemas, core: boolean): JsonObject {
  const groups = groupsOf(schemas).filter((group) => (group === '') === core);
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map((group) => ({
      metadata: { ...(group !== '' && { name: group }), creationTimestamp: null },
      versions: versionsOf(schemas, group).map(({ version }) => ({
        version,
        resources: resourcesOf(schemas, group, version).map((resource) => ({
          resource: resource.plural,
          responseKind: { group: resource.group, version: resource.version, kind: resource.kind },
          scope: resource.namespaced ? 'Namespaced' : 'Cluster',
          singularResource: resource.singular,
          verbs: [...resource.verbs],
          ...(resource.shortNames.length > 0 && { shortNames: [...resource.shortNames] }),
          ...(resource.categories.length > 0 && { categories: [...resource.categories] }),
          ...(resource.subresources.length > 0 && {
            subresources: resource.subresources.map(({ name, kind, group: of, version: at, verbs }) => ({
              subresource: name,
              responseKind: { group: of, version: at, kind },
              verbs: [...verbs],
            })),
          }),
        })),
        freshness: 'Current',
      })),
    })),
  };
}

/** Returns `/api` in the format of older clients. */
const apiVersions = (): JsonObject => ({
  kind: 'APIVersions',
  versions: ['v1'],
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '' }],
});

function apiGroup(schemas: Schemas, group: string): JsonObject | undefined {
  const versions = versionsOf(schemas, group).map(({ version }) => ({ groupVersion: `${group}/${version}`, version }));
  return versions[0] && { name: group, versions, preferredVersion: versions[0] };
}

const apiGroups = (schemas: Schemas): JsonObject => ({
  kind: 'APIGroupList',
  apiVersion: 'v1',
  groups: groupsOf(schemas).flatMap((group): JsonObject[] =>
    ((found) => (group === '' || !found ? [] : [found]))(apiGroup(schemas, group)),
  ),
});

/** Returns `/api/v1` or `/apis/G/V`. */
function resourceList(schemas: Schemas, group: string, version: string): JsonObject | undefined {
  const resources = resourcesOf(schemas, group, version);
  if (resources.length === 0) return undefined;
  return {
    kind: 'APIResourceList',
    ...(group !== '' && { apiVersion: 'v1' }),
    groupVersion: apiVersionOf({ group, version }),
    resources: resources.flatMap((resource) => [
      {
        name: resource.plural,
        singularName: resource.singular,
        namespaced: resource.namespaced,
        kind: resource.kind,
        verbs: [...resource.verbs],
        ...(resource.shortNames.length > 0 && { shortNames: [...resource.shortNames] }),
        ...(resource.categories.length > 0 && { categories: [...resource.categories] }),
      },
      ...resource.subresources.map((sub) => ({
        name: `${resource.plural}/${sub.name}`,
        singularName: '',
        namespaced: resource.namespaced,
        kind: sub.kind,
        verbs: [...sub.verbs],
        ...(sub.name === 'scale' && { group: sub.group, version: sub.version }),
      })),
    ]),
  };
}

const pathOf = ({ group, version }: { readonly group: string; readonly version: string }): string =>
  group === '' ? `api/${version}` : `apis/${group}/${version}`;

/**
 * Returns `/openapi/v3`.
 * @param prefix path of the server on its host: clients resolve the addresses from the root
 */
function openApiIndex(schemas: Schemas, prefix: string): JsonObject {
  return {
    paths: Object.fromEntries(
      schemas
        .groupVersions()
        .map((entry) => [
          pathOf(entry),
          { serverRelativeURL: `${prefix}/openapi/v3/${pathOf(entry)}?hash=${hashOf(schemas)}` },
        ]),
    ),
  };
}

/** Returns the definitions that custom kinds add to the documents. */
const customDefinitions = (schemas: Schemas): readonly (RawSchema | undefined)[] =>
  schemas.resources.filter(({ custom }) => custom).map(({ definition }) => schemas.data.definitions[definition]);

const hashOf = (schemas: Schemas): string =>
  createHash('sha256')
    .update(schemas.data.version)
    .update(JSON.stringify(customDefinitions(schemas)))
    .digest('hex')
    .slice(0, 32)
    .toUpperCase();

/**
 * Returns `/openapi/v3/api/v1` and the like, with what kubectl needs to find a kind's PATCH and to explain its fields.
 */
function openApiDocument(schemas: Schemas, path: string): JsonObject | undefined {
  const of = schemas.groupVersions().find((entry) => pathOf(entry) === path);
  if (!of) return undefined;
  const resources = resourcesOf(schemas, of.group, of.version);
  const paths = Object.fromEntries(resources.flatMap((resource) => pathsOf(resource)));
  const definitions = reachable(
    schemas,
    resources.map(({ definition }) => definition),
  );
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes (sandbox)', version: GIT_VERSION },
    paths,
    components: { schemas: definitions },
  };
}

function pathsOf(resource: ResourceData): [string, JsonObject][] {
  const root = `/${pathOf(resource)}${resource.namespaced ? '/namespaces/{namespace}' : ''}/${resource.plural}`;
  const gvk = { group: resource.group, version: resource.version, kind: resource.kind };
  const query = (name: string): JsonObject => ({ name, in: 'query', schema: { type: 'string', uniqueItems: true } });
  const operation = (action: string): JsonObject => ({
    parameters: [query('dryRun'), query('fieldManager'), query('fieldValidation')],
    responses: { '200': { description: 'OK' } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk,
  });
  return [
    [root, { post: operation('post') }],
    [`${root}/{name}`, { patch: operation('patch'), put: operation('put') }],
  ];
}

/** Returns definitions and everything they refer to, with references in OpenAPI's format. */
function reachable(schemas: Schemas, roots: readonly string[]): JsonObject {
  const result: { [name: string]: Json } = {};
  const waiting = roots.filter((name) => name !== '');
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const raw = schemas.data.definitions[name];
    if (!raw || result[name] !== undefined) continue;
    result[name] = withWords(
      withReferences(raw, (reference) => void waiting.push(reference)),
      recordedDescriptions()[name],
    );
  }
  return result;
}

/** Adds the known descriptions to a definition and its fields. */
function withWords(definition: Json, words: { readonly [field: string]: string } | undefined): Json {
  if (!words || !isObject(definition)) return definition;
  const { '': whole, ...ofFields } = words;
  const properties = isObject(definition['properties']) ? definition['properties'] : {};
  const told = Object.entries(properties).map(([field, schema]): [string, Json] => [
    field,
    ofFields[field] !== undefined && isObject(schema) ? { ...schema, description: ofFields[field] } : (schema ?? null),
  ]);
  return {
    ...definition,
    ...(whole !== undefined && { description: whole }),
    ...(told.length > 0 && { properties: Object.fromEntries(told) }),
  };
}

function withReferences(value: RawSchema | Json | undefined, see: (name: string) => void): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => withReferences(item, see));
  if (typeof value !== 'object' || value === null) return value ?? null;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      if (key !== '$ref' || typeof member !== 'string') return [key, withReferences(member as Json, see)];
      see(member);
      return [key, `#/components/schemas/${member}`];
    }),
  );
}
