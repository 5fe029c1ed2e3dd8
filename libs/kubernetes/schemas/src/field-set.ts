import { canonicalJson, type Json, type JsonObject } from '#kernel';
import { LRUCache } from 'lru-cache';

/**
 * An immutable set of field paths, as managedFields records it. A path element is a field (`f:spec`), or a list element
 * by its keys (`k:{"name":"web"}`) or by its value (`v:"finalizer"`).
 */
export interface FieldSet {
  /** Path elements that are themselves in the set. */
  readonly members: ReadonlySet<string>;
  /** Path elements that have descendants in the set. */
  readonly children: ReadonlyMap<string, FieldSet>;
}

export const EMPTY: FieldSet = { members: new Set(), children: new Map() };

export const isEmpty = (set: FieldSet): boolean => set.members.size === 0 && set.children.size === 0;

/** Builds a field set. `build` omits empty branches. */
export class FieldSetBuilder {
  readonly #members = new Set<string>();
  readonly #children = new Map<string, FieldSetBuilder>();

  add(element: string): void {
    this.#members.add(element);
  }

  below(element: string): FieldSetBuilder {
    const found = this.#children.get(element);
    if (found) return found;
    const made = new FieldSetBuilder();
    this.#children.set(element, made);
    return made;
  }

  build(): FieldSet {
    const children = new Map<string, FieldSet>();
    for (const [element, child] of this.#children) {
      const built = child.build();
      if (!isEmpty(built)) children.set(element, built);
    }
    return this.#members.size === 0 && children.size === 0 ? EMPTY : { members: this.#members, children };
  }
}

export function union(left: FieldSet, right: FieldSet): FieldSet {
  if (left === right || isEmpty(right)) return left;
  if (isEmpty(left)) return right;
  const children = new Map(left.children);
  for (const [element, child] of right.children) {
    const other = children.get(element);
    children.set(element, other ? union(other, child) : child);
  }
  return { members: new Set([...left.members, ...right.members]), children };
}

export function intersection(left: FieldSet, right: FieldSet): FieldSet {
  const members = new Set([...left.members].filter((element) => right.members.has(element)));
  const children = new Map<string, FieldSet>();
  for (const [element, child] of left.children) {
    const other = right.children.get(element);
    const both = other && intersection(child, other);
    if (both && !isEmpty(both)) children.set(element, both);
  }
  return { members, children };
}

/** Returns the members of `left` that are not in `right`. A member of `right` does not remove its descendants. */
export function difference(left: FieldSet, right: FieldSet): FieldSet {
  if (isEmpty(right)) return left;
  const members = new Set([...left.members].filter((element) => !right.members.has(element)));
  const children = new Map<string, FieldSet>();
  for (const [element, child] of left.children) {
    const other = right.children.get(element);
    const rest = other ? difference(child, other) : child;
    if (!isEmpty(rest)) children.set(element, rest);
  }
  return { members, children };
}

/** Returns `left` without the members of `right` and their descendants. */
export function recursiveDifference(left: FieldSet, right: FieldSet): FieldSet {
  const members = new Set([...left.members].filter((element) => !right.members.has(element)));
  const children = new Map<string, FieldSet>();
  for (const [element, child] of left.children) {
    if (right.members.has(element)) continue;
    const other = right.children.get(element);
    const rest = other ? recursiveDifference(child, other) : child;
    if (!isEmpty(rest)) children.set(element, rest);
  }
  return { members, children };
}

export function sameSet(left: FieldSet, right: FieldSet): boolean {
  if (left === right) return true;
  if (left.members.size !== right.members.size || left.children.size !== right.children.size) return false;
  for (const element of left.members) if (!right.members.has(element)) return false;
  for (const [element, child] of left.children) {
    const other = right.children.get(element);
    if (!other || !sameSet(child, other)) return false;
  }
  return true;
}

/** Returns a set of one or more field paths: `['metadata', 'name']`. */
export function setOf(...paths: readonly (readonly string[])[]): FieldSet {
  const builder = new FieldSetBuilder();
  for (const path of paths) {
    let at = builder;
    for (const name of path.slice(0, -1)) at = at.below(`f:${name}`);
    const last = path.at(-1);
    if (last !== undefined) at.add(`f:${last}`);
  }
  return builder.build();
}

/** Size of the cache of encoded sets. Most writes leave most entries unchanged, and the next write decodes them. */
const RECENT = 1_000;
const written = new LRUCache<FieldSet, JsonObject>({ max: RECENT });
const read = new LRUCache<JsonObject, FieldSet>({ max: RECENT });

/**
 * Encodes a set as `fieldsV1` of a managedFields entry, with elements in the server's order (`.` first, then sorted).
 * Callers must not modify the result.
 */
export function toFieldsV1(set: FieldSet): JsonObject {
  const known = written.get(set);
  if (known) return known;
  const fields = fieldsOf(set);
  written.set(set, fields);
  read.set(fields, set);
  return fields;
}

function fieldsOf(set: FieldSet): JsonObject {
  const fields: { [element: string]: Json } = {};
  for (const element of [...new Set([...set.members, ...set.children.keys()])].sort()) {
    const child = set.children.get(element);
    const inner = child ? fieldsOf(child) : {};
    fields[element] = child && set.members.has(element) ? { '.': {}, ...inner } : inner;
  }
  return fields;
}

/** @returns undefined if the value is not valid fieldsV1 */
export function fromFieldsV1(fields: Json | undefined): FieldSet | undefined {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return undefined;
  const known = read.get(fields as JsonObject);
  if (known) return known;
  const set = setIn(fields, 0);
  if (set) read.set(fields as JsonObject, set);
  return set;
}

function setIn(fields: Json | undefined, depth: number): FieldSet | undefined {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields) || depth > 200) return undefined;
  const members = new Set<string>();
  const children = new Map<string, FieldSet>();
  for (const [element, inner] of Object.entries(fields)) {
    if (element === '.') continue;
    if (!/^[fkvi]:/.test(element)) return undefined;
    const child = setIn(inner, depth + 1);
    if (!child) return undefined;
    const key = element.startsWith('k:') ? canonicalKey(element) : element;
    if (key === undefined) return undefined;
    if (isEmpty(child) || hasDot(inner)) members.add(key);
    if (!isEmpty(child)) children.set(key, child);
  }
  return { members, children };
}

const hasDot = (value: Json | undefined): boolean =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, '.');

function canonicalKey(element: string): string | undefined {
  try {
    return `k:${canonicalJson(JSON.parse(element.slice(2)))}`;
  } catch {
    return undefined; // the caller reports the invalid set
  }
}

/** Formats members as in a server's conflict messages: `.spec.template.spec.containers[name="web"].image`. */
export function memberPaths(set: FieldSet, prefix = ''): string[] {
  const paths: string[] = [];
  for (const element of [...new Set([...set.members, ...set.children.keys()])].sort()) {
    const at = `${prefix}${elementText(element)}`;
    if (set.members.has(element)) paths.push(at);
    const child = set.children.get(element);
    if (child) paths.push(...memberPaths(child, at));
  }
  return paths;
}

/** Formats one path element: `.spec`, `[name="web"]`, `[="finalizer"]`. */
export function elementText(element: string): string {
  if (element.startsWith('f:')) return `.${element.slice(2)}`;
  if (element.startsWith('v:')) return `[=${element.slice(2)}]`;
  // Written by canonicalJson, or checked by fromFieldsV1.
  const keys = JSON.parse(element.slice(2)) as { readonly [key: string]: Json };
  return `[${Object.entries(keys)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(',')}]`;
}
