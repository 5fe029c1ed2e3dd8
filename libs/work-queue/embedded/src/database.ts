import type { Logger } from '#kernel';
import { openSqlite, type SqliteStore } from '#sqlite';
import { WorkQueueUnavailableError } from '#work-queue';

/** Thrown if the file's content is invalid. No work is lost, because pending work is found again in the log. */
class WorkQueueDamagedError extends Error {
  readonly code = 'work-queue/damaged';
}

// visible_ms: time (milliseconds since 1970) from which the item may be taken; a lease advances it. attempts identifies
// the lease.
const LAYOUTS = [
  `
  CREATE TABLE items (
    id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, visible_ms REAL NOT NULL, UNIQUE (queue, key)
  );
  CREATE INDEX items_by_time ON items (queue, visible_ms, id);
  CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, body TEXT NOT NULL, reason TEXT NOT NULL, attempts INTEGER NOT NULL
  );
  CREATE INDEX dead_letters_by_queue ON dead_letters (queue, id);
`,
];

/**
 * Opens or creates `work-queue.sqlite` and its tables. As with a message server, a power failure may lose the last
 * items; a sweep over the log enqueues them again.
 * @throws WorkQueueDamagedError, WorkQueueUnavailableError
 */
export const openDatabase = (folder: string, log: Logger): SqliteStore =>
  openSqlite({
    folder,
    fileName: 'work-queue.sqlite',
    title: 'The work queue',
    synchronous: 'NORMAL',
    layouts: LAYOUTS,
    whenDeleted: 'pending work is enqueued again',
    log,
    errorOf({ kind, sentence, cause }) {
      if (kind === 'other') return undefined;
      return kind === 'full' || kind === 'unavailable'
        ? new WorkQueueUnavailableError(sentence, { cause, isDiskFull: kind === 'full' })
        : new WorkQueueDamagedError(sentence, { cause });
    },
  });
