import { err, ok, type Json, type JsonObject, type Result } from '#kernel';
import type { ResourceData, SchemaData } from './data.ts';
import { pruneCustom } from './custom-objects.ts';
import { NOTHING_KNOWN, type Known } from './known.ts';
import type { SchemaNode } from './node.ts';
import { canonicalQuantity } from '#kubernetes/quantities';
import type { Schemas } from './schemas.ts';
import { isList, isTree } from './typed.ts';

/** A request's object after decoding. */
export interface Decoded {
  readonly object: JsonObject;
  /** Unknown fields, such as `spec.template.spec.containers[0].imagee`. The object does not contain them. */
  readonly unknown: readonly string[];
  /**
   * Empty maps and lists, such as `spec.podSelector.matchLabels`, which a server keeps until it stores the object. The
   * object does not contain them.
   */
  readonly empty: readonly string[];
}

/** Structures that Go embeds without a field name. Go's error messages contain the name of the embedded type. */
const EMBEDDED: Readonly<Record<string, { readonly own: readonly string[]; readonly name: string }>> = {
  Probe: {
    name: 'ProbeHandler',
    own: [
      'failureThreshold',
      'initialDelaySeconds',
      'periodSeconds',
      'successThreshold',
      'terminationGracePeriodSeconds',
      'timeoutSeconds',
    ],
  },
  Volume: { name: 'VolumeSource', own: ['name'] },
  PersistentVolumeSpec: { name: 'PersistentVolumeSource', own: [] },
};
const BAD_QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/**
 * Structures whose presence has a meaning even if they are empty: arbitrary JSON (a schema's default), and the status
 * endpoint of a custom kind.
 */
const KEPT: ReadonlySet<string> = new Set(
  ['JSON', 'CustomResourceSubresourceStatus'].map(
    (name) => `io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.${name}`,
  ),
);

/** Counts of a status that are written even if they are 0. */
const COUNTS = new Set(['terminatingReplicas', 'ready', 'terminating', 'collisionCount']);

class DecodeFault extends Error {}

/**
 * Decodes an object as the server's typed decoder does: separates unknown fields, removes nulls and omitted zero
 * values, and converts quantities and times to their canonical form.
 * @param known parts of a stored object of the same kind, at the same paths
 * @returns the server's message about the first value with a wrong type
 */
export function decodeObject(
  schemas: Schemas,
  resource: ResourceData,
  raw: JsonObject,
  known: Known = NOTHING_KNOWN,
): Result<Decoded, string> {
  const root = schemas.schemaOf(resource);
  if (!root) return ok({ object: raw, unknown: [], empty: [] });
  const decoder = new Decoder(schemas.data, known);
  try {
    const object = resource.custom
      ? decoder.custom(root, raw)
      : decoder.structure(root, raw, { text: '', dotted: '', owner: resource.kind });
    return ok({ object, unknown: decoder.unknown, empty: decoder.empty });
  } catch (fault) {
    if (fault instanceof DecodeFault) return err(fault.message);
    throw fault;
  }
}

interface Place {
  /** Path with list indices, for unknown fields. */
  readonly text: string;
  /** Path without list indices, for Go's messages. */
  readonly dotted: string;
  /** Structure that contains the field. */
  readonly owner: string;
}

class Decoder {
  readonly unknown: string[] = [];
  readonly empty: string[] = [];

  constructor(
    private readonly data: SchemaData,
    private readonly known: Known,
  ) {}

  /** Decodes a custom resource, of which only the metadata has a Go type. */
  custom(root: SchemaNode, raw: JsonObject): JsonObject {
    const { metadata, ...rest } = raw;
    const node = root.field('metadata');
    const place = { text: 'metadata', dotted: '', owner: 'ObjectMeta' };
    const pruned = pruneCustom(root, rest, '', this.unknown);
    return {
      ...(pruned as JsonObject),
      ...(node && isTree(metadata) && { metadata: this.structure(node, metadata, place) }),
    };
  }

