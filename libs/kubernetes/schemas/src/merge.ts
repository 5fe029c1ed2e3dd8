import type { Json } from '#kernel';
import type { SchemaNode } from './node.ts';
import { fieldNode, isList, isTree, itemElement, ownershipOf, type MaybeNode } from './typed.ts';

/**
 * Merges as server-side apply does: values of `right` apply, and values that it does not contain are kept. Lists with
 * keys are merged by element, in the order of `right`, with the other elements at their previous positions.
 */
export function mergeTyped(node: MaybeNode, left: Json | undefined, right: Json | undefined): Json | undefined {
  if (right === undefined) return left;
  if (left === undefined && !isTree(right) && !isList(right)) return right;
  if (isTree(right) && ownershipOf(node, right) === 'fields') {
    const base = isTree(left) ? left : {};
    const merged: { [key: string]: Json } = {};
    for (const [key, member] of Object.entries(base)) if (member !== undefined) merged[key] = member;
    for (const [key, member] of Object.entries(right)) {
      const value = mergeTyped(fieldNode(node, key), base[key], member);
      if (value !== undefined) merged[key] = value;
    }
    return merged;
  }
  if (isList(right) && node && ownershipOf(node, right) === 'elements')
    return mergeLists(node, isList(left) ? left : [], right);
  return right;
}

interface Indexed {
  readonly elements: readonly string[];
  readonly values: ReadonlyMap<string, Json>;
}

function index(node: SchemaNode, list: readonly Json[]): Indexed {
  const elements: string[] = [];
  const values = new Map<string, Json>();
  for (const item of list) {
    const element = itemElement(node, item) ?? '';
    elements.push(element);
    if (!values.has(element)) values.set(element, item);
  }
  return { elements, values };
}

function mergeLists(node: SchemaNode, left: readonly Json[], right: readonly Json[]): Json[] {
  const [old, given] = [index(node, left), index(node, right)];
  const shared = given.elements.filter((element) => old.values.has(element));
  const taken = new Set<string>();
  const merged: Json[] = [];
  const take = (element: string) => {
    taken.add(element);
    const both =
      node.listType === 'set'
        ? given.values.get(element)
        : mergeTyped(node.element, old.values.get(element), given.values.get(element));
    if (both !== undefined) merged.push(both);
  };
  let next = shared.shift();
  for (let l = 0, r = 0; l < left.length || r < right.length;) {
    const [oldElement, newElement] = [old.elements[l], given.elements[r]];
    if (oldElement !== undefined && newElement !== undefined) {
      if (oldElement === newElement) {
        take(newElement);
        l += 1;
        r += 1;
        next = shared.shift();
        continue;
      }
      if (given.values.has(oldElement) && next !== undefined && next !== oldElement) {
        l += 1; // added at its position in the new list
        continue;
      }
    }
    if (oldElement !== undefined) {
      if (!given.values.has(oldElement)) {
        const item = left[l];
        if (item !== undefined) merged.push(item);
        l += 1;
        continue;
      }
      if (taken.has(oldElement)) l += 1;
    }
    if (newElement !== undefined) {
      take(newElement);
      r += 1;
      if (next === newElement) next = shared.shift();
    }
  }
  return merged;
}
