import type { Clock } from '#kernel';
import type { MongoStore } from '#mongo';
import { PART_BYTES } from '#vault';
import { bytesOf, type Draft, type StoredPart, type StoredRecord, type Models } from './models.ts';

/** Number of parts in one request: 8 MiB. */
const CONCURRENCY = 16;
/** Age of a draft in milliseconds after which its process must have ended, since no put takes that long. */
const ABANDONED_MS = 24 * 60 * 60 * 1_000;
const SWEEP_BATCH = 100;

/**
 * Stores values of several parts as separate documents. Instead of transactions, a draft lists parts before they are
 * written or become unused, so that none remain if the process ends in between.
 */
export class Parts {
  constructor(
    private readonly models: Models,
    private readonly step: MongoStore['step'],
    private readonly clock: Clock,
  ) {}

  /** Records that these parts may not belong to any record. */
  async draft(partsId: string, name: string, parts: number): Promise<void> {
    const draft: Draft = { _id: partsId, name, parts, createdMs: this.clock.now() };
    await this.step(() => this.models.drafts.replaceOne({ _id: { $eq: partsId } }, draft, { upsert: true }));
  }

  async write(partsId: string, sealed: readonly Uint8Array[]): Promise<void> {
    for (let start = 0; start < sealed.length; start += CONCURRENCY) {
      const documents = sealed
        .slice(start, start + CONCURRENCY)
        .map((bytes, n): StoredPart => ({ _id: partId(partsId, start + n), sealed: Buffer.from(bytes) }));
      await this.step(() => this.models.parts.insertMany(documents, { ordered: false }));
    }
  }

  /** Returns the existing parts; fewer if another process replaces or deletes the record at the same time. */
  async read(partsId: string, count: number): Promise<readonly Uint8Array[]> {
    const parts: Uint8Array[] = [];
    for (const ids of batchesOf(partsId, count)) {
      const found = await this.step(() => Promise.all(ids.map((id) => this.one(id))));
      parts.push(...found.flatMap((part) => (part ? [bytesOf(part.sealed)] : [])));
    }
    return parts;
  }

  /** Removes unused parts and their draft. */
  async remove(partsId: string, count: number): Promise<void> {
    for (const ids of batchesOf(partsId, count)) {
      const operations = ids.map((id) => ({ deleteOne: { filter: { _id: { $eq: id } } } }));
      await this.step(() => this.models.parts.bulkWrite(operations, { ordered: false }));
    }
    await this.settle(partsId);
  }

  /** Removes the draft of parts that belong to a record or were removed. */
  async settle(partsId: string): Promise<void> {
    await this.step(() => this.models.drafts.deleteOne({ _id: { $eq: partsId } }));
  }

  /** Resolves the drafts of processes that have ended. */
  async sweep(): Promise<void> {
    const before = this.clock.now() - ABANDONED_MS;
    const left = await this.step(() =>
      this.models.drafts
        .find({ createdMs: { $lte: before } })
        .limit(SWEEP_BATCH)
        .lean<Draft[]>(),
    );
    for (const { _id: partsId, name, parts } of left) {
      const record = await this.step(() =>
        this.models.records.findOne({ _id: { $eq: name } }).lean<StoredRecord | null>(),
      );
      await (record?.partsId === partsId ? this.settle(partsId) : this.remove(partsId, parts));
    }
  }

  private one(id: string): Promise<StoredPart | null> {
    return this.models.parts
      .findOne({ _id: { $eq: id } })
      .lean<StoredPart | null>()
      .exec();
  }
}

/** Returns the number of parts of a value. */
export const partsOf = ({ size }: { readonly size: number }): number => Math.max(1, Math.ceil(size / PART_BYTES));

const partId = (partsId: string, n: number): string => `${partsId}/${n}`;

/** Returns the IDs of parts, grouped by request. */
function batchesOf(partsId: string, count: number): readonly (readonly string[])[] {
  const ids = Array.from({ length: count }, (_, n) => partId(partsId, n));
  return Array.from({ length: Math.ceil(count / CONCURRENCY) }, (_, n) =>
    ids.slice(n * CONCURRENCY, (n + 1) * CONCURRENCY),
  );
}
