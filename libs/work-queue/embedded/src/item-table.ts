import type { SqliteStore } from '#sqlite';
import { DEAD_LETTERS_KEPT, type DeadLetter } from '#work-queue';

/** A leased item. `attempt` identifies the lease. */
export interface TakenItem {
  readonly id: number;
  readonly text: string;
  readonly attempt: number;
}

/** Statements on the queue's tables. Each is a transaction. */
export interface ItemTable {
  /** Stores an item unless there is one with the same key. */
  add(queue: string, key: string, text: string, visibleMs: number): void;
  /** Leases the item that has been due longest until `leaseUntilMs`; undefined if none is due at `nowMs`. */
  take(queue: string, nowMs: number, leaseUntilMs: number): TakenItem | undefined;
  /** Ends all leases, so that their items are due. The caller must know that no worker is running. */
  endLeases(nowMs: number): void;
  /** Delays an item until `visibleMs`. No effect if the lease was lost. */
  delay(taken: TakenItem, visibleMs: number): void;
  /** Removes an item whose work is done, even if the lease was lost. */
  remove(taken: TakenItem): void;
  /** Moves an item to the dead letters. No effect if the lease was lost. */
  bury(queue: string, taken: TakenItem, reason: string): void;
  deadLetters(queue: string): readonly DeadLetter[];
  count(queue: string): number;
}

export function itemTable({ database, transaction }: SqliteStore): ItemTable {
  const insert = database.prepare(
    'INSERT INTO items (queue, key, body, visible_ms) VALUES (?, ?, ?, ?) ON CONFLICT (queue, key) DO NOTHING',
  );
  const due = database.prepare(
    'SELECT id FROM items WHERE queue = ? AND visible_ms <= ? ORDER BY visible_ms, id LIMIT 1',
  );
  const lease = database.prepare(
    'UPDATE items SET attempts = attempts + 1, visible_ms = ? WHERE id = ? AND visible_ms <= ? RETURNING body, attempts',
  );
  const free = database.prepare('UPDATE items SET visible_ms = ?1 WHERE attempts > 0 AND visible_ms > ?1');
  const move = database.prepare('UPDATE items SET visible_ms = ? WHERE id = ? AND attempts = ?');
  const end = database.prepare('DELETE FROM items WHERE id = ?');
  const endLeased = database.prepare('DELETE FROM items WHERE id = ? AND attempts = ?');
  const dead = database.prepare('INSERT INTO dead_letters (queue, body, reason, attempts) VALUES (?, ?, ?, ?)');
  const trim = database.prepare(
    `DELETE FROM dead_letters WHERE queue = ?1 AND id <= (SELECT id FROM dead_letters WHERE queue = ?1 ORDER BY id DESC LIMIT 1 OFFSET ${DEAD_LETTERS_KEPT})`,
  );
  const letters = database.prepare('SELECT body, reason, attempts FROM dead_letters WHERE queue = ? ORDER BY id');
  const count = database.prepare('SELECT count(*) AS n FROM items WHERE queue = ?');

  return {
    add: (queue, key, text, visibleMs) => void insert.run(queue, key, text, visibleMs),
    take(queue, nowMs, leaseUntilMs) {
      for (;;) {
        const found = due.get(queue, nowMs); // takes no lock, so that idle workers do not disturb others
        if (!found) return undefined;
        const id = Number(found['id']);
        const taken = lease.get(leaseUntilMs, id, nowMs);
        if (taken) return { id, text: String(taken['body']), attempt: Number(taken['attempts']) };
        // Another process has leased it first: try the next one.
      }
    },
    endLeases: (nowMs) => void free.run(nowMs),
    delay: ({ id, attempt }, visibleMs) => void move.run(visibleMs, id, attempt),
    remove: ({ id }) => void end.run(id),
    bury(queue, { id, text, attempt }, reason) {
      transaction(() => {
        if (Number(endLeased.run(id, attempt).changes) !== 1) return;
        dead.run(queue, text, reason, attempt);
        trim.run(queue);
      });
    },
    deadLetters: (queue) =>
      letters.all(queue).map(({ body, reason, attempts }) => ({
        item: JSON.parse(String(body)),
        reason: String(reason),
        attempts: Number(attempts),
      })),
    count: (queue) => Number(count.get(queue)?.['n'] ?? 0),
  };
}
