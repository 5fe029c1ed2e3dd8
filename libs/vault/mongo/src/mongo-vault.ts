import { err, ok, type Clock, type DomainError, type Ids, type Logger, type Result } from '#kernel';
import { isDuplicateKey, openMongo, type MongoStore } from '#mongo';
import {
  checkRecordName,
  copiesOf,
  openRecord,
  sealRecord,
  vaultConflict,
  VaultSealError,
  VaultUnavailableError,
  type PutOptions,
  type SealedCopy,
  type SealedVault,
  type SealingKey,
  type VaultRecord,
} from '#vault';
import { bytesOf, identityOf, modelsOf, versionOf, wrappedOf, type StoredRecord, type Models } from './models.ts';
import { Parts, partsOf } from './parts.ts';
import { Rotation } from './rotation.ts';

const LIST_PAGE = 200;
const SWEEP_EVERY_MS = 60_000;
const SWEEP_BATCH = 100;
/** Attempts of a put or delete while other writers change the record. */
const TRIES = 50;

export interface MongoVaultOptions {
  /** `mongodb://…` or `mongodb+srv://…`. Its path names the database, `astro` by default. */
  readonly url: string;
  /** Name of the setting with the address, at the start of error messages. */
  readonly setting: string;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Newest first. The first key seals, and all can open. At least one. */
  readonly sealingKeys: readonly SealingKey[];
  readonly log: Logger;
}

/**
 * Opens a vault on a server with the MongoDB protocol. A put or delete that has resolved is journaled on a majority of
 * its members.
 * @throws VaultSealError if a required key is missing (the message contains the key ID), VaultUnavailableError with one
 * sentence if the server cannot be used
 */
export async function openMongoVault(options: MongoVaultOptions): Promise<SealedVault> {
  const [newest] = options.sealingKeys;
  if (!newest) throw new VaultSealError('The vault requires a sealing key.');
  const mongo = await openMongo({
    ...options,
    errorOf: ({ sentence, cause, isDiskFull }) => new VaultUnavailableError(sentence, { cause, isDiskFull }),
  });
  try {
    const vault = new MongoVault(mongo, newest, options);
    await vault.start();
    return vault;
  } catch (error) {
    await mongo.close();
    throw error;
  }
}

