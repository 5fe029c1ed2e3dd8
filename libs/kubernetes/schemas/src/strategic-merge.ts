import { canonicalJson, err, ok, type Json, type JsonObject, type Result } from '#kernel';
import type { PatchError } from './json-patch.ts';
import type { SchemaNode } from './node.ts';
import { fieldNode, goText, isList, isTree, type MaybeNode } from './typed.ts';

const PATCH = '$patch';
const RETAIN = '$retainKeys';
const ORDER = '$setElementOrder/';
const DELETE_FROM = '$deleteFromPrimitiveList/';

class BadPatch extends Error {
  constructor(
    message: string,
    readonly code: 400 | 422 | 500,
  ) {
    super(message);
  }
}

/**
 * Applies a strategic merge patch: lists with a merge key are merged, others are replaced. `$patch`, `$retainKeys`,
 * `$setElementOrder/…`, and `$deleteFromPrimitiveList/…` change this. Elements of the patch precede those that it does
 * not contain, unless the live order differs.
 */
export function strategicMerge(
  root: SchemaNode | undefined,
  target: JsonObject,
  patch: Json,
): Result<JsonObject, PatchError> {
  if (!isTree(patch))
    return err({
      code: 400,
      message: `error decoding patch: json: cannot unmarshal ${isList(patch) ? 'array' : typeof patch} into Go value of type map[string]interface {}`,
    });
  try {
    return ok(mergeMap(root, target, patch));
  } catch (fault) {
    if (fault instanceof BadPatch) return err({ code: fault.code, message: fault.message });
    throw fault;
  }
}

type Mutable = { [name: string]: Json };

function mergeMap(node: MaybeNode, target: JsonObject, patch: JsonObject): JsonObject {
  const directive = patch[PATCH];
  if (directive !== undefined) {
    if (directive === 'replace') return without(patch, PATCH);
    if (directive === 'delete') return {};
    throw new BadPatch(`unknown patch type: ${goText(directive)} in map: ${goText(patch)}`, 500);
  }
  const merged: Mutable = retained(target, patch);
  const done = new Set<string>([PATCH, RETAIN]);
  for (const [key, order] of Object.entries(patch)) {
    if (!key.startsWith(ORDER)) continue;
    const name = key.slice(ORDER.length);
    done.add(key).add(name);
    orderList(fieldNode(node, name), merged, { name, given: patch[name], order });
  }
  for (const [key, value] of Object.entries(patch)) {
    if (done.has(key) || value === undefined) continue;
    if (key.startsWith(DELETE_FROM)) {
      const name = key.slice(DELETE_FROM.length);
      const list = merged[name];
      if (isList(list) && isList(value)) {
        const gone = new Set(value.map(canonicalJson));
        merged[name] = list.filter((item) => !gone.has(canonicalJson(item)));
      }
      continue;
    }
    const child = fieldNode(node, key);
    const live = merged[key];
    if (value === null) delete merged[key];
    else if (isTree(value) && isTree(live))
      merged[key] = child?.patchStrategies.includes('replace') === true ? value : mergeMap(child, live, value);
    else if (isList(value) && isList(live)) merged[key] = mergeList(child, live, value);
    else merged[key] = clean(value);
  }
  return merged;
}

/** Applies `$retainKeys`: removes all members that it does not list. */
function retained(target: JsonObject, patch: JsonObject): Mutable {
  const keys = patch[RETAIN];
  const kept: Mutable = {};
  for (const [name, value] of Object.entries(target))
    if (value !== undefined && (!isList(keys) || keys.includes(name))) kept[name] = value;
  if (!isList(keys)) return kept;
  const stray = Object.keys(patch).find(
    (name) => !name.startsWith('$') && patch[name] !== null && !keys.includes(name),
  );
  if (stray !== undefined) throw new BadPatch(`Invalid $retainKeys: ${goText(keys)} does not contain ${stray}`, 500);
  return kept;
}

function orderList(
  node: MaybeNode,
  merged: Mutable,
  { name, given, order }: { readonly name: string; readonly given: Json | undefined; readonly order: Json | undefined },
): void {
  const live = merged[name];
  if (!isList(order)) throw new BadPatch(`invalid patch format of ${ORDER.slice(0, -1)} list`, 500);
  const before = isList(live) ? live : [];
  const patched = isList(given) ? given : [];
  if (!isList(live) && !isList(given)) return;
  checkOrder(node, patched, order);
  const items = !isList(given)
    ? before
    : isList(live)
      ? mergeList(node, live, given)
      : (clean(given) as readonly Json[]);
  merged[name] = arrange(node, items, order, before);
}

