import type { Json } from '#kernel';
import type { SchemaNode, Shape } from '#kubernetes/schemas';

/** A field of an object to send with the zero value of its type. */
export interface ZeroProbe {
  readonly definition: string;
  readonly field: string;
  readonly zero: Json;
  readonly shape: Shape;
  readonly path: readonly (string | number)[];
}

const ZERO: { readonly [shape in Shape]?: Json } = {
  string: '',
  integer: 0,
  number: 0,
  boolean: false,
  list: [],
  map: {},
  object: {},
  'int-or-string': 0,
  quantity: '0',
};
const OWN_METADATA = new Set([
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
  'managedFields',
  'selfLink',
]);

/** Returns all fields of all objects in a sample. */
export function zeroProbes(root: SchemaNode | undefined, sample: unknown): ZeroProbe[] {
  const found: ZeroProbe[] = [];
  const walk = (node: SchemaNode | undefined, value: unknown, path: readonly (string | number)[]): void => {
    if (!node || value === undefined) return;
    if (node.shape === 'list' && Array.isArray(value))
      value.forEach((element, index) => walk(node.element, element, [...path, index]));
    if (node.shape !== 'object' || typeof value !== 'object' || value === null) return;
    for (const field of node.fields) {
      if (path.length === 0 && ['apiVersion', 'kind', 'metadata', 'status'].includes(field)) continue;
      if (path.length === 1 && path[0] === 'metadata' && OWN_METADATA.has(field)) continue;
      const inner = node.field(field);
      const zero = inner && ZERO[inner.shape];
      if (inner && zero !== undefined && node.definition !== undefined)
        found.push({ definition: node.definition, field, zero, shape: inner.shape, path: [...path, field] });
      walk(inner, (value as Record<string, unknown>)[field], [...path, field]);
    }
  };
  walk(root, sample, []);
  const metadata = root?.field('metadata');
  walk(metadata, (sample as { metadata?: unknown }).metadata, ['metadata']);
  return found;
}

/** Returns a copy with one value replaced. */
export function withValue(value: unknown, path: readonly (string | number)[], set: Json): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return set;
  if (Array.isArray(value))
    return value.map((element, index) => (index === key ? withValue(element, rest, set) : element));
  const tree = (value ?? {}) as Record<string, unknown>;
  return { ...tree, [key]: withValue(tree[key], rest, set) };
}

export const valueAt = (value: unknown, path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Record<string | number, unknown>)[key] : undefined),
    value,
  );
