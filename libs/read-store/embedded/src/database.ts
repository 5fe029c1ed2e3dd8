import { mkdirSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { ReadStoreUnavailableError } from '#read-store';

const SCHEMA_VERSION = 1;

/** SQLite's primary result codes that mean a state of the file or the machine, not a fault of ours. */
const CORRUPT = 11;
const NOT_A_DATABASE = 26;
const UNAVAILABLE: ReadonlySet<number> = new Set([5, 6, 7, 8, 10, 13, 14]); // busy, locked, no memory, read-only, I/O, full, cannot open

/** The file's bytes make no sense. Nothing is lost: what a read store holds is computed from the log. */
class ReadStoreDamagedError extends Error {
  readonly code = 'read-store/damaged';
}

/**
 * Opens or makes the file and its tables.
 * @throws ReadStoreDamagedError when it is no database of ours, ReadStoreUnavailableError when it cannot be reached
 */
export function openDatabase(folder: string, file: string): DatabaseSync {
  return explained(file, () => {
    mkdirSync(folder, { recursive: true });
    // The timeout is given here and not by PRAGMA: the first statement after a kill already has to wait for the recovery.
    const database = new DatabaseSync(file, { timeout: 5000 });
    try {
      prepareSchema(database, file);
    } catch (error) {
      database.close();
      throw error;
    }
    return database;
  });
}

function prepareSchema(database: DatabaseSync, file: string): void {
  database.exec('PRAGMA journal_mode = WAL');
  // A power cut may take the last transactions with it, checkpoint and documents alike: they are computed again.
  database.exec(
    'PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000',
  );
  database.exec('BEGIN IMMEDIATE');
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
  if (version > SCHEMA_VERSION) {
    throw new ReadStoreDamagedError(
      `The read store ${file} was written by a newer release of the platform; start that release, or delete the file to build it anew from the log.`,
    );
  }
  database.exec(`
    CREATE TABLE IF NOT EXISTS projections (
      name TEXT PRIMARY KEY, token INTEGER NOT NULL, owner TEXT, until_ms REAL NOT NULL, position TEXT
    ) WITHOUT ROWID;
    PRAGMA user_version = ${SCHEMA_VERSION};
    COMMIT`);
}

/** Runs `action` and gives what SQLite throws a meaning: damaged, unavailable, or a defect that stays as it is. */
export function explained<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const code = resultCode(error);
    if (code === CORRUPT || code === NOT_A_DATABASE) {
      throw new ReadStoreDamagedError(
        `The read store ${file} is damaged; stop the platform, delete the file with its -wal and -shm, and start again: it is built anew from the log.`,
        { cause: error },
      );
    }
    if (code !== undefined && UNAVAILABLE.has(code))
      throw new ReadStoreUnavailableError(`The read store ${file} did not answer (SQLite result code ${code}).`, {
        cause: error,
      });
    throw error;
  }
}

export const isMissingTable = (error: unknown): boolean =>
  resultCode(error) === 1 &&
  typeof error === 'object' &&
  error !== null &&
  'message' in error &&
  String(error.message).startsWith('no such table: c.');

function resultCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}
