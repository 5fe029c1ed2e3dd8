import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makePrivate, makePrivateFolder } from '#files';
import type { Logger } from '#kernel';
import { failureOf, resultCodeOf, sentenceOf, type SqliteFailure, type SqliteWording } from './sqlite-failure.ts';

/** Milliseconds that a statement waits for another process of this host. */
export const BUSY_TIMEOUT_MS = 5000;

export interface SqliteOptions {
  /** Folder of the file. Created with mode 0700 if missing. */
  readonly folder: string;
  readonly fileName: string;
  /** Name of the store at the start of error messages: `The vault`. */
  readonly title: string;
  /**
   * `FULL`: committed transactions survive a power failure. `NORMAL`: the last ones may be lost, but the file remains
   * consistent. Use it for data that can be computed again.
   */
  readonly synchronous: 'FULL' | 'NORMAL';
  /** Additional settings of the connection, as statements. */
  readonly pragmas?: string;
  /** SQLite's application ID of the file. Only for stores that have had one since their first release. */
  readonly applicationId?: number;
  /**
   * Statements that create layout 1 from an empty file, layout 2 from layout 1, and so on. Never change one that was
   * released.
   */
  readonly layouts: readonly string[];
  /**
   * Consequence of deleting the file, for error messages: `it is rebuilt from the log`. Missing if its content exists
   * nowhere else.
   */
  readonly whenDeleted?: string;
  /** Returns the engine's own error for a failure; undefined if the original error is to be thrown. */
  readonly errorOf: (failure: SqliteFailure) => Error | undefined;
  readonly log: Logger;
}

/** An open file of one engine. */
export interface SqliteStore {
  readonly path: string;
  readonly database: DatabaseSync;
  /** Runs `action`. Errors of SQLite are thrown as the engine's error, as is a call after `close`. */
  run<T>(action: () => T): T;
  /** Runs `action` in a transaction. Must be called within {@link run}. */
  transaction<T>(action: () => T): T;
  /** Returns the engine's error for a thrown error, or the error itself if there is none. */
  explain(error: unknown): unknown;
  /** Closes the file. Further calls have no effect. */
  close(): void;
}

/** Attempts to open the file, with {@link RETRY_MS} between them. */
const TRIES = 20;
const RETRY_MS = 25;
const BUSY_OR_LOCKED: ReadonlySet<number | undefined> = new Set([5, 6]);

/**
 * Opens or creates a SQLite file with a write-ahead log and mode 0600, and migrates it to the latest layout. Processes
 * of one host may share it.
 * @throws the error of `errorOf` if the file is damaged, belongs to another program or a newer release, or cannot be
 * opened
 */
export function openSqlite(options: SqliteOptions): SqliteStore {
  const { folder, fileName, title, whenDeleted, log } = options;
  const path = join(folder, fileName);
  const wording: SqliteWording = { title, path, ...(whenDeleted !== undefined && { whenDeleted }) };
  const explainWhile = (isOpening: boolean, error: unknown): unknown => {
    const failure = error instanceof RefusedFile ? error.failure(wording) : failureOf(error, isOpening, wording);
    return (failure && options.errorOf(failure)) ?? error;
  };
  let database: DatabaseSync;
  try {
    makePrivateFolder(folder);
    database = openWithRetry(path, options);
    for (const file of [path, `${path}-wal`, `${path}-shm`]) {
      const reason = existsSync(file) ? makePrivate(file) : undefined;
      if (reason !== undefined)
        log.warn({ file, reason }, 'other users of this machine may open the file; run chmod 600 on it as its owner');
    }
  } catch (error) {
    throw explainWhile(true, error);
  }
  return storeOver(database, path, title, (error) => explainWhile(false, error), options.errorOf);
}

function openWithRetry(path: string, options: SqliteOptions): DatabaseSync {
  for (let tries = 1; ; tries += 1) {
    let database: DatabaseSync | undefined;
    try {
      // SQLite would create it with access for others; -wal and -shm get the same mode.
      if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
      // The timeout must be set when opening: a PRAGMA is too late for the recovery after a kill.
      database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
      prepare(database, options);
      return database;
    } catch (error) {
      if (database?.isOpen) database.close();
      // Switching a new file to a write-ahead log does not wait for another process that does the same.
      if (tries === TRIES || !BUSY_OR_LOCKED.has(resultCodeOf(error))) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}

/** Thrown if the file is valid, but not for this release. */
class RefusedFile extends Error {
  constructor(readonly kind: 'foreign' | 'newer') {
    super(kind);
  }

  failure(wording: SqliteWording): SqliteFailure {
    return { kind: this.kind, isOpening: true, sentence: sentenceOf(this.kind, true, '', wording), cause: this };
  }
}

function prepare(database: DatabaseSync, options: SqliteOptions): void {
  layoutOf(database, options); // nothing is written to another program's file
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${options.synchronous}; ${options.pragmas ?? ''}`);
  inTransaction(database, () => {
    const layout = layoutOf(database, options);
    const newest = options.layouts.length;
    if (layout === newest) return;
    for (const statements of options.layouts.slice(layout)) database.exec(statements);
    database.exec(`PRAGMA user_version = ${newest}`);
    if (options.applicationId !== undefined) database.exec(`PRAGMA application_id = ${options.applicationId}`);
  });
}

/**
 * @returns 0 for an empty file.
 * @throws RefusedFile
 */
function layoutOf(database: DatabaseSync, { applicationId, layouts }: SqliteOptions): number {
  const number = (sql: string): number => Number(Object.values(database.prepare(sql).get() ?? {})[0]);
  const layout = number('PRAGMA user_version');
  if (number('SELECT count(*) FROM sqlite_schema') === 0) return 0;
  const isOwn =
    applicationId === undefined ? layout > 0 : number('PRAGMA application_id') === applicationId && layout > 0;
  if (!isOwn) throw new RefusedFile('foreign');
  if (layout > layouts.length) throw new RefusedFile('newer');
  return layout;
}

function inTransaction<T>(database: DatabaseSync, action: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = action();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function storeOver(
  database: DatabaseSync,
  path: string,
  title: string,
  explain: (error: unknown) => unknown,
  errorOf: SqliteOptions['errorOf'],
): SqliteStore {
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  return {
    path,
    database,
    explain,
    run(action) {
      try {
        if (!database.isOpen) {
          const sentence = `${title} ${path} is closed.`;
          throw errorOf({ kind: 'unavailable', isOpening: false, sentence, cause: undefined }) ?? new Error(sentence);
        }
        return action();
      } catch (error) {
        throw explain(error);
      }
    },
    transaction(action) {
      begin.run();
      try {
        const result = action();
        commit.run();
        return result;
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    },
    close() {
      if (database.isOpen) database.close();
    },
  };
}
