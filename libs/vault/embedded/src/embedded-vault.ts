import { err, ok, type Clock, type DomainError, type Ids, type Logger, type Result } from '#kernel';
import {
  checkRecordName,
  copiesOf,
  openRecord,
  rewrapKey,
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

const LIST_PAGE = 200;
const REWRAP_BATCH = 100;
const SWEEP_EVERY_MS = 60_000;
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
  private sweptAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly file: SqliteStore,
    private readonly newest: SealingKey,
    private readonly options: Omit<EmbeddedVaultOptions, 'folder'>,
  ) {
    this.statements = statementsOf(file.database);
    this.commits = createGroupCommit(file);
  }

  async put(
    name: string,
    value: Uint8Array,
    options: PutOptions = {},
  ): Promise<Result<number, DomainError<'vault/conflict'>>> {
    const { expected, expiresAtMs = null } = options;
    const { clock, ids } = this.options;
    const { one, nextVersion } = this.statements;
    checkRecordName(name);
    const plain = Uint8Array.from(value); // the caller may reuse its buffer before the tick ends
    return this.write(() => {
      this.sweepExpired();
      const row = one.get(name);
      const held = row && !this.isExpired(row) ? Number(row['version']) : 'absent';
      if (expected !== undefined && expected !== held) return err(vaultConflict());
      const version = Number(nextVersion.get()?.['last']);
      const sealed = sealRecord({ name, version }, plain, this.newest, (bytes) => ids.random(bytes));
      this.store({ ...sealed, name, version, size: plain.length, updatedAtMs: clock.now(), expiresAtMs });
      return ok(version);
    });
  }

  get(name: string): Promise<VaultRecord | undefined> {
    return this.read(() => {
      const copy = this.copyOf(name);
      return copy && { value: openRecord(copy, copy, this.options.sealingKeys), version: copy.version };
    });
  }

  async delete(name: string): Promise<boolean> {
    const found = await this.write(() => {
      const row = this.statements.one.get(name);
      if (row) this.remove(name);
      return row && { expired: this.isExpired(row) };
    });
    if (found) this.emptyWriteAheadLog();
    return found !== undefined && !found.expired;
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
    return copiesOf(this, (name) => this.read(() => this.copyOf(name)), updatedFromMs);
  }

  async restore(copies: readonly SealedCopy[]): Promise<void> {
    await this.write(() => {
      for (const copy of copies) {
        this.statements.versionAtLeast.run(copy.version);
        this.store(copy);
      }
    });
  }

  checkCopy(copy: SealedCopy): void {
    openRecord(copy, copy, this.options.sealingKeys);
  }

  async close(): Promise<void> {
    await this.commits.settled();
    this.file.close();
  }

  private async read<T>(action: () => T): Promise<T> {
    return this.file.run(action);
  }

  private async write<T>(action: () => T): Promise<T> {
    this.file.run(() => {}); // throws if the vault is closed
    return this.commits.write(action);
  }

  private isExpired(row: Row): boolean {
    return row['expires_ms'] !== null && Number(row['expires_ms']) <= this.options.clock.now();
  }

  private store(copy: SealedCopy): void {
    const { name, version, size, updatedAtMs, expiresAtMs, keyId, wrapped, parts } = copy;
    this.remove(name);
    this.statements.record.run(name, version, size, updatedAtMs, expiresAtMs, keyId, wrapped);
    for (const [index, bytes] of parts.entries()) this.statements.part.run(name, index, bytes);
  }

  private copyOf(name: string): SealedCopy | undefined {
    // A single statement, so that all parts have the same version.
    const rows = this.statements.whole.all(name, this.options.clock.now());
    const [first] = rows;
    return (
      first && {
        ...identityOf({ ...first, name }),
        ...wrappedOf(first),
        updatedAtMs: Number(first['updated_ms']),
        expiresAtMs: first['expires_ms'] === null ? null : Number(first['expires_ms']),
        parts: rows.map((row) => bytesOf(row['sealed'])),
      }
    );
  }

  private remove(name: string): void {
    this.statements.noRecord.run(name);
    this.statements.noParts.run(name);
  }

  private sweepExpired(): void {
    const { clock } = this.options;
    const now = clock.monotonic();
    if (now - this.sweptAtMs < SWEEP_EVERY_MS) return;
    this.sweptAtMs = now;
    for (const { name } of this.statements.expired.all(clock.now())) this.remove(String(name));
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
  one: database.prepare('SELECT name, version, size, expires_ms, key_id, wrapped FROM records WHERE name = ?'),
  whole: database.prepare(
    'SELECT r.version, r.size, r.updated_ms, r.expires_ms, r.key_id, r.wrapped, p.sealed FROM records r JOIN parts p ON p.name = r.name WHERE r.name = ? AND (r.expires_ms IS NULL OR r.expires_ms > ?) ORDER BY p.part',
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
    'INSERT OR REPLACE INTO records (name, version, size, updated_ms, expires_ms, key_id, wrapped) VALUES (?, ?, ?, ?, ?, ?, ?)',
  ),
  part: database.prepare('INSERT INTO parts (name, part, sealed) VALUES (?, ?, ?)'),
  noRecord: database.prepare('DELETE FROM records WHERE name = ?'),
  noParts: database.prepare('DELETE FROM parts WHERE name = ?'),
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
