import type { DatabaseSync } from 'node:sqlite';
import {
  EventStoreUnavailableError,
  isSameEvent,
  type Appended,
  type AppendError,
  type SealedEvent,
} from '#event-store';
import { err, ok, position, type Result } from '#kernel';
import { guarded } from './database.ts';

interface Pending {
  readonly stream: string;
  readonly events: readonly SealedEvent[];
  readonly bodies: readonly string[];
  readonly expectedRevision: number;
  readonly resolve: (outcome: Result<Appended, AppendError>) => void;
  readonly reject: (error: Error) => void;
}

/** Appends per transaction: keeps the event loop free between two of them. */
const GROUP = 1024;
/** Streams whose last revision is kept in memory. */
const REMEMBERED = 20_000;

/**
 * Writes all appends of one turn of the event loop in one transaction, with one fsync. Who waits is answered after
 * COMMIT only; a transaction that fails answers all of them with EventStoreUnavailableError and leaves nothing behind.
 */
export function createGroupCommit(database: DatabaseSync, storeId: string, committed: () => void) {
  const insert = database.prepare('INSERT INTO events (position, stream, revision, body) VALUES (?, ?, ?, ?)');
  const lastRevision = database.prepare('SELECT max(revision) AS revision FROM events WHERE stream = ?');
  const lastPosition = database.prepare('SELECT max(position) AS position FROM events');
  const stored = database.prepare(
    'SELECT position, body FROM events WHERE stream = ? AND revision BETWEEN ? AND ? ORDER BY revision',
  );
  const dataVersion = database.prepare('PRAGMA data_version');
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');

  // Both are what the file holds, as long as no other process has written and no transaction of ours has failed.
  const revisions = new Map<string, number>();
  let head = -1;
  let seenVersion = -1;

  let queue: Pending[] = [];
  let scheduled: NodeJS.Immediate | undefined;
  const idle: (() => void)[] = [];

  function revisionOf(stream: string): number {
    const known = revisions.get(stream);
    if (known !== undefined) return known;
    const revision = lastRevision.get(stream)?.['revision'];
    return typeof revision === 'number' ? revision : -1;
  }

  function forget(): void {
    revisions.clear();
    head = -1;
    seenVersion = -1;
  }

  function place({ stream, events, bodies, expectedRevision }: Pending): Result<Appended, AppendError> {
    const actual = revisionOf(stream);
    if (actual !== expectedRevision)
      return repeated(stream, events, expectedRevision) ?? conflict(expectedRevision, actual);
    let revision = expectedRevision;
    for (const body of bodies) {
      head += 1;
      revision += 1;
      insert.run(head, stream, revision, body);
    }
    if (revisions.size >= REMEMBERED) revisions.clear();
    revisions.set(stream, revision);
    return ok({ revision, position: position(storeId, head) });
  }

  /** The first answer again, when exactly these events already stand at exactly this place. */
  function repeated(
    stream: string,
    events: readonly SealedEvent[],
    expectedRevision: number,
  ): Result<Appended, AppendError> | undefined {
    const last = expectedRevision + events.length;
    const rows = stored.all(stream, expectedRevision + 1, last);
    const same =
      rows.length === events.length &&
      rows.every((row, index) => {
        const event = events[index];
        const there: SealedEvent = JSON.parse(String(row['body']));
        return event !== undefined && isSameEvent(there, event);
      });
    const end = rows.at(-1)?.['position'];
    return same && typeof end === 'number' ? ok({ revision: last, position: position(storeId, end) }) : undefined;
  }

  function flush(): void {
    scheduled = undefined;
    const group = queue.length <= GROUP ? queue : queue.slice(0, GROUP);
    queue = queue.length <= GROUP ? [] : queue.slice(GROUP);
    try {
      const outcomes = guarded(() => write(group));
      committed();
      group.forEach(({ resolve }, index) => {
        const outcome = outcomes[index];
        if (outcome) resolve(outcome);
      });
    } catch (error) {
      forget();
      const failure =
        error instanceof Error
          ? error
          : new EventStoreUnavailableError('The event store did not answer.', { cause: error });
      for (const { reject } of group) reject(failure);
    }
    if (queue.length > 0) scheduled = setImmediate(flush);
    else for (const done of idle.splice(0)) done();
  }

  function write(group: readonly Pending[]): Result<Appended, AppendError>[] {
    begin.run();
    try {
      const version = Number(dataVersion.get()?.['data_version']);
      if (version !== seenVersion) {
        forget();
        head = Number(lastPosition.get()?.['position'] ?? 0);
        seenVersion = version;
      }
      const outcomes = group.map(place);
      commit.run();
      return outcomes;
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }

  return {
    append(pending: Omit<Pending, 'resolve' | 'reject'>): Promise<Result<Appended, AppendError>> {
      return new Promise((resolve, reject) => {
        queue.push({ ...pending, resolve, reject });
        scheduled ??= setImmediate(flush);
      });
    },
    /** Settles when nothing is under way. */
    drained(): Promise<void> {
      return scheduled === undefined ? Promise.resolve() : new Promise((resolve) => idle.push(resolve));
    },
  };
}

const conflict = (expected: number, actual: number): Result<Appended, AppendError> =>
  err({ code: 'event-store/revision-conflict', expected, actual });
