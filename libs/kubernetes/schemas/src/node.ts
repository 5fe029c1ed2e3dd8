import type { Json } from '#kernel';
import type { RawSchema } from './data.ts';

export type Shape =
  'object' | 'map' | 'list' | 'string' | 'integer' | 'number' | 'boolean' | 'int-or-string' | 'quantity' | 'any';

/** A node of the schema tree, with references resolved. */
export interface SchemaNode {
  /** Name of the referenced definition: `io.k8s.api.core.v1.Container`. */
  readonly definition: string | undefined;
  readonly shape: Shape;
  /** Format, such as `int32`, `int64`, `date-time`, or `byte`. */
  readonly format: string | undefined;
  /** Names of an object's fields; empty for every other shape. */
  readonly fields: readonly string[];
  readonly required: readonly string[];
  /** Returns the node of an object's field. */
  field(name: string): SchemaNode | undefined;
  /** Node of the elements of a list, or of the values of a map. */
  readonly element: SchemaNode | undefined;
  /** Whether unknown fields are kept (custom resources). */
  readonly preservesUnknown: boolean;
  readonly nullable: boolean;
  readonly listType: 'atomic' | 'set' | 'map';
  readonly listKeys: readonly string[];
  /** Whether a map or object has one owner as a whole. */
  readonly atomic: boolean;
  /**
   * For strategic merge patch: the field that identifies list elements, and the strategies `merge`, `replace`, and
   * `retainKeys`.
   */
  readonly mergeKey: string | undefined;
  readonly patchStrategies: readonly string[];
  readonly enum: readonly Json[] | undefined;
  /** Default in the schema. For built-in kinds, this is usually Go's zero value, which the server does not write. */
  readonly schemaDefault: Json | undefined;
  /** The schema as published, for rules that only custom resources have. */
  readonly raw: RawSchema;
}

const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity';

/** Converts published schemas to nodes, once for each location. */
export function nodeReader(definitions: { readonly [name: string]: RawSchema }) {
  const named = new Map<string, SchemaNode>();
  const known = new WeakMap<RawSchema, SchemaNode>();

  function ofDefinition(name: string): SchemaNode | undefined {
    const found = named.get(name);
    if (found) return found;
    const raw = definitions[name];
    if (!raw) return undefined;
    const node = makeNode(raw, raw, name, of);
    named.set(name, node);
    return node;
  }

  function of(raw: RawSchema): SchemaNode {
    const found = known.get(raw);
    if (found) return found;
    const reference = raw.$ref ?? raw.allOf?.find(({ $ref }) => $ref !== undefined)?.$ref;
    const target = reference === undefined ? undefined : definitions[reference];
    const node = makeNode(target ?? raw, raw, reference, of);
    known.set(raw, node);
    return node;
  }

  return { ofDefinition, of };
}

export type NodeReader = ReturnType<typeof nodeReader>;

/**
 * @param raw the resolved schema
 * @param site the schema next to its reference (list type, merge key, default)
 */
function makeNode(
  raw: RawSchema,
  site: RawSchema,
  definition: string | undefined,
  of: (raw: RawSchema) => SchemaNode,
): SchemaNode {
  const extension = (name: `x-kubernetes-${string}`): Json | undefined => site[name] ?? raw[name];
  const names = (value: Json | undefined): string[] =>
    Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
  const text = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined);
  const shape = shapeOf(raw, definition);
  const listType = text(extension('x-kubernetes-list-type'));
  const properties = shape === 'object' ? raw.properties : undefined;
  const inner =
    shape === 'list'
      ? raw.items
      : shape === 'map' && typeof raw.additionalProperties === 'object'
        ? raw.additionalProperties
        : undefined;
  return {
    definition,
    shape,
    format: raw.format,
    fields: properties ? Object.keys(properties) : [],
    required: raw.required ?? [],
    field(name) {
      const found = properties && Object.hasOwn(properties, name) ? properties[name] : undefined;
      return found ? of(found) : undefined;
    },
    get element() {
      return inner ? of(inner) : undefined;
    },
    preservesUnknown: extension('x-kubernetes-preserve-unknown-fields') === true,
    nullable: raw.nullable === true,
    listType: listType === 'set' || listType === 'map' ? listType : 'atomic',
    listKeys: names(extension('x-kubernetes-list-map-keys')),
    atomic: extension('x-kubernetes-map-type') === 'atomic' || (shape === 'any' && raw.type === undefined),
    mergeKey: text(extension('x-kubernetes-patch-merge-key')),
    patchStrategies: (text(extension('x-kubernetes-patch-strategy')) ?? '').split(',').filter(Boolean),
    enum: raw.enum ?? site.enum,
    schemaDefault: site.default ?? raw.default,
    raw,
  };
}

function shapeOf(raw: RawSchema, definition: string | undefined): Shape {
  if (raw['x-kubernetes-int-or-string'] === true || raw.format === 'int-or-string') return 'int-or-string';
  if (definition === QUANTITY) return 'quantity';
  switch (raw.type) {
    case 'array':
      return 'list';
    case 'string':
    case 'integer':
    case 'number':
    case 'boolean':
      return raw.type;
    case 'object':
      if (raw.properties) return 'object';
      return typeof raw.additionalProperties === 'object' ? 'map' : 'any';
    default:
      return raw.properties ? 'object' : 'any';
  }
}
