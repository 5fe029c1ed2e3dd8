import type { Json } from '#kernel';
import type { SchemaNode } from './node.ts';
import { isList, isTree } from './typed.ts';

/**
 * Removes fields that are not in a custom resource's schema. Zero values and empty maps are kept, because custom
 * resources have no Go type.
 * @param unknown receives the paths of removed fields
 */
export function pruneCustom(node: SchemaNode, value: Json, path: string, unknown: string[]): Json {
  if (isList(value)) {
    const { element } = node;
    return element ? value.map((item, index) => pruneCustom(element, item, `${path}[${index}]`, unknown)) : value;
  }
  if (!isTree(value)) return value;
  if (node.shape !== 'object' && node.shape !== 'map' && isOpen(node)) return value;
  const result: { [name: string]: Json } = {};
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    const here = path === '' ? name : `${path}.${name}`;
    const field = node.shape === 'map' ? node.element : node.field(name);
    if (field) {
      const isDefaulted = member === null && !field.nullable && field.schemaDefault !== undefined;
      if (!isDefaulted) result[name] = pruneCustom(field, member, here, unknown);
    } else if (node.preservesUnknown) result[name] = member;
    else unknown.push(here);
  }
  return result;
}

/** Returns whether the node accepts any members: it has no structure, or preserves unknown fields. */
const isOpen = (node: SchemaNode): boolean =>
  node.preservesUnknown || node.raw.type !== 'object' || node.raw.additionalProperties !== undefined;

/** Applies the defaults of a schema to missing fields. Idempotent. */
export function defaultCustom(node: SchemaNode, value: Json): Json {
  if (isList(value)) {
    const { element } = node;
    return element ? value.map((item) => defaultCustom(element, item)) : value;
  }
  if (!isTree(value)) return value;
  const { element } = node;
  const result: { [name: string]: Json } = {};
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    const field = node.shape === 'map' ? element : node.field(name);
    result[name] = field && !isMetadata(field) ? defaultCustom(field, member) : member;
  }
  for (const name of node.fields) {
    const field = node.field(name);
    if (!field || Object.hasOwn(result, name) || field.schemaDefault === undefined || isMetadata(field)) continue;
    result[name] = defaultCustom(field, field.schemaDefault);
  }
  return result;
}

const isMetadata = (node: SchemaNode): boolean => node.definition?.endsWith('.ObjectMeta') === true;
