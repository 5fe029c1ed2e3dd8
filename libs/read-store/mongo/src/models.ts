import { encodeField } from '#mongo';
import { checkCollectionName, checkPath, type Collection } from '#read-store';
import { Schema, type Connection, type IndexDefinition, type Model } from 'mongoose';

/** A stored document, or a tombstone, which has no `document`. */
export interface Kept {
  readonly _id: string;
  readonly position: string;
  readonly removed: boolean;
  readonly document?: unknown;
}

/** Lease and checkpoint of one projection. */
export interface LeaseDocument {
  readonly _id: string;
  readonly token: number;
  readonly owner: string | null;
  readonly untilMs: number;
  readonly position: string | null;
}

const OPTIONS = { versionKey: false, minimize: false, strict: 'throw', strictQuery: false, id: false } as const;

/**
 * Returns the path of a declared field in a stored document.
 * @throws RangeError for an invalid path
 */
export function storedPath(path: string): string {
  checkPath(path);
  return `document.${path.split('.').map(encodeField).join('.')}`;
}

/**
 * Returns the model of a projection's documents with its declared indexes.
 * @throws RangeError for an invalid name
 */
export function documentsOf(connection: Connection, { name, indexes }: Collection): Model<Kept> {
  checkCollectionName(name);
  const key = [name, ...indexes].join(' ');
  const known = connection.models[key] as Model<Kept> | undefined;
  if (known) return known;
  const schema = new Schema<Kept>(
    {
      _id: { type: String, required: true },
      position: { type: String, required: true },
      removed: { type: Boolean, required: true },
      document: Schema.Types.Mixed,
    },
    OPTIONS,
  );
  // Tombstones are in the same collection. With `removed` first, queries do not scan them. Ties are ordered by id.
  for (const path of indexes) schema.index(indexOn(storedPath(path)));
  return connection.model<Kept>(key, schema, `projection.${name}`);
}

const indexOn = (path: string): IndexDefinition => ({ removed: 1, [path]: 1, _id: 1 });

export function leasesOf(connection: Connection): Model<LeaseDocument> {
  const schema = new Schema<LeaseDocument>(
    {
      _id: { type: String, required: true },
      token: { type: Number, required: true },
      owner: { type: String, default: null },
      untilMs: { type: Number, required: true },
      position: { type: String, default: null },
    },
    OPTIONS,
  );
  return connection.model<LeaseDocument>('lead', schema, 'projections');
}
