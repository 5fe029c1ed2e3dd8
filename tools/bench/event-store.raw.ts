import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Uses node:sqlite alone, with the same table, settings, rows and batch sizes as the embedded event store. */
export function openRaw(folder: string) {
  const database = new DatabaseSync(join(folder, `raw-${Date.now()}-${Math.random()}.sqlite`), { timeout: 5000 });
  database.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE events (position INTEGER PRIMARY KEY, stream TEXT NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (stream, revision)) STRICT;
  `);
  const insert = database.prepare('INSERT INTO events (position, stream, revision, body) VALUES (?, ?, ?, ?)');
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  let position = 0;
  return {
    /** Inserts one row for each body in one transaction. The n-th body belongs to the n-th stream. */
    append(streams: readonly string[], revision: number, bodies: readonly string[]): void {
      begin.run();
      bodies.forEach((body, index) => insert.run((position += 1), streams[index] ?? '', revision, body));
      commit.run();
    },
    replay(): number {
      let events = 0;
      const page = database.prepare(
        'SELECT position, body FROM events WHERE position > ? ORDER BY position LIMIT 1024',
      );
      for (let after = 0; ;) {
        const rows = page.all(after);
        if (rows.length === 0) return events;
        for (const row of rows) {
          JSON.parse(String(row['body']));
          after = Number(row['position']);
          events += 1;
        }
      }
    },
    close: () => database.close(),
  };
}
