import { readFileSync } from 'node:fs';
import type { Json, JsonObject } from '#kernel';

/**
 * Number, JSON name, type, and flags of a field. Flags: `z` omitted when zero, `l` list, `m` map with string keys, `i`
 * embedded.
 */
type FieldRow = readonly [number: number, name: string, type: string, flags: string];

interface ProtobufData {
  /** Message of each kind, by `group/version/kind`. */
  readonly kinds: { readonly [kind: string]: string };
  readonly messages: { readonly [name: string]: readonly FieldRow[] };
}

type Message = ReadonlyMap<number, FieldRow>;

/** Maximum nesting. Only the schema of a schema has unlimited nesting. */
const DEPTH = 100;
const MAGIC = 'k8s\0';

let loaded: ProtobufData | undefined;
const messages = new Map<string, Message>();

/**
 * Protobuf messages of Kubernetes 1.36, generated from its Go types by `tools/schemas/protobuf`. Read at the first
 * call.
 */
function protobufData(): ProtobufData {
  // Written by our own tool.
  loaded ??= JSON.parse(readFileSync(new URL('../data/protobuf-1.36.json', import.meta.url), 'utf8')) as ProtobufData;
  return loaded;
}

function messageOf(name: string): Message {
  const known = messages.get(name);
  if (known) return known;
  const made = new Map((protobufData().messages[name] ?? []).map((row) => [row[0], row]));
  messages.set(name, made);
  return made;
}

/**
 * Decodes `application/vnd.kubernetes.protobuf`, which typed clients of client-go send. Returns the object that the
 * same client would send as JSON, with all of its metadata.
 * @returns undefined for bytes without the format's magic number, and for an unknown kind
 * @throws RangeError if the bytes are malformed
 */
export function readProtobuf(bytes: Buffer): JsonObject | undefined {
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) return undefined;
  const envelope = fieldsOf(bytes.subarray(MAGIC.length));
  const type = fieldsOf(bytesIn(envelope, 1));
  const [apiVersion, kind] = [textIn(type, 1), textIn(type, 2)];
  const slash = apiVersion.indexOf('/');
  const key = slash < 0 ? `/${apiVersion}/${kind}` : `${apiVersion}/${kind}`;
  const name = kind === 'DeleteOptions' ? protobufData().kinds[kind] : protobufData().kinds[key];
  return name === undefined ? undefined : { apiVersion, kind, ...structure(messageOf(name), bytesIn(envelope, 2), 0) };
}

type Value = Buffer | bigint;
type Fields = readonly { readonly number: number; readonly value: Value }[];

function fieldsOf(bytes: Buffer): Fields {
  const fields: { number: number; value: Value }[] = [];
  for (let at = 0; at < bytes.length;) {
    const [tag, afterTag] = varint(bytes, at);
    const [number, wire] = [Number(tag >> 3n), Number(tag & 7n)];
    if (wire === 0) {
      const [value, next] = varint(bytes, afterTag);
      fields.push({ number, value });
      at = next;
      continue;
    }
    if (wire !== 1 && wire !== 2 && wire !== 5) throw new RangeError(`unknown wire type ${wire}`);
    const [length, start] = wire === 2 ? varint(bytes, afterTag) : [wire === 1 ? 8n : 4n, afterTag];
    const end = start + Number(length);
    if (end > bytes.length) throw new RangeError('truncated protobuf');
    fields.push({ number, value: bytes.subarray(start, end) });
    at = end;
  }
  return fields;
}

function varint(bytes: Buffer, from: number): [bigint, number] {
  let value = 0n;
  for (let at = from, shift = 0n; at < bytes.length && shift < 70n; at++, shift += 7n) {
    const byte = bytes[at] ?? 0;
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return [value, at + 1];
  }
  throw new RangeError('truncated protobuf');
}

const valuesIn = (fields: Fields, number: number): Value[] =>
  fields.filter((field) => field.number === number).map(({ value }) => value);
const asBytes = (value: Value): Buffer => {
  if (Buffer.isBuffer(value)) return value;
  throw new RangeError('a number where bytes belong');
};
const bytesIn = (fields: Fields, number: number): Buffer =>
  ((value) => (value === undefined ? Buffer.alloc(0) : asBytes(value)))(valuesIn(fields, number).at(-1));
const textIn = (fields: Fields, number: number): string => bytesIn(fields, number).toString('utf8');
const numberIn = (fields: Fields, number: number): number =>
  ((value) => (typeof value === 'bigint' ? Number(BigInt.asIntN(64, value)) : 0))(valuesIn(fields, number).at(-1));

