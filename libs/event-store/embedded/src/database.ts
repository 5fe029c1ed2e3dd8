import { EventStoreUnavailableError } from '#event-store';
import type { Ids, Logger } from '#kernel';
import { openSqlite, type SqliteStore } from '#sqlite';

/** The file cannot be used as an event store. The message is one sentence for the operator. */
class EventStoreUnreadableError extends Error {
  readonly code = 'event-store/unreadable';
}

/** The letters ASTR. */
const APPLICATION_ID = 0x41535452;

const LAYOUTS = [
  `
  CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (stream, revision)
  ) STRICT;
  CREATE TABLE store (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL) STRICT;
`,
];

/**
 * Opens or creates `events.sqlite` in `folder`, and reads or creates its store ID.
 *
 * @throws EventStoreUnreadableError if the file is damaged, of another kind, from a newer release, or not accessible
 */
export function openDatabase({
  folder,
  ids,
  log,
}: {
  readonly folder: string;
  readonly ids: Ids;
  readonly log: Logger;
}): { readonly file: SqliteStore; readonly storeId: string } {
  const file = openSqlite({
    folder,
    fileName: 'events.sqlite',
    title: 'The event store',
    synchronous: 'FULL',
    applicationId: APPLICATION_ID,
    layouts: LAYOUTS,
    log,
    errorOf: ({ kind, isOpening, sentence, cause }) =>
      isOpening
        ? new EventStoreUnreadableError(sentence, { cause })
        : new EventStoreUnavailableError(sentence, { cause, isDiskFull: kind === 'full' }),
  });
  try {
    return { file, storeId: file.run(() => file.transaction(() => storeIdIn(file, ids))) };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Returns the store's ID, which is generated for a new file. */
function storeIdIn({ database, path }: SqliteStore, ids: Ids): string {
  const drawn = Buffer.from(ids.random(10)).toString('hex');
  database
    .prepare(
      'INSERT INTO store (one, id) SELECT 1, ? WHERE NOT EXISTS (SELECT 1 FROM store) AND NOT EXISTS (SELECT 1 FROM events)',
    )
    .run(drawn);
  const id = database.prepare('SELECT id FROM store WHERE one = 1').get()?.['id'];
  if (typeof id !== 'string')
    throw new EventStoreUnreadableError(`The event store ${path} has lost its id; restore it from a backup.`);
  return id;
}
