import type { RecordIdentity, WrappedKey } from '#vault';
import { Schema, type Connection, type Model } from 'mongoose';

/** Bytes as returned by the driver. */
type Stored = Uint8Array | { readonly buffer: Uint8Array; readonly position: number };

export interface StoredRecord {
  readonly _id: string;
  readonly version: number;
  readonly size: number;
  readonly updatedMs: number;
  readonly expiresMs: number | null;
  readonly keyId: string;
  readonly wrapped: Stored;
  /** The sealed value, if it has one part. */
  readonly sealed?: Stored;
  /** ID of its parts, if there are several. */
  readonly partsId?: string;
}

export interface StoredPart {
  /** `<parts id>/<number>` */
  readonly _id: string;
  readonly sealed: Stored;
}

/**
 * Parts that may not belong to any record. Stored before the parts are written or become unused, and removed
 * afterwards.
 */
export interface Draft {
  /** ID of the parts. */
  readonly _id: string;
  readonly name: string;
  readonly parts: number;
  readonly createdMs: number;
}

interface Counter {
  readonly _id: string;
  readonly last: number;
}

const OPTIONS = { versionKey: false, minimize: false, strict: 'throw', strictQuery: 'throw', id: false } as const;
const text = { type: String, required: true } as const;
const number = { type: Number, required: true } as const;
const bytes = { type: Buffer, required: true } as const;

export interface Models {
  readonly records: Model<StoredRecord>;
  readonly parts: Model<StoredPart>;
  readonly drafts: Model<Draft>;
  readonly counters: Model<Counter>;
}

/**
 * Returns the models of the vault's collections. A record and its data key are one document, so that one write replaces
 * or erases both.
 */
export function modelsOf(connection: Connection): Models {
  const records = new Schema<StoredRecord>(
    {
      _id: text,
      version: number,
      size: number,
      updatedMs: number,
      expiresMs: { type: Number, default: null },
      keyId: text,
      wrapped: bytes,
      sealed: Buffer,
      partsId: String,
    },
    OPTIONS,
  )
    .index({ keyId: 1, _id: 1 })
    .index({ expiresMs: 1 });
  const parts = new Schema<StoredPart>({ _id: text, sealed: bytes }, OPTIONS);
  const drafts = new Schema<Draft>({ _id: text, name: text, parts: number, createdMs: number }, OPTIONS);
  const counters = new Schema<Counter>({ _id: text, last: number }, OPTIONS);
  return {
    records: connection.model<StoredRecord>('record', records, 'vault.records'),
    parts: connection.model<StoredPart>('part', parts, 'vault.parts'),
    drafts: connection.model<Draft>('draft', drafts, 'vault.drafts'),
    counters: connection.model<Counter>('counter', counters, 'vault.counters'),
  };
}

export function bytesOf(value: Stored): Uint8Array {
  // Does not use `instanceof`, because the driver's arrays may come from another realm.
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return new Uint8Array(value.buffer.buffer, value.buffer.byteOffset, value.position);
}

/** Returns the filter of one version of a record. */
export const versionOf = ({ _id, version }: StoredRecord) => ({ _id: { $eq: _id }, version: { $eq: version } });

export const identityOf = ({ _id, version, size }: StoredRecord): RecordIdentity => ({ name: _id, version, size });

export const wrappedOf = ({ keyId, wrapped }: StoredRecord): WrappedKey => ({ keyId, wrapped: bytesOf(wrapped) });