class MongoVault implements SealedVault {
  private readonly models: Models;
  private readonly parts: Parts;
  private readonly rotation: Rotation;
  private sweptAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly mongo: MongoStore,
    private readonly newest: SealingKey,
    private readonly options: MongoVaultOptions,
  ) {
    this.models = modelsOf(mongo.connection);
    this.parts = new Parts(this.models, mongo.step, options.clock);
    this.rotation = new Rotation(this.models.records, mongo.step, newest, options);
  }

  /**
   * Creates collections and indexes.
   * @throws VaultSealError if a key is missing
   */
  async start(): Promise<void> {
    const { records, parts, drafts, counters } = this.models;
    await this.mongo.ensure(records);
    await this.mongo.ensure(parts);
    await this.mongo.ensure(drafts);
    await this.mongo.ensure(counters);
    const [lacking] = (await this.lackingKeys()).values();
    if (lacking) throw lacking;
  }

  async put(
    name: string,
    value: Uint8Array,
    options: PutOptions = {},
  ): Promise<Result<number, DomainError<'vault/conflict'>>> {
    checkRecordName(name);
    const plain = Uint8Array.from(value); // the caller may reuse its buffer before this resolves
    const { expected, expiresAtMs = null } = options;
    return this.mongo.track(async () => {
      this.sweepSoon();
      for (let tries = 0; tries < TRIES; tries++) {
        const held = await this.held(name);
        if (expected !== undefined && expected !== (held && !this.isExpired(held) ? held.version : 'absent'))
          return err(vaultConflict());
        const version = await this.write(name, plain, expiresAtMs, held);
        if (version !== undefined) return ok(version);
        if (expected !== undefined) return err(vaultConflict());
      }
      throw changingAllTheTime();
    });
  }

  async get(name: string): Promise<VaultRecord | undefined> {
    const copy = await this.copyOf(name);
    return copy && { version: copy.version, value: openRecord(copy, copy, this.options.sealingKeys) };
  }

  delete(name: string): Promise<boolean> {
    return this.mongo.track(async () => {
      for (let tries = 0; tries < TRIES; tries++) {
        const held = await this.held(name);
        if (!held) return false;
        if (await this.remove(held)) return !this.isExpired(held);
      }
      throw changingAllTheTime();
    });
  }

  async *list(prefix: string): AsyncGenerator<{ readonly name: string; readonly updatedAtMs: number }> {
    let last = '';
    for (;;) {
      const behind = last;
      const page = await this.mongo.run(() =>
        this.models.records
          .find({ _id: { $gte: prefix, $gt: behind } }, { updatedMs: 1, expiresMs: 1 })
          .sort({ _id: 1 })
          .limit(LIST_PAGE)
          .lean<Pick<StoredRecord, '_id' | 'updatedMs' | 'expiresMs'>[]>(),
      );
      for (const record of page) {
        if (!record._id.startsWith(prefix)) return;
        last = record._id;
        if (!this.isExpired(record)) yield { name: record._id, updatedAtMs: record.updatedMs };
      }
      if (page.length < LIST_PAGE) return;
    }
  }

  rewrap(): Promise<number> {
    return this.mongo.track(() => this.rotation.rewrap());
  }

  async missingKeys(): Promise<readonly string[]> {
    return [...(await this.lackingKeys()).keys()];
  }

  copies(updatedFromMs?: number): AsyncIterable<SealedCopy> {
    return copiesOf(this, (name) => this.copyOf(name), updatedFromMs);
  }

  restore(copies: readonly SealedCopy[]): Promise<void> {
    return this.mongo.track(async () => {
      for (const copy of copies) {
        await this.versionAtLeast(copy.version);
        let isStored = false;
        for (let tries = 0; !isStored && tries < TRIES; tries++)
          isStored = await this.store(copy, await this.held(copy.name));
        if (!isStored) throw changingAllTheTime();
      }
    });
  }

  checkCopy(copy: SealedCopy): void {
    openRecord(copy, copy, this.options.sealingKeys);
  }

  close(): Promise<void> {
    return this.mongo.close();
  }

  private copyOf(name: string): Promise<SealedCopy | undefined> {
    return this.mongo.track(async () => {
      let record = await this.held(name);
      while (record && !this.isExpired(record)) {
        const { version, sealed, partsId = '', updatedMs, expiresMs } = record;
        const parts = sealed ? [bytesOf(sealed)] : await this.parts.read(partsId, partsOf(record));
        const next = parts.length === partsOf(record) ? record : await this.held(name);
        // If the record was replaced while its parts were read, the new one is read. If parts are missing otherwise,
        // opening it fails.
        if (next?.version === version)
          return {
            ...identityOf(record),
            ...wrappedOf(record),
            updatedAtMs: updatedMs,
            expiresAtMs: expiresMs,
            parts,
          };
        record = next;
      }
      return undefined;
    });
  }

  private held(name: string): Promise<StoredRecord | null> {
    return this.mongo.step(() => this.models.records.findOne({ _id: { $eq: name } }).lean<StoredRecord | null>());
  }

  private isExpired({ expiresMs }: Pick<StoredRecord, 'expiresMs'>): boolean {
    return expiresMs !== null && expiresMs <= this.options.clock.now();
  }

  /**
   * Seals a value and replaces the record that was read.
   * @returns the version; undefined if another writer was first
   */
  private async write(
    name: string,
    plain: Uint8Array,
    expiresMs: number | null,
    held: StoredRecord | null,
  ): Promise<number | undefined> {
    const { ids, clock } = this.options;
    const version = await this.nextVersion();
    const sealed = sealRecord({ name, version }, plain, this.newest, (bytes) => ids.random(bytes));
    const copy = { ...sealed, name, version, size: plain.length, updatedAtMs: clock.now(), expiresAtMs: expiresMs };
    const isWritten = await this.store(copy, held);
    return isWritten ? version : undefined;
  }

  /**
   * Replaces the record that was read.
   * @returns false if another writer was first
   */
  private async store(copy: SealedCopy, held: StoredRecord | null): Promise<boolean> {
    const { name, version, size, updatedAtMs, expiresAtMs, keyId, wrapped, parts } = copy;
    const partsId = parts.length > 1 ? this.options.ids.uuid() : undefined;
    const record: StoredRecord = {
      _id: name,
      version,
      size,
      updatedMs: updatedAtMs,
      expiresMs: expiresAtMs,
      keyId,
      wrapped: Buffer.from(wrapped),
      ...(partsId === undefined ? { sealed: Buffer.concat(parts) } : { partsId }),
    };
    if (partsId !== undefined) {
      await this.parts.draft(partsId, name, parts.length);
      await this.parts.write(partsId, parts);
    }
    if (held?.partsId !== undefined) await this.parts.draft(held.partsId, name, partsOf(held));
    const isWritten = await (held ? this.replace(held, record) : this.insert(record));
    if (partsId !== undefined)
      await (isWritten ? this.parts.settle(partsId) : this.parts.remove(partsId, parts.length));
    if (isWritten && held?.partsId !== undefined) await this.parts.remove(held.partsId, partsOf(held));
    return isWritten;
  }

  private insert(record: StoredRecord): Promise<boolean> {
    return this.mongo.step(async () => {
      try {
        await this.models.records.insertMany([record]);
        return true;
      } catch (error) {
        if (isDuplicateKey(error)) return false;
        throw error;
      }
    });
  }

  private async replace(held: StoredRecord, record: StoredRecord): Promise<boolean> {
    const replaced = await this.mongo.step(() => this.models.records.replaceOne(versionOf(held), record));
    return replaced.matchedCount === 1;
  }

  private async remove(held: StoredRecord): Promise<boolean> {
    if (held.partsId !== undefined) await this.parts.draft(held.partsId, held._id, partsOf(held));
    const { deletedCount } = await this.mongo.step(() => this.models.records.deleteOne(versionOf(held)));
    if (deletedCount === 1 && held.partsId !== undefined) await this.parts.remove(held.partsId, partsOf(held));
    return deletedCount === 1;
  }

  /** Returns the next version from one counter of all records, so that versions never repeat after a deletion. */
  private nextVersion(): Promise<number> {
    return this.mongo.step(async () => {
      const next = () =>
        this.models.counters
          .findOneAndUpdate(
            { _id: { $eq: 'versions' } },
            { $inc: { last: 1 } },
            { upsert: true, returnDocument: 'after' },
          )
          .lean<{ last: number }>()
          .orFail();
      try {
        return (await next()).last;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        return (await next()).last; // two processes created the counter at the same time
      }
    });
  }

  private versionAtLeast(version: number): Promise<unknown> {
    return this.mongo.step(() =>
      this.models.counters.updateOne({ _id: { $eq: 'versions' } }, { $max: { last: version } }, { upsert: true }),
    );
  }

  /** Occasionally removes expired records and unused parts, in parallel with a put. */
  private sweepSoon(): void {
    const { clock, log } = this.options;
    const now = clock.monotonic();
    if (now - this.sweptAtMs < SWEEP_EVERY_MS) return;
    this.sweptAtMs = now;
    const sweep = this.mongo.track(async () => {
      const expired = await this.mongo.step(() =>
        this.models.records
          .find({ expiresMs: { $lte: clock.now() } }, { sealed: 0 })
          .limit(SWEEP_BATCH)
          .lean<StoredRecord[]>(),
      );
      for (const record of expired) await this.remove(record);
      await this.parts.sweep();
    });
    sweep.catch((error: unknown) =>
      log.debug({ error: String(error) }, 'expired records of the vault were not removed; the next sweep tries again'),
    );
  }

  private lackingKeys(): Promise<ReadonlyMap<string, VaultSealError>> {
    return this.mongo.track(() => this.rotation.lackingKeys());
  }
}

const changingAllTheTime = () =>
  new VaultUnavailableError('Other writers change this record of the vault all the time.');
