import type { Json, JsonObject } from '#kernel';
import { CONDITIONAL } from './conditional-defaults.ts';
import { defaultCustom } from './custom-objects.ts';
import type { ResourceData } from './data.ts';
import { NOTHING_KNOWN, type Known } from './known.ts';
import type { SchemaNode } from './node.ts';
import type { Schemas } from './schemas.ts';
import { isList, isTree } from './typed.ts';

/** Defaults in the recording that the server sets only on create. Later writes do not restore them. */
const ONCE: Readonly<Record<string, readonly string[]>> = {
  'io.k8s.api.core.v1.Namespace': ['spec', 'status'],
  'io.k8s.api.core.v1.Node': ['spec', 'status'],
  'io.k8s.api.core.v1.NodeSpec': ['taints'],
};

/**
 * Applies the server's defaults to missing fields. Idempotent.
 * @param known parts of a stored object of the same kind, at the same paths
 */
export function applyDefaults(
  schemas: Schemas,
  resource: ResourceData,
  object: JsonObject,
  known: Known = NOTHING_KNOWN,
): JsonObject {
  const root = schemas.schemaOf(resource);
  if (root && resource.custom) return defaultCustom(root, object) as JsonObject;
  return root ? structure(root, object, { schemas, rootKind: resource.kind, known }) : object;
}

interface Defaulting {
  readonly schemas: Schemas;
  readonly rootKind: string;
  readonly known: Known;
}

function structure(node: SchemaNode, object: JsonObject, how: Defaulting): JsonObject {
  const { schemas, rootKind, known } = how;
  const definition = node.definition ?? '';
  const result: { [name: string]: Json } = {};
  for (const [name, member] of Object.entries(object)) {
    if (member === undefined) continue;
    const field = node.field(name);
    result[name] = field ? value(field, member, how) : member;
  }
  const once = ONCE[definition] ?? [];
  for (const { field, value: given } of schemas.data.defaults[definition] ?? []) {
    if (!Object.hasOwn(result, field) && !once.includes(field)) result[field] = given;
  }
  for (const name of schemas.data.nullsZero[definition] ?? []) result[name] ??= null;
  for (const name of node.fields) {
    const field = node.field(name);
    // Go fields that are not pointers are always present.
    if (Object.hasOwn(result, name) || field?.shape !== 'object' || !isTree(field.schemaDefault) || once.includes(name))
      continue;
    result[name] = structure(field, {}, how);
  }
  CONDITIONAL[definition]?.(result, rootKind, known);
  return result;
}

function value(node: SchemaNode, member: Json, how: Defaulting): Json {
  if (how.known.has(member)) return member;
  if (isTree(member)) {
    if (node.shape === 'object') return structure(node, member, how);
    const { element } = node;
    if (node.shape !== 'map' || element?.shape !== 'object') return member;
    return Object.fromEntries(
      Object.entries(member).flatMap(([key, inner]) =>
        inner === undefined ? [] : [[key, value(element, inner, how)]],
      ),
    );
  }
  const { element } = node;
  return isList(member) && (element?.shape === 'object' || element?.shape === 'list')
    ? member.map((inner) => value(element, inner, how))
    : member;
}
