import { canonicalJson, type Json, type JsonObject } from '#kernel';
import { elementText, FieldSetBuilder, type FieldSet } from './field-set.ts';
import type { SchemaNode } from './node.ts';

/** A schema node, or undefined for values without a schema. Those have granular maps and atomic lists. */
export type MaybeNode = SchemaNode | undefined;

export const isTree = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

/** How a value is owned: as a whole, by field, or by list element. */
export type Ownership = 'leaf' | 'fields' | 'elements';

export function ownershipOf(node: MaybeNode, value: Json | undefined): Ownership {
  if (!node || (node.shape === 'any' && !node.atomic)) return isTree(value) ? 'fields' : 'leaf';
  switch (node.shape) {
    case 'object':
    case 'map':
      return node.atomic ? 'leaf' : 'fields';
    case 'list':
      return node.listType === 'atomic' ? 'leaf' : 'elements';
    default:
      return 'leaf';
  }
}

export const fieldNode = (node: MaybeNode, name: string): MaybeNode => {
  if (!node) return undefined;
  return node.shape === 'object' ? node.field(name) : node.element;
};

/** Returns whether the name is a field of a type, as opposed to a key of a map. */
const isNamedField = (node: MaybeNode, name: string): boolean =>
  node?.shape === 'object' && node.field(name) !== undefined;

/**
 * Returns the path element of a list item; missing keys take their default.
 * @returns undefined if the item lacks a key
 */
export function itemElement(node: SchemaNode, item: Json): string | undefined {
  if (node.listType === 'set') return `v:${canonicalJson(item)}`;
  if (!isTree(item)) return undefined;
  const keys: { [key: string]: Json } = {};
  for (const key of node.listKeys) {
    const value = item[key] ?? node.element?.field(key)?.schemaDefault;
    if (value === undefined || value === null) {
      if (node.listKeys.length === 1) return undefined;
      continue;
    }
    keys[key] = value;
  }
  return `k:${canonicalJson(keys)}`;
}

/** Returns all paths of a value. */
export function toFieldSet(node: MaybeNode, value: Json): FieldSet {
  const builder = new FieldSetBuilder();
  collect(node, value, builder);
  return builder.build();
}

function collect(node: MaybeNode, value: Json, into: FieldSetBuilder): void {
  if (isTree(value)) {
    for (const [key, member] of Object.entries(value)) {
      if (member === undefined) continue;
      const child = fieldNode(node, key);
      const ownership = ownershipOf(child, member);
      const element = `f:${key}`;
      if (ownership === 'leaf' || member === null || (isTree(member) && Object.keys(member).length === 0))
        into.add(element);
      else collect(child, member, into.below(element));
      if (!isNamedField(node, key)) into.add(element);
    }
    return;
  }
  if (isList(value) && node) {
    for (const item of value) {
      const element = itemElement(node, item);
      if (element === undefined) continue;
      into.add(element);
      if (node.listType === 'map' && ownershipOf(node.element, item) !== 'leaf')
        collect(node.element, item, into.below(element));
    }
  }
}

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/**
 * Compares two objects of the same kind. Added or removed paths are reported together with their added or removed
 * ancestors.
 */
export function compareTyped(node: MaybeNode, left: Json | undefined, right: Json | undefined): Comparison {
  const into = { added: new FieldSetBuilder(), modified: new FieldSetBuilder(), removed: new FieldSetBuilder() };
  compareInside(node, left, right, into);
  return { added: into.added.build(), modified: into.modified.build(), removed: into.removed.build() };
}

interface Comparing {
  readonly added: FieldSetBuilder;
  readonly modified: FieldSetBuilder;
  readonly removed: FieldSetBuilder;
}

function compareInside(node: MaybeNode, left: Json | undefined, right: Json | undefined, into: Comparing): void {
  if (left === right) return;
  if (node?.shape === 'list') {
    const [before, after] = [indexed(node, left), indexed(node, right)];
    for (const element of new Set([...before.keys(), ...after.keys()])) {
      comparePlace(
        node.listType === 'map' ? node.element : undefined,
        element,
        { left: before.get(element), right: after.get(element), set: node.listType === 'set' },
        into,
      );
    }
    return;
  }
  const [before, after] = [isTree(left) ? left : {}, isTree(right) ? right : {}];
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    comparePlace(fieldNode(node, key), `f:${key}`, { left: before[key], right: after[key], set: false }, into);
  }
}

function comparePlace(
  node: MaybeNode,
  element: string,
  { left, right, set }: { readonly left: Json | undefined; readonly right: Json | undefined; readonly set: boolean },
  into: Comparing,
): void {
  if (left === undefined && right === undefined) return;
  if (left === undefined) into.added.add(element);
  else if (right === undefined) into.removed.add(element);
  if (set) return;
  const ownership = ownershipOf(node, left ?? right);
  if (ownership === 'leaf' || (left !== undefined && right !== undefined && ownershipOf(node, right) === 'leaf')) {
    if (left !== undefined && right !== undefined && !sameJson(left, right)) into.modified.add(element);
    return;
  }
  compareInside(node, left, right, {
    added: into.added.below(element),
    modified: into.modified.below(element),
    removed: into.removed.below(element),
  });
}

/** Indexes list items by path element. Of duplicates, the first one counts. */
function indexed(node: SchemaNode, list: Json | undefined): Map<string, Json> {
  const items = new Map<string, Json>();
  if (!isList(list)) return items;
  for (const item of list) {
    const element = itemElement(node, item);
    if (element !== undefined && !items.has(element)) items.set(element, item);
  }
  return items;
}

