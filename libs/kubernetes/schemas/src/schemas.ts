import { recordedData, type ResourceData, type SchemaData } from './data.ts';
import { nodeReader, type NodeReader, type SchemaNode } from './node.ts';

/** Lookups of recorded and added kinds. */
export interface Schemas {
  readonly data: SchemaData;
  /** All kinds in the order of discovery: core first, then by group. */
  readonly resources: readonly ResourceData[];
  /** @param apiVersion `v1` or `group/version` */
  kind(apiVersion: string, kind: string): ResourceData | undefined;
  resource(group: string, version: string, plural: string): ResourceData | undefined;
  /**
   * Finds a kind by any name that kubectl accepts: plural, singular, short name, kind in any case, and
   * `deployments.apps`.
   */
  find(word: string): ResourceData | undefined;
  /** Returns the served versions of all groups. */
  groupVersions(): readonly { readonly group: string; readonly version: string }[];
  /** Returns the root of a kind's schema. */
  schemaOf(resource: ResourceData): SchemaNode | undefined;
  /** Returns the schema of a definition by name: `io.k8s.api.core.v1.PodSpec`. */
  definition(name: string): SchemaNode | undefined;
  /** Follows a path of field names. `*` or a number selects the elements of a list or the values of a map. */
  at(resource: ResourceData, path: readonly (string | number)[]): SchemaNode | undefined;
  readonly nodes: NodeReader;
}

export const apiVersionOf = ({ group, version }: { readonly group: string; readonly version: string }): string =>
  group === '' ? version : `${group}/${version}`;

/** Splits `apps/v1` or `v1` into group and version. */
export function parseApiVersion(apiVersion: string): { readonly group: string; readonly version: string } {
  const slash = apiVersion.indexOf('/');
  return slash < 0
    ? { group: '', version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

/** Creates the lookups. Schemas are converted when they are first used. */
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

/** Follows one step of a path. */
function step(node: SchemaNode | undefined, key: string | number): SchemaNode | undefined {
  if (!node) return undefined;
  return node.shape === 'object' ? node.field(String(key)) : node.element;
}

let opened: Schemas | undefined;

/** Returns the built-in kinds of Kubernetes. They are loaded at the first call and shared. */
export function kubernetesSchemas(): Schemas {
  opened ??= openSchemas(recordedData());
  return opened;
}