  structure(node: SchemaNode, raw: JsonObject, place: Place): JsonObject {
    const definition = node.definition ?? '';
    const owner = shortName(definition) || place.owner;
    const embedded = EMBEDDED[owner];
    const result: { [name: string]: Json } = {};
    for (const [name, value] of Object.entries(raw)) {
      const field = node.field(name);
      if (!field) {
        if (node.preservesUnknown) {
          if (value !== undefined) result[name] = value;
        } else if (value !== undefined) this.unknown.push(place.text === '' ? name : `${place.text}.${name}`);
        continue;
      }
      if (value === undefined || value === null) continue;
      const through = embedded && !embedded.own.includes(name) ? `${embedded.name}.${name}` : name;
      const text = place.text === '' ? name : `${place.text}.${name}`;
      const read = this.value(field, value, {
        text,
        dotted: place.dotted === '' ? through : `${place.dotted}.${through}`,
        owner,
      });
      if (isZero(read) && !this.keepsZero(node, name, field)) {
        if (typeof read === 'object') this.empty.push(text);
        continue;
      }
      // At the top level, an empty list stays empty until it is stored, so that its sender owns it.
      const isNulled =
        place.text !== '' &&
        isList(read) &&
        read.length === 0 &&
        this.data.nullsZero[definition]?.includes(name) === true;
      result[name] = isNulled ? null : read;
    }
    return result;
  }

  private value(node: SchemaNode, value: Exclude<Json, null>, place: Place): Json {
    if (this.known.has(value)) return value;
    switch (node.shape) {
      case 'object':
        return isTree(value) ? this.structure(node, value, place) : this.wrong(node, value, place);
      case 'map': {
        const { element } = node;
        if (!isTree(value)) return this.wrong(node, value, place);
        if (!element) return value;
        return Object.fromEntries(
          Object.entries(value).flatMap(([key, member]) =>
            member === undefined
              ? []
              : [[key, this.element(element, member, { ...place, text: `${place.text}.${key}` }, true)]],
          ),
        );
      }
      case 'list': {
        const { element } = node;
        if (!isList(value)) return this.wrong(node, value, place);
        return element
          ? value.map((member, index) =>
              this.element(element, member, { ...place, text: `${place.text}[${index}]` }, false),
            )
          : value;
      }
      default:
        return this.scalar(node, value, place, false);
    }
  }

  /** Decodes an element of a list or map. Null becomes the element's zero value. */
  private element(node: SchemaNode, value: Json, place: Place, inMap: boolean): Json {
    if (value === null) return zeroOf(node);
    return node.shape === 'quantity' ? this.scalar(node, value, place, inMap) : this.value(node, value, place);
  }

  private scalar(node: SchemaNode, value: Exclude<Json, null>, place: Place, inMap: boolean): Json {
    switch (node.shape) {
      case 'string':
        if (typeof value !== 'string') return this.wrong(node, value, place);
        if (node.format === 'byte') return base64(value);
        return node.format === 'date-time' && value !== '' ? time(value, node.definition ?? '') : value;
      case 'integer':
        if (typeof value !== 'number') return this.wrong(node, value, place);
        if (!Number.isInteger(value) || (node.format === 'int32' && Math.abs(value) > 2_147_483_647))
          return this.wrong(node, value, place, true);
        return value;
      case 'number':
        return typeof value === 'number' ? value : this.wrong(node, value, place);
      case 'boolean':
        return typeof value === 'boolean' ? value : this.wrong(node, value, place);
      case 'int-or-string':
        return typeof value === 'string' || (typeof value === 'number' && Number.isInteger(value))
          ? value
          : this.wrong(node, value, place);
      case 'quantity': {
        const canonical =
          typeof value === 'string' || typeof value === 'number'
            ? canonicalQuantity(value, { milli: inMap })
            : undefined;
        if (canonical === undefined) throw new DecodeFault(BAD_QUANTITY);
        return canonical;
      }
      default:
        return node.raw.type === 'object' && !isTree(value) ? this.wrong(node, value, place) : value;
    }
  }