function structure(message: Message, bytes: Buffer, depth: number): JsonObject {
  if (depth > DEPTH) throw new RangeError('nested too deep');
  const result: { [name: string]: Json } = {};
  for (const { number, value } of fieldsOf(bytes)) {
    const row = message.get(number);
    if (row) take(row, value, result, depth);
  }
  return result;
}

/** Adds a decoded field to its message's object. */
function take([, name, type, flags]: FieldRow, value: Value, into: { [name: string]: Json }, depth: number): void {
  if (flags.includes('m')) {
    const entry = fieldsOf(asBytes(value));
    const member = valuesIn(entry, 2).at(-1);
    const read = member === undefined ? emptyOf(type) : valueOf(type, member, depth + 1);
    const before = into[name];
    into[name] = { ...(typeof before === 'object' ? (before as JsonObject) : {}), [textIn(entry, 1)]: read ?? null };
  } else if (flags.includes('l')) {
    const before = into[name];
    const list = Array.isArray(before) ? (before as Json[]) : [];
    if (type === 'int' && Buffer.isBuffer(value)) list.push(...packed(value));
    else list.push(valueOf(type, value, depth + 1) ?? null);
    into[name] = list;
  } else {
    const read = valueOf(type, value, depth + 1);
    if (read === undefined || (flags.includes('z') && (read === '' || read === 0 || read === false))) return;
    if (flags.includes('i')) Object.assign(into, read);
    else into[name] = read;
  }
}

function packed(bytes: Buffer): number[] {
  const list: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const [value, next] = varint(bytes, at);
    list.push(Number(BigInt.asIntN(64, value)));
    at = next;
  }
  return list;
}

/** Returns the value of a map entry that has none. */
const emptyOf = (type: string): Json => (type === 'text' || type === 'bytes' ? '' : type === 'texts' ? [] : {});

/** @returns undefined for an empty time */
function valueOf(type: string, value: Value, depth: number): Json | undefined {
  switch (type) {
    case 'text':
      return asBytes(value).toString('utf8');
    case 'bytes':
      return asBytes(value).toString('base64');
    case 'int':
      return typeof value === 'bigint' ? Number(BigInt.asIntN(64, value)) : 0;
    case 'flag':
      return value === 1n;
    case 'double':
      return asBytes(value).readDoubleLE();
    default:
      return special(type, asBytes(value), depth) ?? undefined;
  }
}

/** Decodes structures whose JSON form differs from their fields. */
function special(type: string, bytes: Buffer, depth: number): Json | undefined {
  const fields = () => fieldsOf(bytes);
  const schema = (part: Buffer) => structure(messageOf('apiextensions/v1.JSONSchemaProps'), part, depth);
  switch (type) {
    case 'time':
    case 'microTime':
      return bytes.length === 0 ? undefined : timeText(fields(), type === 'microTime');
    case 'duration':
      return `${numberIn(fields(), 1) / 1e9}s`;
    case 'json': {
      const raw = textIn(fields(), 1);
      return raw === '' ? undefined : parsed(raw);
    }
    case 'quantity':
      return textIn(fields(), 1);
    case 'intOrString': {
      const parts = fields();
      return numberIn(parts, 1) === 1 ? textIn(parts, 3) : numberIn(parts, 2);
    }
    case 'texts':
      return valuesIn(fields(), 1).map((item) => asBytes(item).toString('utf8'));
    case 'schemaOrBool': {
      const parts = fields();
      return valuesIn(parts, 2).length > 0 ? schema(bytesIn(parts, 2)) : numberIn(parts, 1) === 1;
    }
    case 'schemaOrArray':
    case 'schemaOrTexts': {
      const parts = fields();
      if (valuesIn(parts, 1).length > 0) return schema(bytesIn(parts, 1));
      const items = valuesIn(parts, 2).map(asBytes);
      return type === 'schemaOrArray' ? items.map(schema) : items.map((item) => item.toString('utf8'));
    }
    default:
      return structure(messageOf(type), bytes, depth);
  }
}

function timeText(fields: Fields, hasMicros: boolean): string {
  const date = new Date(numberIn(fields, 1) * 1000);
  if (Number.isNaN(date.getTime())) throw new RangeError('a time out of range');
  const seconds = date.toISOString().slice(0, 19);
  return hasMicros ? `${seconds}.${String(Math.floor(numberIn(fields, 2) / 1000)).padStart(6, '0')}Z` : `${seconds}Z`;
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new RangeError('embedded JSON that does not parse');
  }
}
