import { recordedData, type ResourceData, type SchemaData } from './data.ts';
import { nodeReader, type NodeReader, type SchemaNode } from './node.ts';

/** Lookups over recorded (or added) kinds. */
export interface Schemas {
  readonly data: SchemaData;
  /** Every kind, in discovery's order: core first, then by group. */
  readonly resources: readonly ResourceData[];
  /** @param apiVersion `v1` or `group/version` */
  kind(apiVersion: string, kind: string): ResourceData | undefined;
  resource(group: string, version: string, plural: string): ResourceData | undefined;
  /** By anything kubectl takes: plural, singular, short name, kind in any case, also `deployments.apps`. */
  find(word: string): ResourceData | undefined;
  /** Versions of a group that are served. */
  groupVersions(): readonly { readonly group: string; readonly version: string }[];
  /** Root of a kind's schema. */
  schemaOf(resource: ResourceData): SchemaNode | undefined;
  /** Schema of a definition by its name: `io.k8s.api.core.v1.PodSpec`. */
  definition(name: string): SchemaNode | undefined;
  /** Follows a path of field names; `*` or a number steps into a list or a map's values. */
  at(resource: ResourceData, path: readonly (string | number)[]): SchemaNode | undefined;
  readonly nodes: NodeReader;
}

export const apiVersionOf = ({ group, version }: { readonly group: string; readonly version: string }): string =>
  group === '' ? version : `${group}/${version}`;

/** `apps/v1` and `v1` in their parts. */
export function parseApiVersion(apiVersion: string): { readonly group: string; readonly version: string } {
  const slash = apiVersion.indexOf('/');
  return slash < 0
    ? { group: '', version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

/** Builds the lookups; costs little until a schema is asked for. */
export function openSchemas(data: SchemaData): Schemas {
  const byKind = new Map<string, ResourceData>();
  const byPlural = new Map<string, ResourceData>();
  const byWord = new Map<string, ResourceData>();
  for (const resource of data.resources) {
    const version = apiVersionOf(resource);
    byKind.set(`${version}/${resource.kind}`, resource);
    byPlural.set(`${version}/${resource.plural}`, resource);
    for (const word of [resource.plural, resource.singular, resource.kind.toLowerCase(), ...resource.shortNames]) {
      if (!byWord.has(word)) byWord.set(word, resource);
      if (resource.group !== '') byWord.set(`${word}.${resource.group}`, resource);
    }
  }
  const nodes = nodeReader(data.definitions);
  const schemaOf = (resource: ResourceData) => nodes.ofDefinition(resource.definition);
  return {
    data,
    resources: data.resources,
    kind: (apiVersion, kind) => byKind.get(`${apiVersion}/${kind}`),
    resource: (group, version, plural) => byPlural.get(`${apiVersionOf({ group, version })}/${plural}`),
    find: (word) => byWord.get(word.toLowerCase()),
    groupVersions() {
      const seen = new Map(
        data.resources.map(({ group, version }) => [apiVersionOf({ group, version }), { group, version }]),
      );
      return [...seen.values()];
    },
    schemaOf,
    definition: nodes.ofDefinition,
    at: (resource, path) => path.reduce<SchemaNode | undefined>(step, schemaOf(resource)),
    nodes,
  };
}

/** One step down the tree. */
function step(node: SchemaNode | undefined, key: string | number): SchemaNode | undefined {
  if (!node) return undefined;
  return node.shape === 'object' ? node.field(String(key)) : node.element;
}

let opened: Schemas | undefined;

/** Kubernetes' own kinds; loaded at the first call, then shared. */
export function kubernetesSchemas(): Schemas {
  opened ??= openSchemas(recordedData());
  return opened;
}
