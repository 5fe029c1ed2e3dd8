import { mkdirSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { WorkQueueUnavailableError } from '#work-queue';

const SCHEMA_VERSION = 1;

/** SQLite's primary result codes that mean a state of the file or the machine, not a fault of ours. */
const CORRUPT = 11;
const NOT_A_DATABASE = 26;
const UNAVAILABLE: ReadonlySet<number> = new Set([5, 6, 7, 8, 10, 13, 14]); // busy, locked, no memory, read-only, I/O, full, cannot open

/** The file's bytes make no sense. Nothing is lost: work that is owed is found again in the log. */
class WorkQueueDamagedError extends Error {
  readonly code = 'work-queue/damaged';
}

/** Opens or makes the file and its tables. @throws WorkQueueDamagedError, WorkQueueUnavailableError */
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
  // A power cut may take the last items with it, as with a message server: a sweep over the log enqueues them again.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE');
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
  if (version > SCHEMA_VERSION) {
    throw new WorkQueueDamagedError(
      `The work queue ${file} was written by a newer release of the platform; start that release, or delete the file: work that is owed is enqueued again.`,
    );
  }
  // visible_ms: wall clock from which a worker may take the item; a lease moves it on. attempts is also the lease's token.
  database.exec(`
    CREATE TABLE IF NOT EXISTS items (
      id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,
      attempts INTEGER NOT NULL DEFAULT 0, visible_ms REAL NOT NULL, UNIQUE (queue, key)
    );
    CREATE INDEX IF NOT EXISTS items_by_time ON items (queue, visible_ms, id);
    CREATE TABLE IF NOT EXISTS dead_letters (
      id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, body TEXT NOT NULL, reason TEXT NOT NULL, attempts INTEGER NOT NULL
    );
    CREATE INDEX IF NOT EXISTS dead_letters_by_queue ON dead_letters (queue, id);
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
      throw new WorkQueueDamagedError(
        `The work queue ${file} is damaged; stop the platform, delete the file with its -wal and -shm, and start again: work that is owed is enqueued again.`,
        { cause: error },
      );
    }
    if (code !== undefined && UNAVAILABLE.has(code))
      throw new WorkQueueUnavailableError(`The work queue ${file} did not answer (SQLite result code ${code}).`, {
        cause: error,
      });
    throw error;
  }
}

function resultCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}
