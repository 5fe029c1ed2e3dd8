import type { StoredEvent } from '#event-store';
import { position } from '#kernel';
import type { SQLInputValue, SqliteStore, StatementSync } from '#sqlite';
import { storedEvent } from './stored-event.ts';

/** Number of events in a page. It grows for small events and shrinks for large ones, so that memory is bounded. */
const PAGE = {
  first: 128,
  most: 1024,
  least: 16,
  growBelowCharacters: 256 * 1024,
  shrinkAboveCharacters: 1024 * 1024,
} as const;

const COLUMNS = 'position, stream, revision, body';

interface Page {
  readonly events: readonly StoredEvent[];
  /** Position of the last event as a number. */
  readonly last: number;
}

/** Reads the next page. Parameters are those of the statement except the limit. */
type ReadPage = (limit: number, ...parameters: SQLInputValue[]) => Page;

export interface Pages {
  /** Returns the position of the newest event; 0 if there is none. */
  headSequence(): number;
  /** Reads events of all streams after one position up to another. */
  behind(): ReadPage;
  /** Reads events of a stream starting at a revision. */
  forwards(): ReadPage;
  /** Reads events of a stream backwards starting at a revision. */
  backwards(): ReadPage;
}

/**
 * Creates the reads.
 *
 * @param open throws if the store was closed
 */
export function createPages(file: SqliteStore, storeId: string, open: () => void): Pages {
  const { database } = file;
  const highest = database.prepare('SELECT max(position) AS position FROM events');
  const select = (rest: string) => database.prepare(`SELECT ${COLUMNS} FROM events WHERE ${rest} LIMIT ?`);
  const behind = select('position > ? AND position <= ? ORDER BY position');
  const forwards = select('stream = ? AND revision >= ? ORDER BY revision');
  const backwards = select('stream = ? AND revision <= ? ORDER BY revision DESC');

  function pager(statement: StatementSync): ReadPage {
    statement.setReturnArrays(true); // objects with named columns take 50 % longer
    let size: number = PAGE.first;
    return (limit, ...parameters) =>
      file.run(() => {
        open();
        const events: StoredEvent[] = [];
        let last = 0;
        let characters = 0;
        for (const row of statement.all(...parameters, Math.min(size, limit))) {
          const body = String(row[3]);
          last = Number(row[0]);
          characters += body.length;
          events.push(storedEvent(body, String(row[1]), Number(row[2]), position(storeId, last)));
        }
        if (characters > PAGE.shrinkAboveCharacters) size = Math.max(PAGE.least, size >> 1);
        else if (characters < PAGE.growBelowCharacters && events.length === size) size = Math.min(PAGE.most, size << 1);
        return { events, last };
      });
  }

  return {
    headSequence: () => file.run(() => Number(highest.get()?.['position'] ?? 0)),
    behind: () => pager(behind),
    forwards: () => pager(forwards),
    backwards: () => pager(backwards),
  };
}
