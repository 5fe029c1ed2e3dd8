import { setImmediate as turn } from 'node:timers/promises';
import { err, ok, type Clock, type DomainError, type Ids, type Logger, type Result } from '#kernel';
import {
  checkRecordName,
  copiesOf,
  openRecord,
  PART_BYTES,
  rewrapKey,
  sealParts,
  sealRecord,
  unwrapKey,
  vaultConflict,
  VaultSealError,
  type PutOptions,
  type RecordIdentity,
  type SealedCopy,
  type SealedVault,
  type SealingKey,
  type VaultRecord,
  type WrappedKey,
} from '#vault';
import { BUSY_TIMEOUT_MS, createGroupCommit, type DatabaseSync, type GroupCommit, type SqliteStore } from '#sqlite';
import { openDatabase } from './database.ts';
import { Drafts } from './drafts.ts';

const LIST_PAGE = 200;
const REWRAP_BATCH = 100;
const SWEEP_EVERY_MS = 60_000;
/** Size up to which the parts of an expired record are removed in the same transaction, which removes many records. */
const SWEPT_BYTES = 16 * 1024;
/** Milliseconds to wait for readers in other processes. A suspended process must not block for longer. */
const CHECKPOINT_WAIT_MS = 200;

export interface EmbeddedVaultOptions {
  /** Folder of the file `vault.sqlite`. Created if missing. Several processes of one host may share it. */
  readonly folder: string;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Newest first. The first key seals, and all can open. At least one. */
  readonly sealingKeys: readonly SealingKey[];
  readonly log: Logger;
}

/**
 * Opens a vault in one SQLite file. A put or delete that has resolved survives a power failure.
 * @throws VaultSealError if a required key is missing (the message contains the key ID), VaultDamagedError,
 * VaultUnavailableError
 */
