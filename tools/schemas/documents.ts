import type { Column, RawSchema, ResourceData, SubresourceData } from '#kubernetes/schemas';
import type { Server } from './server.ts';

/** Group versions to record. Authorization and authentication are needed for `auth can-i` and token requests. */
const GROUP_VERSIONS = [
  'v1',
  'admissionregistration.k8s.io/v1',
  'apiextensions.k8s.io/v1',
  'apps/v1',
  'authentication.k8s.io/v1',
  'authorization.k8s.io/v1',
  'autoscaling/v2',
  'batch/v1',
  'coordination.k8s.io/v1',
  'discovery.k8s.io/v1',
  'events.k8s.io/v1',
  'networking.k8s.io/v1',
  'policy/v1',
  'rbac.authorization.k8s.io/v1',
  'storage.k8s.io/v1',
];

const DISCOVERY = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const PREFIX = '#/components/schemas/';

export const pathOf = (groupVersion: string): string =>
  groupVersion.includes('/') ? `apis/${groupVersion}` : `api/${groupVersion}`;

/** Returns the schemas of all group versions, without descriptions, and with references as plain names. */
export async function readDefinitions(server: Server): Promise<Record<string, RawSchema>> {
  const definitions: Record<string, RawSchema> = {};
  for (const groupVersion of GROUP_VERSIONS) {
    const document = await server.get(`/openapi/v3/${pathOf(groupVersion)}`);
    for (const [name, schema] of Object.entries(document.components.schemas))
      definitions[name] = withoutProse(schema) as RawSchema;
  }
  return definitions;
}

/** Returns the server's descriptions of definitions and their fields; '' is the key of the definition itself. */
export async function readDescriptions(server: Server): Promise<Record<string, Record<string, string>>> {
  const descriptions: Record<string, Record<string, string>> = {};
  for (const groupVersion of GROUP_VERSIONS) {
    const document = await server.get(`/openapi/v3/${pathOf(groupVersion)}`);
    for (const [name, schema] of Object.entries<Described>(document.components.schemas)) {
      const fields = Object.entries(schema.properties ?? {}).map(([field, { description }]) => [field, description]);
      descriptions[name] = Object.fromEntries([['', schema.description], ...fields].filter(([, text]) => text));
    }
  }
  return descriptions;
}

interface Described {
  readonly description?: string;
  readonly properties?: { readonly [field: string]: Described };
}

/** A property may be named "description", so only strings are removed. */
function withoutProse(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutProse);
  if (typeof node !== 'object' || node === null) return node;
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node)) {
    if (key === 'description' && typeof value === 'string') continue;
    if (key === '$ref' && typeof value === 'string') kept[key] = value.slice(PREFIX.length);
    else kept[key] = withoutProse(value);
  }
  return kept;
}

interface Discovered {
  readonly resource: string;
  readonly responseKind?: { group: string; version: string; kind: string };
  readonly scope: string;
  readonly singularResource?: string;
  readonly verbs: string[];
  readonly shortNames?: string[];
  readonly categories?: string[];
  readonly subresources?: {
    subresource: string;
    responseKind?: { group: string; version: string; kind: string };
    verbs: string[];
  }[];
}

/** Returns kinds with their verbs, subresources and printed columns. */
export async function readResources(server: Server, definitions: Record<string, RawSchema>): Promise<ResourceData[]> {
  const definitionOf = new Map<string, string>();
  for (const [name, schema] of Object.entries(definitions)) {
    const kinds = schema['x-kubernetes-group-version-kind'];
    if (!Array.isArray(kinds) || kinds.length !== 1) continue;
    const { group, version, kind } = kinds[0] as { group: string; version: string; kind: string };
    definitionOf.set(`${group}/${version}/${kind}`, name);
  }
  const groups = [...(await server.get('/api', DISCOVERY)).items, ...(await server.get('/apis', DISCOVERY)).items];
  const resources: ResourceData[] = [];
  for (const item of groups) {
    const group: string = item.metadata?.name ?? '';
    for (const { version, resources: found } of item.versions as { version: string; resources: Discovered[] }[]) {
      const groupVersion = group === '' ? version : `${group}/${version}`;
      if (!GROUP_VERSIONS.includes(groupVersion)) continue;
      for (const one of found)
        resources.push(await readResource(server, { group, version, groupVersion, one, definitionOf }));
    }
  }
  return resources;
}

async function readResource(
  server: Server,
  at: { group: string; version: string; groupVersion: string; one: Discovered; definitionOf: Map<string, string> },
): Promise<ResourceData> {
  const { group, version, groupVersion, one, definitionOf } = at;
  const kind = one.responseKind?.kind ?? '';
  const subresources: SubresourceData[] = (one.subresources ?? []).map(({ subresource, responseKind, verbs }) => ({
    name: subresource,
    group: responseKind?.group ?? '',
    version: responseKind?.version ?? '',
    kind: responseKind?.kind ?? '',
    verbs,
  }));
  const columns: Column[] = one.verbs.includes('list')
    ? (await server.get(`/${pathOf(groupVersion)}/${one.resource}?limit=1`, TABLE)).columnDefinitions
    : [];
  return {
    group,
    version,
    kind,
    plural: one.resource,
    singular: one.singularResource ?? '',
    namespaced: one.scope === 'Namespaced',
    verbs: one.verbs,
    shortNames: one.shortNames ?? [],
    categories: one.categories ?? [],
    subresources,
    definition: definitionOf.get(`${group}/${version}/${kind}`) ?? '',
    columns,
  };
}
