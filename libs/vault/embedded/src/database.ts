import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { VaultUnavailableError } from '#vault';

const SCHEMA_VERSION = 1;
/** How long a statement waits for another process of this host. */
export const BUSY_TIMEOUT_MS = 5000;

/** SQLite's primary result codes that mean a state of the file or the machine, not a fault of ours. */
const CORRUPT = 11;
const NOT_A_DATABASE = 26;
const UNAVAILABLE: ReadonlySet<number> = new Set([5, 6, 7, 8, 10, 13, 14]); // busy, locked, no memory, read-only, I/O, full, cannot open

/** The file's bytes make no sense, or a newer release wrote them. What a vault holds exists nowhere else. */
class VaultDamagedError extends Error {
  readonly code = 'vault/damaged';
}

/** Opens or makes the file (for its owner only) and its tables. @throws VaultDamagedError, VaultUnavailableError */
export function openDatabase(folder: string, file: string): DatabaseSync {
  return explained(file, () => {
    mkdirSync(folder, { recursive: true });
    const made = !existsSync(file);
    // The timeout is given here and not by PRAGMA: the first statement after a kill already has to wait for the recovery.
    const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
    try {
      if (made) chmodSync(file, 0o600); // -wal and -shm take it over
      prepareSchema(database, file);
    } catch (error) {
      database.close();
      throw error;
    }
    return database;
  });
}

function prepareSchema(database: DatabaseSync, file: string): void {
  // secure_delete: what is deleted is overwritten, not only unlinked.
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY',
  );
  database.exec('BEGIN IMMEDIATE');
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
  if (version > SCHEMA_VERSION)
    throw new VaultDamagedError(
      `The vault ${file} was written by a newer release of the platform; start that release.`,
    );
  database.exec(`
    CREATE TABLE IF NOT EXISTS records (
      name TEXT PRIMARY KEY, version INTEGER NOT NULL, size INTEGER NOT NULL, updated_ms REAL NOT NULL, expires_ms REAL,
      key_id TEXT NOT NULL, wrapped BLOB NOT NULL
    );
    CREATE INDEX IF NOT EXISTS records_by_key ON records (key_id, name);
    CREATE INDEX IF NOT EXISTS records_by_expiry ON records (expires_ms) WHERE expires_ms IS NOT NULL;
    CREATE TABLE IF NOT EXISTS parts (name TEXT NOT NULL, part INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (name, part));
    CREATE TABLE IF NOT EXISTS versions (last INTEGER NOT NULL);
    INSERT INTO versions SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM versions);
    PRAGMA user_version = ${SCHEMA_VERSION};
    COMMIT`);
}

/** Runs `action` and gives what SQLite throws a meaning: damaged, unavailable, or a defect that stays as it is. */
export function explained<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const code = resultCode(error);
    if (code === CORRUPT || code === NOT_A_DATABASE)
      throw new VaultDamagedError(`The vault ${file} is damaged; restore it from a backup.`, { cause: error });
    if (code !== undefined && UNAVAILABLE.has(code))
      throw new VaultUnavailableError(`The vault ${file} did not answer (SQLite result code ${code}).`, {
        cause: error,
      });
    throw error;
  }
}

function resultCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}
