import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { EventStoreUnavailableError } from '#event-store';
import type { Ids } from '#kernel';

/** The file cannot be used as an event store at all; the message is one sentence for the operator. */
class EventStoreUnreadableError extends Error {
  readonly code = 'event-store/unreadable';
}

/** Marks the file as ours (the letters ASTR) and says which layout it has. */
const APPLICATION_ID = 0x41535452;
const LAYOUT = 1;
const SQLITE = { busy: 5, locked: 6, corrupt: 11, notADatabase: 26 } as const;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS events (
    position INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (stream, revision)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS store (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL) STRICT;
`;

/**
 * Opens or makes `events.sqlite` in `folder` (which is made too) and settles its store id.
 * @throws EventStoreUnreadableError when the file is damaged, of another kind, of a newer layout, or not accessible
 */
export function openDatabase(folder: string, ids: Ids): { readonly database: DatabaseSync; readonly storeId: string } {
  const file = join(folder, 'events.sqlite');
  for (let attempt = 1; ; attempt += 1) {
    let database: DatabaseSync | undefined;
    try {
      mkdirSync(folder, { recursive: true });
      // The time-out must be there from the start: a PRAGMA comes too late for the recovery after a kill.
      database = new DatabaseSync(file, { timeout: 5000 });
      return { database, storeId: prepare(database, ids) };
    } catch (error) {
      if (database?.isOpen) database.close();
      if (error instanceof EventStoreUnreadableError) throw error;
      // Switching a new file to WAL does not wait for another process that does the same.
      const isBusy = [SQLITE.busy, SQLITE.locked].some((code) => code === sqliteCode(error));
      if (!isBusy || attempt === 20)
        throw new EventStoreUnreadableError(`The event store ${file} cannot be opened (${reason(error)}).`, {
          cause: error,
        });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 25);
    }
  }
}

function prepare(database: DatabaseSync, ids: Ids): string {
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  database.exec('BEGIN IMMEDIATE');
  try {
    const application = Number(database.prepare('PRAGMA application_id').get()?.['application_id']);
    const layout = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
    const tables = Number(database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n']);
    if (tables > 0 && application !== APPLICATION_ID)
      throw new EventStoreUnreadableError('The file events.sqlite is a database of another program.');
    if (layout > LAYOUT)
      throw new EventStoreUnreadableError(
        `The event store has layout ${layout}, made by a newer release; this one reads up to ${LAYOUT}.`,
      );
    if (tables === 0) {
      database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${LAYOUT};`);
      database.exec(SCHEMA);
      database.prepare('INSERT INTO store (one, id) VALUES (1, ?)').run(Buffer.from(ids.random(10)).toString('hex'));
    }
    const storeId = database.prepare('SELECT id FROM store WHERE one = 1').get()?.['id'];
    if (typeof storeId !== 'string')
      throw new EventStoreUnreadableError('The event store has lost its id; restore it from a backup.');
    database.exec('COMMIT');
    return storeId;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function reason(error: unknown): string {
  const code = sqliteCode(error);
  if (code === SQLITE.corrupt || code === SQLITE.notADatabase) return 'the file is damaged; restore it from a backup';
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}

/** SQLite's primary result code; `undefined` for other errors. `instanceof` is no help: node:sqlite throws plain errors. */
function sqliteCode(error: unknown): number | undefined {
  return typeof error === 'object' && error !== null && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
}

/** Runs one piece of work on the database; what SQLite throws becomes the port's error, with its cause. */
export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof EventStoreUnavailableError) throw error;
    throw new EventStoreUnavailableError(`The event store did not answer (${reason(error)}).`, { cause: error });
  }
}
