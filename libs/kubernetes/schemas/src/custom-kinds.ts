import type { Json, JsonObject } from '#kernel';
import type { Column, CustomData, RawSchema, ResourceData, SchemaData, SubresourceData } from './data.ts';
import { openSchemas, type Schemas } from './schemas.ts';
import { isList, isTree } from './typed.ts';

/** Kinds of custom resources, with their schemas by definition name. */
export interface CustomKinds {
  readonly resources: readonly ResourceData[];
  readonly definitions: { readonly [name: string]: RawSchema };
}

const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const AGE = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };
const NAME: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description:
    'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names',
  priority: 0,
};

const tree = (value: Json | undefined): JsonObject => (isTree(value) ? value : {});
const trees = (value: Json | undefined): readonly JsonObject[] => (isList(value) ? value.filter(isTree) : []);
const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
const texts = (value: Json | undefined): readonly string[] => (isList(value) ? value.map(String) : []);

/** Returns the kinds that a CustomResourceDefinition (apiextensions.k8s.io/v1) adds: one for each served version. */
export function customKinds(definition: JsonObject): CustomKinds {
  const spec = tree(definition['spec']);
  const [group, names] = [text(spec['group']), tree(spec['names'])];
  const versions = trees(spec['versions']);
  const storage = text(versions.find((version) => version['storage'] === true)?.['name']);
  const served = versions
    .filter((version) => version['served'] === true)
    .sort((left, right) => byPriority(text(left['name']), text(right['name'])));
  const kind = text(names['kind']);
  const nameOf = (version: JsonObject): string =>
    `${group.split('.').reverse().join('.')}.${text(version['name'])}.${kind}`;
  return {
    resources: served.map((version) => {
      const gvk = { group, version: text(version['name']), kind };
      const columns = trees(version['additionalPrinterColumns']);
      const shown = columns.length > 0 ? columns : [AGE];
      return {
        ...gvk,
        plural: text(names['plural']),
        singular: text(names['singular']),
        namespaced: spec['scope'] === 'Namespaced',
        verbs: VERBS,
        shortNames: texts(names['shortNames']),
        categories: texts(names['categories']),
        subresources: subresourcesOf(version, gvk),
        definition: nameOf(version),
        columns: [NAME, ...shown.map(columnOf)],
        custom: customOf(version, storage === '' ? '' : `${group}/${storage}`, shown),
      };
    }),
    definitions: Object.fromEntries(
      served.map((version) => [nameOf(version), rootOf(version, { group, version: text(version['name']), kind })]),
    ),
  };
}

/** Sorts versions by priority: stable, then beta, then alpha, newer before older; other names last, by name. */
function byPriority(left: string, right: string): number {
  const rank = (name: string): readonly number[] => {
    const [, major, stage, minor] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(name) ?? [];
    if (major === undefined) return [-1, 0, 0];
    return [stage === undefined ? 2 : stage === 'beta' ? 1 : 0, Number(major), Number(minor ?? 0)];
  };
  const [a, b] = [rank(left), rank(right)];
  const differing = a.findIndex((value, index) => value !== b[index]);
  return differing < 0 ? left.localeCompare(right, 'en') : (b[differing] ?? 0) - (a[differing] ?? 0);
}

function subresourcesOf(version: JsonObject, gvk: Omit<SubresourceData, 'name' | 'verbs'>): SubresourceData[] {
  const given = tree(version['subresources']);
  const verbs = ['get', 'patch', 'update'];
  return [
    ...(given['status'] === undefined ? [] : [{ name: 'status', ...gvk, verbs }]),
    ...(given['scale'] === undefined
      ? []
      : [{ name: 'scale', group: 'autoscaling', version: 'v1', kind: 'Scale', verbs }]),
  ];
}

const columnOf = (column: JsonObject): Column => ({
  name: text(column['name']),
  type: text(column['type']),
  format: text(column['format']),
  description:
    text(column['description']) === ''
      ? `Custom resource definition column (in JSONPath format): ${text(column['jsonPath'])}`
      : text(column['description']),
  priority: typeof column['priority'] === 'number' ? column['priority'] : 0,
});

function customOf(version: JsonObject, storedAs: string, columns: readonly JsonObject[]): CustomData {
  const scale = tree(tree(version['subresources'])['scale']);
  const path = (name: string): readonly string[] => text(scale[name]).split('.').filter(Boolean);
  const specPath = path('specReplicasPath');
  return {
    storedAs,
    columnPaths: columns.map((column) => text(column['jsonPath'])),
    ...(specPath.length > 0 && {
      scale: { spec: specPath, status: path('statusReplicasPath'), selector: path('labelSelectorPath') },
    }),
  };
}

/** Returns the kind's schema with the fields that every object has. */
function rootOf(
  version: JsonObject,
  gvk: { readonly group: string; readonly version: string; readonly kind: string },
): RawSchema {
  // Validated when the definition was stored.
  const given = tree(tree(version['schema'])['openAPIV3Schema']) as RawSchema;
  return {
    ...given,
    type: 'object',
    'x-kubernetes-group-version-kind': [{ ...gvk }],
    properties: {
      ...given.properties,
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { allOf: [{ $ref: OBJECT_META }], default: {} },
    },
  };
}

/** Schemas whose custom kinds can be replaced. */
export interface GrowingSchemas extends Schemas {
  /** Replaces the kinds that were added before. */
  serve(kinds: readonly CustomKinds[]): void;
}

/** @param base kinds that are always available; shared until kinds are added */
export function growingSchemas(base: Schemas): GrowingSchemas {
  let now = base;
  return {
    serve(kinds) {
      const added = kinds.flatMap(({ resources }) => resources);
      const data: SchemaData = {
        ...base.data,
        resources: [...base.data.resources, ...added],
        definitions: Object.assign({}, base.data.definitions, ...kinds.map(({ definitions }) => definitions)) as {
          readonly [name: string]: RawSchema;
        },
      };
      now = added.length === 0 ? base : openSchemas(data);
    },
    get data() {
      return now.data;
    },
    get resources() {
      return now.resources;
    },
    get nodes() {
      return now.nodes;
    },
    kind: (apiVersion, kind) => now.kind(apiVersion, kind),
    resource: (group, version, plural) => now.resource(group, version, plural),
    find: (word) => now.find(word),
    groupVersions: () => now.groupVersions(),
    schemaOf: (resource) => now.schemaOf(resource),
    definition: (name) => now.definition(name),
    at: (resource, path) => now.at(resource, path),
  };
}
