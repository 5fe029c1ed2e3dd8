import { encodeDocument, encodeText, isDuplicateKey, isRefusedByServer } from '#mongo';
import { storeOf, type Position } from '#kernel';
import type { Write } from '#read-store';
import type { mongo } from 'mongoose';
import type { Kept } from './models.ts';

/** Returns the last write of each document, as if all were applied in order. */
export function lastWrites(writes: readonly Write[]): ReadonlyMap<string, readonly Write[]> {
  const collections = new Map<string, Map<string, Write>>();
  for (const write of writes) {
    const kept = collections.get(write.collection) ?? new Map<string, Write>();
    collections.set(write.collection, kept);
    const earlier = kept.get(write.id);
    if (!earlier || !isBehind(write.position, earlier.position)) kept.set(write.id, write);
  }
  return new Map([...collections].map(([name, kept]) => [name, [...kept.values()]]));
}

/** Returns whether a write at `position` is skipped if `held` is stored. */
const isBehind = (position: Position, held: Position): boolean =>
  storeOf(position) === storeOf(held) && position <= held;

/**
 * Writes different documents, each of which is skipped if the same position of the same store or a later one is stored.
 * Needs no transactions: each write is one conditional replacement, which inserts if nothing matches; the unique `_id`
 * protects documents that it must not replace.
 */
export async function writeGuarded(collection: mongo.Collection<Kept>, writes: readonly Write[]): Promise<void> {
  try {
    await collection.bulkWrite(
      writes.map((write) => replacement(write, true)),
      { ordered: false },
    );
  } catch (error) {
    if (!isRefusedByServer(error)) throw error;
    // A duplicate key means that a document must not be replaced. Servers differ in which other operations of the bulk
    // they have then applied, and another process may have inserted a document first. Both are resolved by two more
    // operations.
    await insertMissing(collection, writes);
    await collection.bulkWrite(
      writes.map((write) => replacement(write, false)),
      { ordered: false },
    );
  }
}

async function insertMissing(collection: mongo.Collection<Kept>, writes: readonly Write[]): Promise<void> {
  const documents = writes.map((write) => ({ _id: encodeText(write.id), ...contentOf(write) }));
  await collection.insertMany(documents, { ordered: false }).catch((error: unknown) => {
    if (!isDuplicateKey(error)) throw error;
  });
}

const replacement = (write: Write, upsert: boolean): mongo.AnyBulkWriteOperation<Kept> => ({
  replaceOne: {
    filter: {
      _id: { $eq: encodeText(write.id) },
      // Positions compare as text. All texts that start with the store's id and a dot are between `id.` and `id/`.
      $or: [{ position: { $lt: write.position } }, { position: { $gte: `${storeOf(write.position)}/` } }],
    },
    replacement: contentOf(write),
    upsert,
  },
});

const contentOf = (write: Write): Omit<Kept, '_id'> =>
  'removed' in write
    ? { position: write.position, removed: true }
    : { position: write.position, removed: false, document: encodeDocument(write.document) };
