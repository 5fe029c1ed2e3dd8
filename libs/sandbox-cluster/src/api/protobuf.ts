import type { Json, JsonObject } from '#kernel';

/**
 * Reads the few kinds that kubectl and helm send as protobuf whatever the server says (client-go's typed clients): Namespace,
 * ConfigMap, Secret, ServiceAccount, DeleteOptions, TokenRequest, SelfSubjectAccessReview, SelfSubjectReview. Field numbers are those of Kubernetes' .proto files.
 */
export function readProtobuf(bytes: Buffer): JsonObject | undefined {
  if (bytes.toString('latin1', 0, 4) !== 'k8s\0') return undefined;
  const unknown = fieldsOf(bytes.subarray(4));
  const type = fieldsOf(bytesIn(unknown, 1));
  const raw = fieldsOf(bytesIn(unknown, 2));
  const [apiVersion, kind] = [textIn(type, 1) ?? '', textIn(type, 2) ?? ''];
  const read = KINDS[kind];
  return read && { apiVersion, kind, ...read(raw) };
}

type Fields = readonly { readonly number: number; readonly value: Buffer | bigint }[];

function fieldsOf(bytes: Buffer): Fields {
  const fields: { number: number; value: Buffer | bigint }[] = [];
  for (let at = 0; at < bytes.length;) {
    const [tag, afterTag] = varint(bytes, at);
    const [number, wire] = [Number(tag >> 3n), Number(tag & 7n)];
    if (wire === 0) {
      const [value, next] = varint(bytes, afterTag);
      fields.push({ number, value });
      at = next;
    } else if (wire === 2) {
      const [length, start] = varint(bytes, afterTag);
      const end = start + Number(length);
      if (end > bytes.length) throw new RangeError('truncated protobuf');
      fields.push({ number, value: bytes.subarray(start, end) });
      at = end;
    } else if (wire === 5) at = afterTag + 4;
    else if (wire === 1) at = afterTag + 8;
    else throw new RangeError(`unknown wire type ${wire}`);
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

const all = (fields: Fields, number: number): (Buffer | bigint)[] =>
  fields.filter((field) => field.number === number).map(({ value }) => value);
const bytesIn = (fields: Fields, number: number): Buffer =>
  all(fields, number).find((value): value is Buffer => Buffer.isBuffer(value)) ?? Buffer.alloc(0);
const textIn = (fields: Fields, number: number): string | undefined =>
  all(fields, number)
    .find((value): value is Buffer => Buffer.isBuffer(value))
    ?.toString('utf8');
const numberIn = (fields: Fields, number: number): number | undefined =>
  ((value) => (value === undefined ? undefined : Number(value)))(
    all(fields, number).find((value): value is bigint => typeof value === 'bigint'),
  );
const flagIn = (fields: Fields, number: number): boolean | undefined =>
  ((value) => (value === undefined ? undefined : value === 1))(numberIn(fields, number));

/** A map of texts, or of bytes written as base64. */
function mapIn(fields: Fields, number: number, encoding: 'utf8' | 'base64' = 'utf8'): JsonObject | undefined {
  const entries = all(fields, number).filter((value): value is Buffer => Buffer.isBuffer(value));
  if (entries.length === 0) return undefined;
  return Object.fromEntries(
    entries.map((entry) => ((pair) => [textIn(pair, 1) ?? '', bytesIn(pair, 2).toString(encoding)])(fieldsOf(entry))),
  );
}

function some(members: { readonly [name: string]: Json | undefined }): JsonObject {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== ''));
}

const metadataOf = (fields: Fields): JsonObject =>
  ((meta) =>
    some({
      name: textIn(meta, 1),
      generateName: textIn(meta, 2),
      namespace: textIn(meta, 3),
      labels: mapIn(meta, 11),
      annotations: mapIn(meta, 12),
    }))(fieldsOf(bytesIn(fields, 1)));

const KINDS: Readonly<Record<string, (fields: Fields) => JsonObject>> = {
  Namespace: (fields) => ({ metadata: metadataOf(fields) }),
  ServiceAccount: (fields) => ({ metadata: metadataOf(fields) }),
  ConfigMap: (fields) =>
    some({
      metadata: metadataOf(fields),
      data: mapIn(fields, 2),
      binaryData: mapIn(fields, 3, 'base64'),
      immutable: flagIn(fields, 4),
    }),
  Secret: (fields) =>
    some({
      metadata: metadataOf(fields),
      data: mapIn(fields, 2, 'base64'),
      type: textIn(fields, 3),
      stringData: mapIn(fields, 4),
      immutable: flagIn(fields, 5),
    }),
  DeleteOptions: (fields) => {
    const preconditions = fieldsOf(bytesIn(fields, 2));
    return some({
      gracePeriodSeconds: numberIn(fields, 1),
      propagationPolicy: textIn(fields, 4),
      preconditions: some({ uid: textIn(preconditions, 1), resourceVersion: textIn(preconditions, 2) }),
      dryRun: all(fields, 5).map(String),
    });
  },
  TokenRequest: (fields) => {
    const spec = fieldsOf(bytesIn(fields, 2));
    return { spec: some({ audiences: all(spec, 1).map(String), expirationSeconds: numberIn(spec, 4) }) };
  },
  SelfSubjectReview: () => ({}),
  SelfSubjectAccessReview: (fields) => {
    const attributes = fieldsOf(bytesIn(fieldsOf(bytesIn(fields, 2)), 1));
    return {
      spec: {
        resourceAttributes: some({
          namespace: textIn(attributes, 1),
          verb: textIn(attributes, 2),
          group: textIn(attributes, 3),
          version: textIn(attributes, 4),
          resource: textIn(attributes, 5),
          subresource: textIn(attributes, 6),
          name: textIn(attributes, 7),
        }),
      },
    };
  },
};