  private wrong(node: SchemaNode, value: Exclude<Json, null>, { dotted, owner }: Place, exact = false): never {
    throw new DecodeFault(
      `json: cannot unmarshal ${jsonKind(value)}${exact ? ` ${String(value)}` : ''} into Go struct field ${owner}.${dotted} of type ${goType(node)}`,
    );
  }

  /** Returns whether a zero value is kept: from the recording, otherwise by Go's usual rules. */
  private keepsZero(node: SchemaNode, name: string, field: SchemaNode): boolean {
    const definition = node.definition ?? '';
    if (KEPT.has(field.definition ?? '')) return true;
    if (this.data.nullsZero[definition]?.includes(name)) return true;
    if (this.data.omitsZero[definition]?.includes(name)) return false;
    if (this.data.keepsZero[definition]?.includes(name)) return true;
    if (node.required.includes(name) || field.schemaDefault !== undefined) return true;
    return (
      field.shape === 'object' ||
      field.shape === 'int-or-string' ||
      (field.shape === 'integer' && (!definition.endsWith('Status') || COUNTS.has(name)))
    );
  }
}

/** Shortens `io.k8s.api.core.v1.Container` to `Container`. */
const shortName = (definition: string): string => definition.slice(definition.lastIndexOf('.') + 1);

function goType(node: SchemaNode): string {
  switch (node.shape) {
    case 'object':
      return `v1.${shortName(node.definition ?? '')}`;
    case 'map':
      return `map[string]${node.element ? goType(node.element) : 'interface {}'}`;
    case 'list':
      return `[]${node.element ? goType(node.element) : 'interface {}'}`;
    case 'integer':
      return node.format ?? 'int64';
    case 'int-or-string':
      return 'int32';
    case 'number':
      return 'float64';
    case 'boolean':
      return 'bool';
    default:
      return 'string';
  }
}

function jsonKind(value: Exclude<Json, null>): string {
  if (isList(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

function zeroOf(node: SchemaNode): Json {
  switch (node.shape) {
    case 'string':
      return '';
    case 'integer':
    case 'number':
    case 'int-or-string':
      return 0;
    case 'boolean':
      return false;
    case 'quantity':
      return '0';
    case 'list':
      return null;
    default:
      return {};
  }
}

const isZero = (value: Json | undefined): boolean =>
  value === '' ||
  value === 0 ||
  value === false ||
  (isList(value) && value.length === 0) ||
  (isTree(value) && Object.keys(value).length === 0);

function base64(text: string): string {
  const clean = text.replaceAll(/[\r\n]/g, '');
  const bad = /[^A-Za-z0-9+/=]/.exec(clean);
  if (bad) throw new DecodeFault(`illegal base64 data at input byte ${bad.index}`);
  if (clean.length % 4 !== 0 || !/^[^=]*={0,2}$/.test(clean))
    throw new DecodeFault(`illegal base64 data at input byte ${Math.max(0, clean.length - (clean.length % 4))}`);
  return clean;
}

/** Converts a time to UTC with whole seconds; MicroTime keeps microseconds. */
function time(text: string, definition: string): string {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(text);
  const ms = parts ? Date.parse(text) : Number.NaN;
  if (!parts || Number.isNaN(ms)) {
    const layout = definition.endsWith('MicroTime') ? '2006-01-02T15:04:05.000000Z07:00' : '2006-01-02T15:04:05Z07:00';
    throw new DecodeFault(
      `parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(text)} as "2006"`,
    );
  }
  const seconds = new Date(ms).toISOString().slice(0, 19);
  return definition.endsWith('MicroTime') ? `${seconds}${((parts[2] ?? '.') + '000000').slice(0, 7)}Z` : `${seconds}Z`;
}
