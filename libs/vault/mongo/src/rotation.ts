import type { Ids } from '#kernel';
import type { MongoStore } from '#mongo';
import { rewrapKey, unwrapKey, VaultSealError, type SealingKey } from '#vault';
import type { Model } from 'mongoose';
import { identityOf, versionOf, wrappedOf, type StoredRecord } from './models.ts';

const REWRAP_BATCH = 100;

/** Rotates sealing keys. */
export class Rotation {
  constructor(
    private readonly records: Model<StoredRecord>,
    private readonly step: MongoStore['step'],
    private readonly newest: SealingKey,
    private readonly options: { readonly ids: Ids; readonly sealingKeys: readonly SealingKey[] },
  ) {}

  /**
   * Rewraps all data keys that are not wrapped with the newest key, in batches.
   * @returns their number
   */
  async rewrap(): Promise<number> {
    let rewrapped = 0;
    for (let behind: string | undefined = ''; behind !== undefined;) {
      const batch = await this.otherKeys(behind);
      rewrapped += await this.rewrapAll(batch);
      behind = batch.length < REWRAP_BATCH ? undefined : batch.at(-1)?._id;
    }
    return rewrapped;
  }

  private otherKeys(behind: string): Promise<StoredRecord[]> {
    return this.step(() =>
      this.records
        .find({ keyId: { $ne: this.newest.id }, _id: { $gt: behind } }, { sealed: 0 })
        .sort({ _id: 1 })
        .limit(REWRAP_BATCH)
        .lean<StoredRecord[]>(),
    );
  }

  private async rewrapAll(records: readonly StoredRecord[]): Promise<number> {
    if (records.length === 0) return 0;
    const { sealingKeys, ids } = this.options;
    const updates = records.map((record) => {
      const random = (bytes: number) => ids.random(bytes);
      const { keyId, wrapped } = rewrapKey(identityOf(record), wrappedOf(record), sealingKeys, this.newest, random);
      const filter = { ...versionOf(record), keyId: { $eq: record.keyId } };
      return { updateOne: { filter, update: { $set: { keyId, wrapped: Buffer.from(wrapped) } } } };
    });
    return (await this.step(() => this.records.bulkWrite(updates, { ordered: false }))).modifiedCount;
  }

  /**
   * Tries one record of each key ID, since a key with the right ID may have other bytes.
   * @returns errors by key ID
   */
  lackingKeys(): Promise<ReadonlyMap<string, VaultSealError>> {
    return this.step(async () => {
      const lacking = new Map<string, VaultSealError>();
      for (const keyId of await this.records.distinct('keyId')) {
        const sample = await this.records.findOne({ keyId: { $eq: keyId } }, { sealed: 0 }).lean<StoredRecord | null>();
        if (!sample) continue; // removed between the two requests
        try {
          unwrapKey(identityOf(sample), wrappedOf(sample), this.options.sealingKeys);
        } catch (error) {
          if (!(error instanceof VaultSealError)) throw error;
          lacking.set(keyId, error);
        }
      }
      return lacking;
    });
  }
}