/** Compares JSON values. The order of members is ignored, and `undefined` counts as missing. */
export function sameJson(left: Json | undefined, right: Json | undefined): boolean {
  if (left === right) return true;
  if (isList(left))
    return isList(right) && left.length === right.length && left.every((item, index) => sameJson(item, right[index]));
  if (!isTree(left) || !isTree(right)) return false;
  const keys = Object.keys(left).filter((key) => left[key] !== undefined);
  if (keys.length !== Object.keys(right).filter((key) => right[key] !== undefined).length) return false;
  return keys.every((key) => right[key] !== undefined && sameJson(left[key], right[key]));
}

/** Removes paths from a value. A map or list that becomes empty is `null`, as on a server. */
export function removeItems(node: MaybeNode, value: Json, set: FieldSet): Json {
  if (isTree(value)) {
    if (ownershipOf(node, value) === 'leaf') return value;
    const kept: { [key: string]: Json } = {};
    for (const [key, member] of Object.entries(value)) {
      const element = `f:${key}`;
      if (member === undefined || set.members.has(element)) continue;
      const below = set.children.get(element);
      kept[key] = below ? removeItems(fieldNode(node, key), member, below) : member;
    }
    return Object.keys(kept).length > 0 ? kept : null;
  }
  if (isList(value) && node && ownershipOf(node, value) === 'elements') {
    const kept: Json[] = [];
    for (const item of value) {
      const element = itemElement(node, item);
      if (element !== undefined && set.members.has(element)) continue;
      const below = element === undefined ? undefined : set.children.get(element);
      kept.push(below ? removeItems(node.element, item, below) : item);
    }
    return kept.length > 0 ? kept : null;
  }
  return value;
}

/**
 * Adds the ancestors of each member that are fields of a type: a set with `.a.b.c` then also contains `.a` and `.a.b`.
 */
export function withNamedFields(node: MaybeNode, set: FieldSet): FieldSet {
  const members = new Set(set.members);
  const children = new Map<string, FieldSet>();
  for (const [element, child] of set.children) {
    const name = element.startsWith('f:') ? element.slice(2) : undefined;
    if (name !== undefined && isNamedField(node, name)) members.add(element);
    children.set(element, withNamedFields(name === undefined ? node?.element : fieldNode(node, name), child));
  }
  return { members, children };
}

/** Why a value cannot be merged by its schema; the message is the server's. */
export interface TypedError {
  readonly path: string;
  readonly message: string;
}

/**
 * Checks a value before a typed merge: unknown fields, wrong types, missing and duplicate list keys. Like a server, it
 * reports only the first error.
 */
export function typedFault(node: MaybeNode, value: Json, path = ''): TypedError | undefined {
  if (!node || value === null) return undefined;
  switch (node.shape) {
    case 'object':
    case 'map': {
      if (!isTree(value)) return { path, message: `expected map, got &{${goText(value)}}` };
      for (const [key, member] of Object.entries(value)) {
        if (member === undefined) continue;
        const child = fieldNode(node, key);
        if (!child && node.shape === 'object' && !node.preservesUnknown)
          return { path: `${path}.${key}`, message: 'field not declared in schema' };
        const found = typedFault(child, member, `${path}.${key}`);
        if (found) return found;
      }
      return undefined;
    }
    case 'list':
      return isList(value) ? listFault(node, value, path) : { path, message: `expected list, got &{${goText(value)}}` };
    case 'string':
      return typeof value === 'string'
        ? undefined
        : { path, message: `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}` };
    case 'integer':
    case 'number':
      return typeof value === 'number'
        ? undefined
        : { path, message: `expected numeric (int or float), got ${goType(value)}` };
    case 'boolean':
      return typeof value === 'boolean' ? undefined : { path, message: `expected boolean, got &{${goText(value)}}` };
    default:
      return undefined;
  }
}

function listFault(node: SchemaNode, list: readonly Json[], path: string): TypedError | undefined {
  const seen = new Set<string>();
  for (const [index, item] of list.entries()) {
    if (node.listType === 'atomic') {
      const found = typedFault(node.element, item, `${path}[${index}]`);
      if (found) return found;
      continue;
    }
    if (node.listType === 'map' && !isTree(item))
      return { path, message: `element ${index}: associative list with keys may not have non-map elements` };
    const element = itemElement(node, item);
    if (element === undefined)
      return {
        path,
        message: `element ${index}: associative list with keys has an element that omits key field ${JSON.stringify(node.listKeys[0])} (and doesn't have default value)`,
      };
    if (seen.has(element)) return { path, message: `duplicate entries for key ${elementText(element)}` };
    seen.add(element);
    const found = typedFault(node.element, item, `${path}${elementText(element)}`);
    if (found) return found;
  }
  return undefined;
}

/** Formats a decoded JSON value like Go's `%v`. */
export function goText(value: Json | undefined): string {
  if (isList(value)) return `[${value.map(goText).join(' ')}]`;
  if (isTree(value))
    return `map[${Object.keys(value)
      .sort()
      .map((key) => `${key}:${goText(value[key])}`)
      .join(' ')}]`;
  return value === null || value === undefined ? '<nil>' : String(value);
}

/** Formats a decoded JSON value like Go's `%#v`. */
function goSyntax(value: Json | undefined): string {
  if (isList(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (isTree(value))
    return `map[string]interface {}{${Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${goSyntax(value[key])}`)
      .join(', ')}}`;
  return value === null || value === undefined ? 'interface {}(nil)' : JSON.stringify(value);
}

function goType(value: Json): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  return isList(value) ? '[]interface {}' : 'map[string]interface {}';
}
