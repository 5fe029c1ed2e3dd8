import type { Json, JsonObject } from '#kernel';
import { kubernetesSchemas, type SchemaNode } from '#kubernetes/schemas';
import type { Dice } from '#testing';

/** Path to a leaf field of a kind: field names, and list elements with the fields that identify them. */
export type Way = readonly (string | JsonObject)[];

/** A leaf field that random sequences may set. */
export interface Leaf {
  readonly way: Way;
  readonly node: SchemaNode;
}

/** Element that sequences write in each list with keys, with its required fields. */
const ELEMENTS: Readonly<Record<string, JsonObject>> = {
  containers: { name: 'web', image: 'registry.example/web:1' },
  env: { name: 'A' },
  'containers.ports': { containerPort: 8080, protocol: 'TCP' },
  'spec.ports': { port: 80, protocol: 'TCP' },
};

/** Maximum depth. Deeper fields belong to structures with rules of their own. */
const DEPTH = 9;

/**
 * Returns the leaf fields below the given fields, in the schema's order. Lists are included only if `ELEMENTS` has an
 * element for them. A field that matches `without` is left out with everything below it.
 */
export function leavesOf(
  apiVersion: string,
  kind: string,
  { below, without }: { readonly below: readonly string[]; readonly without: RegExp },
): readonly Leaf[] {
  const schemas = kubernetesSchemas();
  const resource = schemas.kind(apiVersion, kind);
  const root = resource && schemas.schemaOf(resource);
  if (!root) throw new Error(`${apiVersion} ${kind} is not a known kind`);
  const found: Leaf[] = [];
  const walk = (node: SchemaNode, way: Way, dotted: string): void => {
    if (without.test(dotted) || way.length > DEPTH) return;
    if (node.shape === 'object' && node.fields.length > 0) {
      for (const name of node.fields) {
        const field = node.field(name);
        if (field) walk(field, [...way, name], dotted === '' ? name : `${dotted}.${name}`);
      }
    } else if (node.shape === 'list' && node.element?.shape === 'object') {
      const element = elementAt(dotted);
      if (element)
        for (const name of node.element.fields)
          if (!(name in element)) walk(node.element.field(name) ?? node, [...way, element, name], `${dotted}.${name}`);
    } else if (isLeaf(node)) found.push({ way, node });
  };
  for (const name of below) {
    const path = name.split('.');
    const node = path.reduce<SchemaNode | undefined>((here, step) => here?.field(step), root);
    if (node) walk(node, path, name);
  }
  return found;
}

const elementAt = (dotted: string): JsonObject | undefined =>
  Object.entries(ELEMENTS).find(([end]) => dotted === end || dotted.endsWith(`.${end}`))?.[1];

const isLeaf = ({ shape, element }: SchemaNode): boolean =>
  ['string', 'integer', 'boolean', 'quantity', 'int-or-string'].includes(shape) ||
  ((shape === 'map' || shape === 'list') && element !== undefined && ['string', 'quantity'].includes(element.shape));

/** Returns a random value of the leaf's type. Most of them also pass the server's validation. */
export function drawValue(dice: Dice, { way, node }: Leaf): Json {
  const name = String(way.at(-1));
  if (node.enum && node.enum.length > 0) return dice.pick(node.enum);
  switch (node.shape) {
    case 'boolean':
      return dice.oneIn(2);
    case 'integer':
      return name === 'port' || name === 'containerPort' ? dice.pick([80, 443, 8080]) : dice.pick([1, 2, 3, 5, 10]);
    case 'quantity':
      return dice.pick(['1', '100m', '1000m', '0.5', '1Gi', '1024Mi', '1e3']);
    case 'int-or-string':
      return dice.pick<Json>([1, 2, '25%', '50%']);
    case 'map':
      return mapOf(dice, node, name);
    case 'list':
      return dice.pick([['one'], ['one', 'two'], ['two', 'one']]);
    default:
      return node.format === 'byte' ? dice.pick(['YQ==', 'YWI=', '']) : dice.pick(['one', 'two', 'three-3']);
  }
}

function mapOf(dice: Dice, { element }: SchemaNode, name: string): JsonObject {
  if (name === 'limits') return someOf(dice, { cpu: ['2', '4000m'], memory: ['2Gi', '4096Mi'] });
  if (name === 'requests') return someOf(dice, { cpu: ['1', '100m', '0.5'], memory: ['1Gi', '1024Mi', '1e3'] });
  const values =
    element?.shape === 'quantity' ? ['1', '100m'] : element?.format === 'byte' ? ['YQ==', 'YWI='] : ['one', 'two', ''];
  return someOf(dice, { a: values, b: values, 'c.example/d': values });
}

const someOf = (dice: Dice, choices: { readonly [key: string]: readonly string[] }): JsonObject =>
  Object.fromEntries(
    Object.entries(choices)
      .filter(() => !dice.oneIn(3))
      .map(([key, values]) => [key, dice.pick(values)]),
  );

/** Returns an object with one value at a path, including the list elements on it. */
export function treeWith(way: Way, value: Json): Json {
  const [step, ...rest] = way;
  if (step === undefined) return value;
  if (typeof step === 'string') return { [step]: treeWith(rest, value) };
  const inner = treeWith(rest, value);
  return [{ ...step, ...(inner as JsonObject) }]; // a field name follows every element
}

/** Merges two such objects: maps by member, lists by element. */
export function joined(left: Json | undefined, right: Json): Json {
  if (left === undefined || typeof left !== 'object' || typeof right !== 'object' || left === null || right === null)
    return right;
  if (Array.isArray(left) && Array.isArray(right)) {
    const [a, b] = [left as readonly Json[], right as readonly Json[]];
    if (typeof a[0] !== 'object') return b;
    return [joined(a[0], b[0] ?? {}), ...a.slice(1)];
  }
  if (Array.isArray(left) || Array.isArray(right)) return right;
  const [a, b] = [left as JsonObject, right as JsonObject];
  return Object.fromEntries(
    [...new Set([...Object.keys(a), ...Object.keys(b)])].map((key) => [
      key,
      key in b ? joined(a[key], b[key] ?? null) : (a[key] ?? null),
    ]),
  );
}

/** Converts a path to a JSON pointer to the first element of each list. */
export const pointerOf = (way: Way): string =>
  way
    .map((step) => (typeof step === 'string' ? `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}` : '/0'))
    .join('');
