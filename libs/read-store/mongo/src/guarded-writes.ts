import { encodeDocument, encodeText, isDuplicateKey, isRefusedByServer } from '#mongo';
import { storeOf, type Position } from '#kernel';
import type { Write } from '#read-store';
import type { mongo } from 'mongoose';
import type { Kept } from './models.ts';

/** The last write of each document, as if all were done one after the other. */
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

/** Whether a write at `position` is skipped where `held` is stored. */
const isBehind = (position: Position, held: Position): boolean =>
  storeOf(position) === storeOf(held) && position <= held;

/**
 * Writes of different documents, each skipped where its position or a later one of the same store is held. Without
 * transactions: each write is one conditional replacement, which inserts where nothing is found; the key of `_id` keeps
 * what it must not replace.
 */
export async function writeGuarded(collection: mongo.Collection<Kept>, writes: readonly Write[]): Promise<void> {
  try {
    await collection.bulkWrite(
      writes.map((write) => replacement(write, true)),
      { ordered: false },
    );
  } catch (error) {
    if (!isRefusedByServer(error)) throw error;
    // A document that must not be replaced is found by its key. Servers of the protocol differ in what else of the bulk
    // they have done then, and an insert may have been overtaken by another: both are settled one after the other.
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
      // Positions compare as text. What begins with the store's id and a dot lies between `id.` and `id/`.
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
