import { isSameEvent, type Appended, type AppendError, type SealedEvent } from '#event-store';
import { err, ok, position, type Result } from '#kernel';
import { createGroupCommit, type SqliteStore } from '#sqlite';
import { LRUCache } from 'lru-cache';
import { storedEvent } from './stored-event.ts';

interface Append {
  readonly stream: string;
  readonly events: readonly SealedEvent[];
  readonly bodies: readonly string[];
  readonly expectedRevision: number;
}

export interface AppendWriter {
  /**
   * Appends events, and resolves after the commit.
   *
   * @throws EventStoreUnavailableError; then nothing was written
   */
  append(append: Append): Promise<Result<Appended, AppendError>>;
  /** Resolves when no append is in progress. */
  settled(): Promise<void>;
}

/** Maximum number of streams whose last revision is cached. */
const REMEMBERED = 20_000;

/**
 * Creates a writer that commits all appends of one turn of the event loop in one transaction, with one sync to disk.
 */
export function createAppendWriter(file: SqliteStore, storeId: string, committed: () => void): AppendWriter {
  const { database } = file;
  const insert = database.prepare('INSERT INTO events (position, stream, revision, body) VALUES (?, ?, ?, ?)');
  const lastRevision = database.prepare('SELECT max(revision) AS revision FROM events WHERE stream = ?');
  const lastPosition = database.prepare('SELECT max(position) AS position FROM events');
  const stored = database.prepare(
    'SELECT position, revision, body FROM events WHERE stream = ? AND revision BETWEEN ? AND ? ORDER BY revision',
  );
  const dataVersion = database.prepare('PRAGMA data_version');

  // Both match the file unless another process has written, or one of our transactions has failed.
  const revisions = new LRUCache<string, number>({ max: REMEMBERED });
  let head = -1;
  let seenVersion = -1;

  const commits = createGroupCommit(file, { onBegin, committed, rolledBack: forget });

  function onBegin(): void {
    const version = Number(dataVersion.get()?.['data_version']);
    if (version === seenVersion) return;
    forget();
    head = Number(lastPosition.get()?.['position'] ?? 0);
    seenVersion = version;
  }

  function forget(): void {
    revisions.clear();
    head = -1;
    seenVersion = -1;
  }

  function revisionOf(stream: string): number {
    const known = revisions.get(stream);
    if (known !== undefined) return known;
    const revision = lastRevision.get(stream)?.['revision'];
    return typeof revision === 'number' ? revision : -1;
  }

  function place({ stream, events, bodies, expectedRevision }: Append): Result<Appended, AppendError> {
    const actual = revisionOf(stream);
    if (actual !== expectedRevision)
      return repeated(stream, events, expectedRevision) ?? conflict(expectedRevision, actual);
    let revision = expectedRevision;
    for (const body of bodies) {
      head += 1;
      revision += 1;
      insert.run(head, stream, revision, body);
    }
    revisions.set(stream, revision);
    return ok({ revision, position: position(storeId, head) });
  }

  /** Returns the original result if exactly these events already exist at exactly this place. */
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
        const at = position(storeId, Number(row['position']));
        const there = storedEvent(String(row['body']), stream, Number(row['revision']), at);
        return event !== undefined && isSameEvent(there, event);
      });
    const end = rows.at(-1)?.['position'];
    return same && typeof end === 'number' ? ok({ revision: last, position: position(storeId, end) }) : undefined;
  }

  return { append: (append) => commits.write(() => place(append)), settled: () => commits.settled() };
}

const conflict = (expected: number, actual: number): Result<Appended, AppendError> =>
  err({ code: 'event-store/revision-conflict', expected, actual });
