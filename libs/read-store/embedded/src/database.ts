import { ReadStoreUnavailableError } from '#read-store';
import type { Logger } from '#kernel';
import { openSqlite, resultCodeOf, type SqliteStore } from '#sqlite';

/** Thrown if the file's content is invalid. No data is lost, because a read store can be computed from the log. */
class ReadStoreDamagedError extends Error {
  readonly code = 'read-store/damaged';
}

const LAYOUTS = [
  `
  CREATE TABLE projections (
    name TEXT PRIMARY KEY, token INTEGER NOT NULL, owner TEXT, until_ms REAL NOT NULL, position TEXT
  ) WITHOUT ROWID;
`,
];

/**
 * Opens or creates `read-store.sqlite` and its tables. A power failure may lose the last transactions with both
 * checkpoint and documents, which are then computed again.
 * @throws ReadStoreDamagedError if it is not a database of the platform, ReadStoreUnavailableError if it cannot be
 * opened
 */
export const openDatabase = (folder: string, log: Logger): SqliteStore =>
  openSqlite({
    folder,
    fileName: 'read-store.sqlite',
    title: 'The read store',
    synchronous: 'NORMAL',
    pragmas: 'PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000;',
    layouts: LAYOUTS,
    whenDeleted: 'it is rebuilt from the log',
    log,
    errorOf({ kind, sentence, cause }) {
      if (kind === 'other') return undefined;
      return kind === 'full' || kind === 'unavailable'
        ? new ReadStoreUnavailableError(sentence, { cause, isDiskFull: kind === 'full' })
        : new ReadStoreDamagedError(sentence, { cause });
    },
  });

export const isMissingTable = (error: unknown): boolean =>
  resultCodeOf(error) === 1 &&
  typeof error === 'object' &&
  error !== null &&
  'message' in error &&
  String(error.message).startsWith('no such table: c.');