/** Checks that the order lists every element of the patch, in the same sequence. */
function checkOrder(node: MaybeNode, patched: readonly Json[], order: readonly Json[]): void {
  const ids = order.map((item) => idOf(node, item));
  let from = 0;
  for (const item of patched) {
    if (isTree(item) && item[PATCH] !== undefined) continue;
    const id = idOf(node, item);
    while (from < ids.length && ids[from] !== id) from += 1;
    if (from === ids.length)
      throw new BadPatch(
        `The order in patch list:\n${goText(patched)}\n doesn't match ${ORDER.slice(0, -1)} list:\n${goText(order)}\n`,
        500,
      );
    from += 1;
  }
}

function mergeList(node: MaybeNode, live: readonly Json[], patch: readonly Json[]): readonly Json[] {
  if (node?.patchStrategies.includes('merge') !== true) return clean(patch) as readonly Json[];
  const key = node.mergeKey;
  if (key === undefined || ![...live, ...patch].every(isTree)) {
    const items = new Map([...live, ...patch].map((item) => [canonicalJson(item), item] as const));
    return arrange(node, [...items.values()], patch, live);
  }
  const items = new Map(live.map((item) => [idOf(node, item), item] as const));
  const plain: JsonObject[] = [];
  let replaces = false;
  for (const item of patch) {
    if (!isTree(item)) continue;
    const directive = item[PATCH];
    if (directive === undefined) plain.push(item);
    else if (directive === 'delete') {
      if (item[key] === undefined) throw noKey(item, key);
      items.delete(idOf(node, item));
    } else if (directive === 'replace') replaces = true;
    else
      throw new BadPatch(
        directive === 'merge'
          ? 'merging lists cannot yet be specified in the patch'
          : `unknown patch type: ${goText(directive)} in map: ${goText(item)}`,
        500,
      );
  }
  if (replaces) return plain;
  for (const item of plain) {
    if (item[key] === undefined) throw noKey(item, key);
    const known = items.get(idOf(node, item));
    items.set(idOf(node, item), isTree(known) ? mergeMap(node.element, known, item) : clean(item));
  }
  return arrange(node, [...items.values()], plain, live);
}

const noKey = (item: JsonObject, key: string): BadPatch =>
  new BadPatch(`map: ${goText(item)} does not contain declared merge key: ${key}`, 500);

/** Returns the identity of a list element: the value of the merge key, or the element itself. */
const idOf = (node: MaybeNode, item: Json): string => {
  const key = node?.mergeKey;
  return canonicalJson(key !== undefined && isTree(item) ? (item[key] ?? null) : item);
};

/** Sorts the elements in `order`, and inserts the others at their positions in the live list. */
function arrange(
  node: MaybeNode,
  items: readonly Json[],
  order: readonly Json[],
  live: readonly Json[],
): readonly Json[] {
  const placesIn = (list: readonly Json[]) => new Map(list.map((item, index) => [idOf(node, item), index] as const));
  const [orderPlaces, livePlaces] = [placesIn(order), placesIn(live)];
  const place = (places: ReadonlyMap<string, number>, item: Json) => places.get(idOf(node, item)) ?? -1;
  const sortBy = (list: readonly Json[], by: ReadonlyMap<string, number>) =>
    list.toSorted((a, b) => rank(place(by, a)) - rank(place(by, b)));
  const named = sortBy(
    items.filter((item) => place(orderPlaces, item) >= 0),
    orderPlaces,
  );
  const others = sortBy(
    items.filter((item) => place(orderPlaces, item) < 0),
    livePlaces,
  );
  const arranged: Json[] = [];
  let right = 0;
  for (const other of others) {
    const otherPlace = place(livePlaces, other);
    for (let mine = named[right]; mine !== undefined; mine = named[right]) {
      const minePlace = place(livePlaces, mine);
      if (otherPlace >= 0 && minePlace >= 0 && otherPlace < minePlace) break;
      arranged.push(mine);
      right += 1;
    }
    arranged.push(other);
  }
  return [...arranged, ...named.slice(right)];
}

const rank = (place: number): number => (place < 0 ? Number.MAX_SAFE_INTEGER : place);

/** Returns a new value without patch directives and without nulls in maps. */
function clean(value: Json): Json {
  if (isList(value)) return value.flatMap((item) => (isTree(item) && item[PATCH] !== undefined ? [] : [clean(item)]));
  if (!isTree(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) =>
      name === PATCH ||
      name === RETAIN ||
      name.startsWith(ORDER) ||
      name.startsWith(DELETE_FROM) ||
      member === null ||
      member === undefined
        ? []
        : [[name, clean(member)]],
    ),
  );
}

const without = (value: JsonObject, name: string): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([key]) => key !== name));
