import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { domainError, err, ok, type Clock, type DomainError, type Ids, type Logger, type Result } from '#kernel';
import {
  checkRecordName,
  openRecord,
  rewrapKey,
  sealRecord,
  unwrapKey,
  VaultSealError,
  VaultUnavailableError,
  type RecordIdentity,
  type SealedVault,
  type SealingKey,
  type VaultRecord,
  type WrappedKey,
} from '#vault';
import { BUSY_TIMEOUT_MS, explained, openDatabase } from './database.ts';
import { groupCommit } from './group-commit.ts';

const LIST_PAGE = 200;
const REWRAP_BATCH = 100;
const SWEEP_EVERY_MS = 60_000;
/** Another process that reads this very moment is soon done; one that is frozen must not hold us up. */
const CHECKPOINT_WAIT_MS = 200;

export interface EmbeddedVaultOptions {
  /** Made when it is missing; the file in it is `vault.sqlite`. Several processes of one host may share it. */
  readonly folder: string;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Newest first: it seals, all of them open. At least one. */
  readonly sealingKeys: readonly SealingKey[];
  readonly log: Logger;
}

/**
 * A vault in one SQLite file. A put or delete that has settled survives a power cut.
 * @throws VaultSealError when a key that records need is not given (its sentence names the key id), VaultDamagedError,
 *   VaultUnavailableError
 */
