import { parseInstant, type Json } from '#kernel';
import { nearestName } from './nearest.ts';
import type { SchemaNode } from './node.ts';
import { fieldPath, jsonPointer, type Path } from './path.ts';
import { parseQuantity } from '#kubernetes/quantities';
import { kubernetesSchemas, type Schemas } from './schemas.ts';

export type ObjectErrorReason =
  | 'not-an-object'
  | 'unknown-kind'
  | 'unknown-field'
  | 'wrong-type'
  | 'invalid-value'
  | 'unsupported-value'
  | 'required';

/** An error in a manifest, because of which a server of the recorded version would refuse it. */
export interface ObjectError {
  readonly reason: ObjectErrorReason;
  /** Path in the format of Kubernetes: `spec.template.spec.containers[0].imagee`. */
  readonly field: string;
  /** JSON pointer into the manifest (RFC 6901). */
  readonly pointer: string;
  /** One sentence without the value, which may be secret. */
  readonly message: string;
  /** For unknown fields, kinds, and enumeration values: the nearest valid one. */
  readonly nearest?: string;
}

const MOST_FAULTS = 50;
const RFC3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Checks a manifest against the published schemas: unknown fields, wrong types, missing required fields, enumerations,
 * quantities, times, and base64. Rules that schemas do not express (names, selectors, references between fields) are
 * not checked.
 * @returns the errors in the order of the manifest, at most 50; empty if there are none
 */
export function checkObject(object: Json | undefined, schemas: Schemas = kubernetesSchemas()): readonly ObjectError[] {
  const faults: ObjectError[] = [];
  if (!isTree(object)) {
    add(faults, [], 'not-an-object', 'A manifest is an object with apiVersion and kind.');
    return faults;
  }
  const { apiVersion, kind } = object;
  if (typeof apiVersion !== 'string' || apiVersion === '')
    add(faults, ['apiVersion'], 'required', 'apiVersion is missing.');
  if (typeof kind !== 'string' || kind === '') add(faults, ['kind'], 'required', 'kind is missing.');
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || faults.length > 0) return faults;

  const resource = schemas.kind(apiVersion, kind);
  const root = resource && schemas.schemaOf(resource);
  if (!root) {
    const others = schemas.resources
      .filter((other) => other.kind === kind)
      .map(({ group, version }) => (group === '' ? version : `${group}/${version}`));
    const nearest =
      others[0] ??
      nearestName(
        kind,
        schemas.resources.map((other) => other.kind),
      );
    add(
      faults,
      [others.length > 0 ? 'apiVersion' : 'kind'],
      'unknown-kind',
      'Kubernetes has no such kind in this apiVersion.',
      nearest,
    );
    return faults;
  }
  checkNode(root, object, [], faults);
  return faults;
}

/** Checks a value against its schema node, for subresources and parts of objects. */
function checkNode(node: SchemaNode, value: Json | undefined, path: Path, faults: ObjectError[]): void {
  if (faults.length >= MOST_FAULTS || value === undefined || value === null) return; // a server treats null as missing
  switch (node.shape) {
    case 'object':
      if (!isTree(value)) return wrongType(faults, path, 'an object', value);
      return checkFields(node, value, path, faults);
    case 'map': {
      if (!isTree(value)) return wrongType(faults, path, 'an object', value);
      const { element } = node;
      if (element)
        for (const [key, member] of Object.entries(value)) checkNode(element, member, [...path, key], faults);
      return;
    }
    case 'list': {
      if (!Array.isArray(value)) return wrongType(faults, path, 'a list', value);
      const { element } = node;
      if (element) value.forEach((member: Json, index) => checkNode(element, member, [...path, index], faults));
      return;
    }
    default:
      return checkScalar(node, value, path, faults);
  }
}

function checkFields(
  node: SchemaNode,
  value: { readonly [key: string]: Json | undefined },
  path: Path,
  faults: ObjectError[],
): void {
  for (const [key, member] of Object.entries(value)) {
    const field = node.field(key);
    if (field) checkNode(field, member, [...path, key], faults);
    else if (!node.preservesUnknown) {
      const nearest = nearestName(key, node.fields);
      add(
        faults,
        [...path, key],
        'unknown-field',
        nearest === undefined ? 'There is no such field.' : `There is no such field; did you mean ${nearest}?`,
        nearest,
      );
    }
  }
  if (path[0] === 'status') return; // a server ignores the status when an object is created
  for (const name of node.required) {
    if ((value[name] === undefined || value[name] === null) && !(path.length === 0 && name === 'status'))
      add(faults, [...path, name], 'required', `${name} is missing.`);
  }
}

function checkScalar(node: SchemaNode, value: Exclude<Json, null>, path: Path, faults: ObjectError[]): void {
  switch (node.shape) {
    case 'string':
      if (typeof value !== 'string') return wrongType(faults, path, 'a string', value);
      if (node.format === 'byte' && !BASE64.test(value))
        return add(faults, path, 'invalid-value', 'This is not base64.');
      if (node.format === 'date-time' && (!RFC3339.test(value) || parseInstant(value) === undefined))
        return add(faults, path, 'invalid-value', 'This is not a time of RFC 3339.');
      if (node.enum && value !== '' && !node.enum.includes(value)) {
        const known = node.enum.filter((item): item is string => typeof item === 'string' && item !== '');
        add(faults, path, 'unsupported-value', `Supported values are ${known.join(', ')}.`, nearestName(value, known));
      }
      return;
    case 'integer':
      if (typeof value !== 'number' || !Number.isInteger(value))
        return wrongType(faults, path, 'a whole number', value);
      if (node.format === 'int32' && (value > 2_147_483_647 || value < -2_147_483_648))
        add(faults, path, 'invalid-value', 'The number is too large for this field.');
      else if (!Number.isSafeInteger(value))
        add(faults, path, 'invalid-value', 'The number is too large to be kept exactly.');
      return;
    case 'number':
      if (typeof value !== 'number') wrongType(faults, path, 'a number', value);
      return;
    case 'boolean':
      if (typeof value !== 'boolean') wrongType(faults, path, 'true or false', value);
      return;
    case 'int-or-string':
      if (typeof value !== 'string' && !(typeof value === 'number' && Number.isInteger(value)))
        wrongType(faults, path, 'a whole number or a string', value);
      return;
    case 'quantity':
      if (typeof value !== 'string' && typeof value !== 'number')
        return wrongType(faults, path, 'a quantity such as 500m or 1Gi', value);
      if (parseQuantity(value) === undefined)
        add(faults, path, 'invalid-value', 'This is not a quantity such as 500m or 1Gi.');
      return;
    default:
      if (node.raw.type === 'object' && !isTree(value)) wrongType(faults, path, 'an object', value);
  }
}

function wrongType(faults: ObjectError[], path: Path, expected: string, value: Json): void {
  const found = Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
  add(faults, path, 'wrong-type', `This must be ${expected}, not ${found}.`);
}

function add(faults: ObjectError[], path: Path, reason: ObjectErrorReason, message: string, nearest?: string): void {
  if (faults.length >= MOST_FAULTS) return;
  faults.push({
    reason,
    field: fieldPath(path),
    pointer: jsonPointer(path),
    message,
    ...(nearest === undefined ? {} : { nearest }),
  });
}

const isTree = (value: Json | undefined): value is { readonly [key: string]: Json | undefined } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
