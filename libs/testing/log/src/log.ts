import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { openEmbeddedEventStore } from '#event-store/embedded';
import type { EventStore, StoredEvent } from '#event-store';
import { silentLogger, type Position } from '#kernel';
import { manualClock, sequenceIds } from '#testing';

const open = (folder: string) =>
  openEmbeddedEventStore({ folder, clock: manualClock(), ids: sequenceIds(), log: silentLogger });

async function withStore<T>(folder: string, work: (store: EventStore) => Promise<T>): Promise<T> {
  const store = await open(folder);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

async function eventsOf(store: EventStore, after?: Position): Promise<readonly StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const event of store.readAll(after === undefined ? {} : { after })) events.push(event);
  return events;
}

/** Returns all events of a platform's log, whether it is running or not. */
export const logOf = (dataDir: string): Promise<readonly StoredEvent[]> =>
  withStore(dataDir, (store) => eventsOf(store));

/** Follows a platform's log from now on. Call `close` when done. */
export async function followLog(
  dataDir: string,
): Promise<{ since(): Promise<readonly StoredEvent[]>; close(): Promise<void> }> {
  const store = await open(dataDir);
  const from = await store.head();
  return { since: () => eventsOf(store, from), close: () => store.close() };
}

/** Changes a log directly in its file, to simulate damage. The table is `events`. */
export function damageLog(dataDir: string, sql: string, ...values: SQLInputValue[]): void {
  const database = new DatabaseSync(join(dataDir, 'events.sqlite'), { timeout: 5_000 });
  try {
    if (database.prepare(sql).run(...values).changes === 0) throw new Error(`nothing was changed by: ${sql}`);
  } finally {
    database.close();
  }
}
