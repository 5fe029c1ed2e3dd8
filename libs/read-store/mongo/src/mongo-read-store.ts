import {
  domainError,
  err,
  ok,
  storeOf,
  type Clock,
  type DomainError,
  type Logger,
  type Position,
  type Result,
} from '#kernel';
import { decodeDocument, decodeText, encodeText, openMongo, type MongoStore } from '#mongo';
import {
  checkWrites,
  cursorAfter,
  ReadStoreUnavailableError,
  type Checkpoint,
  type CheckpointMove,
  type Collection,
  type Page,
  type Query,
  type ReadStore,
  type Scalar,
  type StoredDocument,
  type Write,
} from '#read-store';
import type { Model } from 'mongoose';
import { lastWrites, writeGuarded } from './guarded-writes.ts';
import { MongoLeases } from './leases.ts';
import { documentsOf, storedPath, type Kept } from './models.ts';
import { countFilter, planPage } from './query.ts';

export interface MongoReadStoreOptions {
  /** `mongodb://…` or `mongodb+srv://…`. Its path names the database, `astro` by default. */
  readonly url: string;
  /** Name of the setting with the address, at the start of error messages. */
  readonly setting: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Opens a read store on a server with the MongoDB protocol. It needs no transactions, change streams, renames, or
 * collations.
 * @throws ReadStoreUnavailableError with one sentence if the server cannot be used
 */
export async function openMongoReadStore(options: MongoReadStoreOptions): Promise<ReadStore> {
  const mongo = await openMongo({
    ...options,
    errorOf: ({ sentence, cause, isDiskFull }) => new ReadStoreUnavailableError(sentence, { cause, isDiskFull }),
  });
  return new MongoReadStore(mongo);
}

class MongoReadStore implements ReadStore {
  private readonly leases: MongoLeases;

  constructor(private readonly mongo: MongoStore) {
    this.leases = new MongoLeases(mongo.connection);
  }

  async ensure(collection: Collection): Promise<void> {
    return this.mongo.ensure(documentsOf(this.mongo.connection, collection));
  }

  get<D>(collection: string, id: string): Promise<StoredDocument<D> | undefined> {
    return this.run(async () => {
      const kept = await this.documents(collection)
        .findOne({ _id: { $eq: encodeText(id) }, removed: false })
        .lean<Kept | null>();
      return kept ? documentOf<D>(kept) : undefined;
    });
  }

  find<D>(collection: Collection, query: Query): Promise<Page<D>> {
    return this.run(async () => {
      const { filter, sort, limit } = planPage(collection, query);
      const rows = await this.documents(collection.name)
        .find(filter)
        .sort(sort)
        .limit(limit + 1)
        .lean<Kept[]>();
      const items = rows.slice(0, limit).map((row) => documentOf<D>(row));
      const last = rows[limit - 1];
      return rows.length > limit && last
        ? { items, next: cursorAfter({ id: decodeText(last._id), key: keyOf(last, query.sort?.field) }) }
        : { items };
    });
  }

  count(collection: Collection, where: Query['where']): Promise<number> {
    return this.run(() => this.documents(collection.name).countDocuments(countFilter(collection, where)));
  }

  apply(writes: readonly Write[], move?: CheckpointMove): Promise<Result<void, DomainError<'read-store/lost-lease'>>> {
    return this.run(async () => {
      checkWrites(writes);
      for (const [collection, some] of lastWrites(writes))
        await writeGuarded(this.documents(collection).collection as never, some);
      return !move || (await this.leases.move(move)) ? ok(undefined) : lostLease(move);
    });
  }

  checkpoint(name: string): Promise<Checkpoint | undefined> {
    return this.run(() => this.leases.checkpoint(name));
  }

  lease(name: string, owner: string, nowMs: number, durationMs: number): Promise<number | undefined> {
    return this.run(() => this.leases.lease(name, owner, nowMs, durationMs));
  }

  release(name: string, owner: string): Promise<void> {
    return this.run(() => this.leases.release(name, owner));
  }

  releaseEarlier(owner: string): Promise<void> {
    return this.run(() => this.leases.releaseEarlier(owner));
  }

  drop(name: string): Promise<void> {
    return this.run(async () => {
      await this.leases.forgetCheckpoint(name);
      await this.documents(name).collection.drop();
    });
  }

  sweepTombstones(collection: string, upTo: Position): Promise<number> {
    return this.run(async () => {
      const swept = { removed: true, position: { $gte: storeOf(upTo), $lte: upTo } };
      return (await this.documents(collection).deleteMany(swept)).deletedCount;
    });
  }

  close(): Promise<void> {
    return this.mongo.close();
  }

  /** Async, so that errors before the first await reject too. */
  private run<T>(action: () => Promise<T>): Promise<T> {
    return this.mongo.run(async () => action());
  }

  private documents(name: string): Model<Kept> {
    return documentsOf(this.mongo.connection, { name, indexes: [] });
  }
}

const lostLease = ({ name }: CheckpointMove) =>
  err(domainError('read-store/lost-lease', 'conflict', `Another process leads the projection ${name} now.`));

const documentOf = <D>({ _id, position, document }: Kept): StoredDocument<D> => ({
  id: decodeText(_id),
  // Both were validated when they were written. A projection whose documents change gets a new name.
  position: position as Position,
  document: decodeDocument(document) as D,
});

/** Returns the value by which the document is sorted. */
function keyOf(kept: Kept, field: string | undefined): Scalar {
  if (field === undefined) return null;
  let value: unknown = kept;
  for (const step of storedPath(field).split('.'))
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[step] : undefined;
  if (typeof value === 'string') return decodeText(value);
  return typeof value === 'number' || typeof value === 'boolean' ? value : null;
}