export async function openEmbeddedVault(options: EmbeddedVaultOptions): Promise<SealedVault> {
  const { folder, clock, ids, sealingKeys, log } = options;
  const [newest] = sealingKeys;
  if (!newest) throw new VaultSealError('The vault needs a sealing key and none was given.');
  const file = join(folder, 'vault.sqlite');
  const database = openDatabase(folder, file);
  const [lacking] = explained(file, () => lackingKeys(database, sealingKeys)).values();
  if (lacking) {
    database.close();
    throw lacking;
  }
  log.debug({ file, sealingKey: newest.id }, 'vault opened');

  const select = {
    one: database.prepare('SELECT name, version, size, expires_ms, key_id, wrapped FROM records WHERE name = ?'),
    whole: database.prepare(
      'SELECT r.version, r.size, r.key_id, r.wrapped, p.sealed FROM records r JOIN parts p ON p.name = r.name WHERE r.name = ? AND (r.expires_ms IS NULL OR r.expires_ms > ?) ORDER BY p.part',
    ),
    names: database.prepare(
      'SELECT name, updated_ms, expires_ms FROM records WHERE name >= ? AND name > ? ORDER BY name LIMIT ?',
    ),
    expired: database.prepare('SELECT name FROM records WHERE expires_ms <= ? LIMIT 1000'),
    otherKey: database.prepare(
      'SELECT name, version, size, key_id, wrapped FROM records WHERE key_id <> ? AND name > ? ORDER BY name LIMIT ?',
    ),
  };
  const change = {
    nextVersion: database.prepare('UPDATE versions SET last = last + 1 RETURNING last'),
    record: database.prepare(
      'INSERT OR REPLACE INTO records (name, version, size, updated_ms, expires_ms, key_id, wrapped) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    part: database.prepare('INSERT INTO parts (name, part, sealed) VALUES (?, ?, ?)'),
    noRecord: database.prepare('DELETE FROM records WHERE name = ?'),
    noParts: database.prepare('DELETE FROM parts WHERE name = ?'),
    rewrapped: database.prepare('UPDATE records SET key_id = ?, wrapped = ? WHERE name = ? AND version = ?'),
  };
  const commits = groupCommit(database);
  let sweptAtMs = Number.NEGATIVE_INFINITY;

  const run = async <T>(action: () => T): Promise<T> => {
    if (!database.isOpen) throw new VaultUnavailableError('The vault is closed.');
    return explained(file, action);
  };
  const write = async <T>(action: () => T): Promise<T> => {
    if (!database.isOpen) throw new VaultUnavailableError('The vault is closed.');
    try {
      return await commits.write(action);
    } catch (error) {
      return explained(file, () => {
        throw error;
      });
    }
  };
  const isExpired = (row: Row): boolean => row['expires_ms'] !== null && Number(row['expires_ms']) <= clock.now();
  const remove = (name: string): void => {
    change.noRecord.run(name);
    change.noParts.run(name);
  };

  /** The write-ahead log still holds what was removed until it is emptied: the data key is gone when this is done. */
  function emptyWriteAheadLog(): void {
    try {
      database.exec(`PRAGMA busy_timeout = ${CHECKPOINT_WAIT_MS}`);
      const outcome = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
      if (Number(outcome?.['busy']) !== 0)
        log.warn(
          { file },
          'the write-ahead log of the vault is in use and keeps removed records until the next deletion',
        );
    } catch (error) {
      log.warn(
        { file, error: String(error) },
        'the write-ahead log of the vault could not be emptied and keeps removed records until the next deletion',
      );
    } finally {
      database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    }
  }

  function sweepExpired(): void {
    const now = clock.monotonic();
    if (now - sweptAtMs < SWEEP_EVERY_MS) return;
    sweptAtMs = now;
    for (const { name } of select.expired.all(clock.now())) remove(String(name));
  }

  return {
    async put(name, value, { expected, expiresAtMs } = {}): Promise<Result<number, DomainError<'vault/conflict'>>> {
      checkRecordName(name);
      const plain = Uint8Array.from(value); // the caller may use its buffer again before the tick ends
      return write(() => {
        sweepExpired();
        const row = select.one.get(name);
        const held = row && !isExpired(row) ? Number(row['version']) : 'absent';
        if (expected !== undefined && expected !== held) return err(conflict());
        const version = Number(change.nextVersion.get()?.['last']);
        const sealed = sealRecord({ name, version }, plain, newest, (bytes) => ids.random(bytes));
        remove(name);
        change.record.run(name, version, plain.length, clock.now(), expiresAtMs ?? null, sealed.keyId, sealed.wrapped);
        for (const [part, bytes] of sealed.parts.entries()) change.part.run(name, part, bytes);
        return ok(version);
      });
    },

    get: (name) =>
      run((): VaultRecord | undefined => {
        const rows = select.whole.all(name, clock.now()); // one statement: never the parts of another version
        const [first] = rows;
        if (!first) return undefined;
        const identity = identityOf({ ...first, name });
        const parts = rows.map((row) => bytesOf(row['sealed']));
        return { value: openRecord(identity, { ...wrappedOf(first), parts }, sealingKeys), version: identity.version };
      }),

    async delete(name) {
      const found = await write(() => {
        const row = select.one.get(name);
        if (row) remove(name);
        return row && { expired: isExpired(row) };
      });
      if (found && database.isOpen) emptyWriteAheadLog();
      return found !== undefined && !found.expired;
    },

    async *list(prefix) {
      let last = '';
      for (;;) {
        const rows = await run(() => select.names.all(prefix, last, LIST_PAGE));
        for (const row of rows) {
          const name = String(row['name']);
          if (!name.startsWith(prefix)) return;
          last = name;
          if (!isExpired(row)) yield { name, updatedAtMs: Number(row['updated_ms']) };
        }
        if (rows.length < LIST_PAGE) return;
      }
    },

    async rewrap() {
      let rewrapped = 0;
      let last = '';
      for (;;) {
        const rows = await write(() => {
          const batch = select.otherKey.all(newest.id, last, REWRAP_BATCH);
          for (const row of batch) {
            const { name, version } = identityOf(row);
            const { keyId, wrapped } = rewrapKey(identityOf(row), wrappedOf(row), sealingKeys, newest, (bytes) =>
              ids.random(bytes),
            );
            rewrapped += Number(change.rewrapped.run(keyId, wrapped, name, version).changes);
          }
          return batch;
        });
        last = String(rows.at(-1)?.['name'] ?? last);
        if (rows.length < REWRAP_BATCH) break;
      }
      if (rewrapped > 0) emptyWriteAheadLog(); // data keys wrapped with the old sealing key
      return rewrapped;
    },

    missingKeys: () => run(() => [...lackingKeys(database, sealingKeys).keys()]),

    async close() {
      await commits.settled();
      if (database.isOpen) database.close();
    },
  };
}

type Row = Record<string, unknown>;

/** One record of each key id is tried: a key of the right name and other bytes is as good as none. */
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
  // Not instanceof: SQLite's arrays may come from another realm.
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  throw new TypeError(`the vault holds a ${typeof value} where bytes belong`);
}

const conflict = () =>
  domainError('vault/conflict', 'conflict', 'The record was changed by somebody else meanwhile.', {
    fix: 'read it again and decide anew',
  });
