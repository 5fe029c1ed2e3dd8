import type { Json, JsonObject } from '#kernel';
import type { SchemaNode } from '#kubernetes/schemas';
import { isObject } from '../../store.ts';
import { causes, type Cause } from '../status.ts';

/** Validates an object against the schema of its CustomResourceDefinition. CEL rules are not evaluated. */
export function validateCustom(root: SchemaNode, object: JsonObject): readonly Cause[] {
  const found: Cause[] = [];
  for (const name of [...new Set([...root.required, ...root.fields])]) {
    if (name === 'apiVersion' || name === 'kind' || name === 'metadata') continue;
    checkMember(root, object, name, name, found);
  }
  return found;
}

function checkMember(node: SchemaNode, object: JsonObject, name: string, path: string, found: Cause[]): void {
  const [field, value] = [node.field(name), object[name]];
  if (value === undefined || (value === null && field?.nullable !== true && node.required.includes(name))) {
    if (node.required.includes(name)) found.push(causes.required(path));
  } else if (field) check(field, value, path, found);
}

const TYPES: Readonly<Record<string, (value: Json) => boolean>> = {
  string: (value) => typeof value === 'string',
  integer: (value) => typeof value === 'number' && Number.isInteger(value),
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  array: (value) => Array.isArray(value),
  object: isObject,
};

function typeOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' ? (Number.isInteger(value) ? 'integer' : 'number') : typeof value;
}

function check(node: SchemaNode, value: Json, path: string, found: Cause[]): void {
  if (value === null && node.nullable) return;
  const isEither = node.shape === 'int-or-string';
  const wanted = isEither ? 'integer,string' : node.raw.type;
  const fits = isEither
    ? TYPES['integer']?.(value) === true || typeof value === 'string'
    : wanted === undefined || TYPES[wanted]?.(value) !== false;
  if (!fits) {
    const type = typeOf(value);
    found.push({
      reason: 'FieldValueTypeInvalid',
      message: `Invalid value: ${JSON.stringify(type)}: ${path} in body must be of type ${wanted ?? ''}: ${JSON.stringify(type)}`,
      field: path,
    });
    return;
  }
  const { enum: allowed } = node;
  if (allowed && !allowed.some((item) => JSON.stringify(item) === JSON.stringify(value)))
    found.push(causes.unsupported(path, value, allowed.map(String)));
  found.push(...limits(node, value, path));
  if (Array.isArray(value)) {
    const { element } = node;
    if (element) (value as readonly Json[]).forEach((item, index) => check(element, item, `${path}[${index}]`, found));
  } else if (isObject(value)) {
    if (node.shape === 'map' && node.element)
      for (const [name, member] of Object.entries(value)) check(node.element, member ?? null, `${path}.${name}`, found);
    for (const name of new Set([...node.required, ...node.fields]))
      checkMember(node, value, name, `${path}.${name}`, found);
  }
}

function limits({ raw }: SchemaNode, value: Json, path: string): Cause[] {
  const broken: Cause[] = [];
  const say = (shown: Json, why: string) => broken.push(causes.invalid(path, shown, `${path} in body ${why}`));
  if (typeof value === 'number') {
    if (raw.minimum !== undefined && value < raw.minimum)
      say(value, `should be greater than or equal to ${raw.minimum}`);
    if (raw.maximum !== undefined && value > raw.maximum) say(value, `should be less than or equal to ${raw.maximum}`);
  } else if (typeof value === 'string') {
    const length = [...value].length;
    if (raw.minLength !== undefined && length < raw.minLength)
      say(value, `should be at least ${raw.minLength} chars long`);
    if (raw.maxLength !== undefined && length > raw.maxLength) broken.push(causes.tooLong(path, raw.maxLength));
    if (raw.pattern !== undefined && !matches(raw.pattern, value)) say(value, `should match '${raw.pattern}'`);
  } else if (Array.isArray(value)) {
    if (raw.minItems !== undefined && value.length < raw.minItems)
      say(value.length, `should have at least ${raw.minItems} items`);
    if (raw.maxItems !== undefined && value.length > raw.maxItems)
      broken.push({
        reason: 'FieldValueTooMany',
        message: `Too many: ${value.length}: must have at most ${raw.maxItems} items`,
        field: path,
      });
  }
  return broken;
}

/**
 * Maximum length of texts that are matched against a pattern: patterns come from users and could take exponential time.
 */
const MOST_MATCHED = 1_024;

function matches(pattern: string, value: string): boolean {
  if (value.length > MOST_MATCHED) return true;
  try {
    return new RegExp(pattern, 'u').test(value);
  } catch {
    return true; // valid in Go, but not in JavaScript
  }
}