export async function openEmbeddedVault(options: EmbeddedVaultOptions): Promise<SealedVault> {
  const file = openDatabase(options.folder, options.log);
  try {
    return vaultOver(file, options);
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * Returns the vault of an open file. Closing it closes the file.
 * @throws VaultSealError
 */
export function vaultOver(file: SqliteStore, options: Omit<EmbeddedVaultOptions, 'folder'>): SealedVault {
  const { sealingKeys, log } = options;
  const [newest] = sealingKeys;
  if (!newest) throw new VaultSealError('The vault requires a sealing key.');
  const [lacking] = file.run(() => lackingKeys(file.database, sealingKeys)).values();
  if (lacking) throw lacking;
  log.debug({ file: file.path, sealingKey: newest.id }, 'vault opened');
  return new EmbeddedVault(file, newest, options);
}

class EmbeddedVault implements SealedVault {
  private readonly statements: Statements;
  private readonly commits: GroupCommit;
  private readonly drafts: Drafts;
  /** Puts in several transactions. */
  private readonly underWay = new Set<Promise<unknown>>();
  private removing = Promise.resolve();
  private isRemovalDue = false;
  private isClosing = false;
  private sweptAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly file: SqliteStore,
    private readonly newest: SealingKey,
    private readonly options: Omit<EmbeddedVaultOptions, 'folder'>,
  ) {
    this.statements = statementsOf(file.database);
    this.commits = createGroupCommit(file);
    this.drafts = new Drafts(file.database, options.clock);
  }

  async put(
    name: string,
    value: Uint8Array,
    options: PutOptions = {},
  ): Promise<Result<number, DomainError<'vault/conflict'>>> {
    checkRecordName(name);
    const plain = new Uint8Array(value); // the caller may reuse its buffer before the tick ends
    return plain.length > PART_BYTES ? this.putLarge(name, plain, options) : this.putSmall(name, plain, options);
  }

  async get(name: string): Promise<VaultRecord | undefined> {
    const copy = await this.copyOf(name);
    return copy && { value: openRecord(copy, copy, this.options.sealingKeys), version: copy.version };
  }

  async delete(name: string): Promise<boolean> {
    const { row, isOvertaken } = await this.write(() => ({
      row: this.remove(name),
      isOvertaken: this.drafts.overtake(name, Number.MAX_SAFE_INTEGER),
    }));
    if (row) this.emptyWriteAheadLog();
    return isOvertaken || (row !== undefined && !this.isExpired(row));
  }

  async *list(prefix: string): AsyncGenerator<{ readonly name: string; readonly updatedAtMs: number }> {
    let last = '';
    for (;;) {
      const rows = await this.read(() => this.statements.names.all(prefix, last, LIST_PAGE));
      for (const row of rows) {
        const name = String(row['name']);
        if (!name.startsWith(prefix)) return;
        last = name;
        if (!this.isExpired(row)) yield { name, updatedAtMs: Number(row['updated_ms']) };
      }
      if (rows.length < LIST_PAGE) return;
    }
  }

  async rewrap(): Promise<number> {
    let rewrapped = 0;
    for (let last: string | undefined = ''; last !== undefined;) {
      const batch: RewrappedBatch = await this.write(() => this.rewrapBehind(last ?? ''));
      rewrapped += batch.rewrapped;
      last = batch.last;
    }
    if (rewrapped > 0) this.emptyWriteAheadLog(); // removes data keys wrapped with the old sealing key
    return rewrapped;
  }

  missingKeys(): Promise<readonly string[]> {
    return this.read(() => [...lackingKeys(this.file.database, this.options.sealingKeys).keys()]);
  }

  copies(updatedFromMs?: number): AsyncIterable<SealedCopy> {
    return copiesOf(this, (name) => this.copyOf(name), updatedFromMs);
  }

  async restore(copies: readonly SealedCopy[]): Promise<void> {
    await this.write(() => {
      for (const copy of copies) {
        this.statements.versionAtLeast.run(copy.version);
        const partsId = this.options.ids.uuid();
        for (const [part, bytes] of copy.parts.entries()) this.statements.part.run(partsId, part, bytes);
        this.replace(copy, partsId);
      }
    });
  }

  checkCopy(copy: SealedCopy): void {
    openRecord(copy, copy, this.options.sealingKeys);
  }

  async close(): Promise<void> {
    this.isClosing = true;
    await Promise.allSettled(this.underWay);
    await this.removing;
    await this.commits.settled();
    this.file.close();
  }

  private async read<T>(action: () => T): Promise<T> {
    return this.file.run(action);
  }

  private async write<T>(action: () => T, bytes?: number): Promise<T> {
    this.file.run(() => {}); // throws if the vault is closed
    return this.commits.write(action, bytes);
  }

  private isExpired(row: Row): boolean {
    return row['expires_ms'] !== null && Number(row['expires_ms']) <= this.options.clock.now();
  }

  private putSmall(name: string, plain: Uint8Array, options: PutOptions) {
    const { expected, expiresAtMs = null } = options;
    const { clock, ids } = this.options;
    return this.write(() => {
      this.sweep();
      if (!this.isExpected(name, expected)) return err(vaultConflict());
      const version = this.nextVersion();
      const { parts, ...key } = sealRecord({ name, version }, plain, this.newest, (bytes) => ids.random(bytes));
      const partsId = ids.uuid();
      for (const [part, bytes] of parts.entries()) this.statements.part.run(partsId, part, bytes);
      this.replace({ ...key, name, version, size: plain.length, updatedAtMs: clock.now(), expiresAtMs }, partsId);
      return ok(version);
    }, plain.length);
  }

  private async putLarge(name: string, plain: Uint8Array, options: PutOptions) {
    const put = this.putParts(name, plain, options);
    this.underWay.add(put);
    try {
      return await put;
    } finally {
      this.underWay.delete(put);
      this.removeUnused();
    }
  }

  /** Writes each part in its own transaction, and then the record. */
  private async putParts(name: string, plain: Uint8Array, options: PutOptions) {
    const { expected, expiresAtMs = null } = options;
    const { clock, ids } = this.options;
    const partsId = ids.uuid();
    const version = await this.write(() => {
      this.sweep();
      if (!this.isExpected(name, expected)) return undefined;
      const next = this.nextVersion();
      this.drafts.begin(partsId, name, next);
      return next;
    });
    if (version === undefined) return err(vaultConflict());
    try {
      const { parts, ...key } = sealParts({ name, version }, plain, this.newest, (bytes) => ids.random(bytes));
      let count = 0;
      for (const sealed of parts) {
        const part = count++;
        if (!(await this.write(() => this.drafts.write(partsId, part, sealed), sealed.length))) break;
      }
      return await this.write(() => {
        const isOpen = this.drafts.isOpen(partsId);
        if (isOpen && this.isExpected(name, expected)) {
          this.drafts.end(partsId);
          this.replace({ ...key, name, version, size: plain.length, updatedAtMs: clock.now(), expiresAtMs }, partsId);
          return ok(version);
        }
        this.drafts.release(partsId);
        // Without an expected version, the effect is as if this put had ended before the call that overtook it.
        return isOpen || expected !== undefined ? err(vaultConflict()) : ok(version);
      });
    } catch (error) {
      // If this fails too, a later put removes the parts.
      await this.write(() => this.drafts.release(partsId)).catch(() => {});
      throw error;
    }
  }

  private isExpected(name: string, expected: PutOptions['expected']): boolean {
    if (expected === undefined) return true;
    const row = this.statements.one.get(name);
    return expected === (row && !this.isExpired(row) ? Number(row['version']) : 'absent');
  }

  private nextVersion(): number {
    return Number(this.statements.nextVersion.get()?.['last']);
  }

  /** Stores a record whose parts were written, in place of the record with its name. */
  private replace(record: Omit<SealedCopy, 'parts'>, partsId: string): void {
    const { name, version, size, updatedAtMs, expiresAtMs, keyId, wrapped } = record;
    this.remove(name);
    this.drafts.overtake(name, version);
    this.statements.record.run(name, version, size, updatedAtMs, expiresAtMs, keyId, wrapped, partsId);
  }

  /** Reads a record, and each of its parts in its own turn of the event loop. */
  private async copyOf(name: string): Promise<SealedCopy | undefined> {
    const held = () => this.read(() => this.statements.whole.get(name, this.options.clock.now()));
    let row = await held();
    while (row) {
      const { parts_id: partsId } = row;
      const identity = identityOf({ ...row, name });
      const parts = [bytesOf(row['sealed'])];
      while (parts.length * PART_BYTES < identity.size) {
        await turn();
        const next = await this.read(() => this.statements.partOf.get(String(partsId), parts.length));
        if (!next) break;
        parts.push(bytesOf(next['sealed']));
      }
      const copy = {
        ...identity,
        ...wrappedOf(row),
        updatedAtMs: Number(row['updated_ms']),
        expiresAtMs: row['expires_ms'] === null ? null : Number(row['expires_ms']),
        parts,
      };
      if (parts.length * PART_BYTES >= identity.size) return copy;
      // If the record was replaced or deleted in the meantime, the next one is read. If parts are missing otherwise,
      // opening the copy fails.
      row = await held();
      if (row?.['parts_id'] === partsId) return copy;
    }
    return undefined;
  }

  /**
   * Removes a record and its data key. Parts of more than `limit` bytes are removed after the transaction.
   * @returns the removed record
   */
  private remove(name: string, limit = PART_BYTES): Row | undefined {
    const row = this.statements.one.get(name);
    if (!row) return undefined;
    const partsId = String(row['parts_id']);
    this.statements.noRecord.run(name);
    if (Number(row['size']) <= limit) this.statements.noParts.run(partsId);
    else {
      this.drafts.releaseOf(identityOf(row), partsId);
      this.removeUnused();
    }
    return row;
  }

  /** Removes unused parts, one in each turn of the event loop, after the present transaction. */
  private removeUnused(): void {
    if (this.isRemovalDue) return;
    this.isRemovalDue = true;
    this.removing = this.removing.then(async () => {
      this.isRemovalDue = false;
      try {
        let isRemoved = true;
        while (isRemoved && !this.isClosing) isRemoved = await this.write(() => this.drafts.removePart(), PART_BYTES);
      } catch (error) {
        this.options.log.debug(
          { error: String(error) },
          'unused parts of the vault were not removed; a later put tries again',
        );
      }
    });
  }

  /** Occasionally removes expired records, and unused parts that other processes left. */
  private sweep(): void {
    const { clock } = this.options;
    const now = clock.monotonic();
    if (now - this.sweptAtMs < SWEEP_EVERY_MS) return;
    this.sweptAtMs = now;
    for (const { name } of this.statements.expired.all(clock.now())) this.remove(String(name), SWEPT_BYTES);
    this.removeUnused();
  }

  /** Rewraps the data keys of one batch of records. */
  private rewrapBehind(behind: string): RewrappedBatch {
    const { sealingKeys, ids } = this.options;
    const rows = this.statements.otherKey.all(this.newest.id, behind, REWRAP_BATCH);
    let rewrapped = 0;
    for (const row of rows) {
      const identity = identityOf(row);
      const { keyId, wrapped } = rewrapKey(identity, wrappedOf(row), sealingKeys, this.newest, (bytes) =>
        ids.random(bytes),
      );
      rewrapped += Number(this.statements.rewrapped.run(keyId, wrapped, identity.name, identity.version).changes);
    }
    const last = rows.length < REWRAP_BATCH ? undefined : String(rows.at(-1)?.['name']);
    return { rewrapped, last };
  }

  /** Truncates the write-ahead log, which otherwise still contains removed data keys. */
  private emptyWriteAheadLog(): void {
    const { database, path } = this.file;
    const { log } = this.options;
    if (!database.isOpen) return;
    try {
      database.exec(`PRAGMA busy_timeout = ${CHECKPOINT_WAIT_MS}`);
      const outcome = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
      if (Number(outcome?.['busy']) !== 0)
        log.warn(
          { file: path },
          'the write-ahead log of the vault is in use and keeps removed records until the next deletion',
        );
    } catch (error) {
      log.warn(
        { file: path, error: String(error) },
        'the write-ahead log of the vault could not be emptied and keeps removed records until the next deletion',
      );
    } finally {
      database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    }
  }
}

/** Result of one batch. `last` is the record after which to continue; undefined at the end. */
interface RewrappedBatch {
  readonly rewrapped: number;
  readonly last: string | undefined;
}

type Statements = ReturnType<typeof statementsOf>;

const statementsOf = (database: DatabaseSync) => ({
  one: database.prepare('SELECT name, version, size, expires_ms, parts_id FROM records WHERE name = ?'),
  whole: database.prepare(
    'SELECT r.version, r.size, r.updated_ms, r.expires_ms, r.key_id, r.wrapped, r.parts_id, p.sealed FROM records r JOIN parts p ON p.parts_id = r.parts_id AND p.part = 0 WHERE r.name = ? AND (r.expires_ms IS NULL OR r.expires_ms > ?)',
  ),
  names: database.prepare(
    'SELECT name, updated_ms, expires_ms FROM records WHERE name >= ? AND name > ? ORDER BY name LIMIT ?',
  ),
  expired: database.prepare('SELECT name FROM records WHERE expires_ms <= ? LIMIT 1000'),
  otherKey: database.prepare(
    'SELECT name, version, size, key_id, wrapped FROM records WHERE key_id <> ? AND name > ? ORDER BY name LIMIT ?',
  ),
  nextVersion: database.prepare('UPDATE versions SET last = last + 1 RETURNING last'),
  versionAtLeast: database.prepare('UPDATE versions SET last = max(last, ?)'),
  record: database.prepare(
    'INSERT INTO records (name, version, size, updated_ms, expires_ms, key_id, wrapped, parts_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  ),
  part: database.prepare('INSERT INTO parts (parts_id, part, sealed) VALUES (?, ?, ?)'),
  partOf: database.prepare('SELECT sealed FROM parts WHERE parts_id = ? AND part = ?'),
  noRecord: database.prepare('DELETE FROM records WHERE name = ?'),
  noParts: database.prepare('DELETE FROM parts WHERE parts_id = ?'),
  rewrapped: database.prepare('UPDATE records SET key_id = ?, wrapped = ? WHERE name = ? AND version = ?'),
});

type Row = Record<string, unknown>;

/**
 * Tries one record of each key ID, since a key with the right ID may have other bytes.
 * @returns errors by key ID
 */
function lackingKeys(database: DatabaseSync, keys: readonly SealingKey[]): ReadonlyMap<string, VaultSealError> {
  const samples = database.prepare('SELECT min(name) AS name FROM records GROUP BY key_id ORDER BY key_id').all();
  const whole = database.prepare('SELECT name, version, size, key_id, wrapped FROM records WHERE name = ?');
  const lacking = new Map<string, VaultSealError>();
  for (const { name } of samples) {
    const row = whole.get(String(name));
    if (!row) continue; // removed between the two statements
    try {
      unwrapKey(identityOf(row), wrappedOf(row), keys);
    } catch (error) {
      if (!(error instanceof VaultSealError)) throw error;
      lacking.set(wrappedOf(row).keyId, error);
    }
  }
  return lacking;
}

const identityOf = (row: Row): RecordIdentity => ({
  name: String(row['name']),
  version: Number(row['version']),
  size: Number(row['size']),
});
const wrappedOf = (row: Row): WrappedKey => ({ keyId: String(row['key_id']), wrapped: bytesOf(row['wrapped']) });

function bytesOf(value: unknown): Uint8Array {
  // Does not use `instanceof`, because SQLite's arrays may come from another realm.
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  throw new TypeError(`the vault holds a ${typeof value} where bytes belong`);
}
