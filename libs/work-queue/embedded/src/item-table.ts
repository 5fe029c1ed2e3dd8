import type { SqliteStore } from '#sqlite';
import { DEAD_LETTERS_KEPT, type DeadLetter } from '#work-queue';

/** An item under a lease; `attempt` is the lease's token. */
export interface TakenItem {
  readonly id: number;
  readonly text: string;
  readonly attempt: number;
}

/** The statements over the queue's tables; each is a transaction of its own. */
export interface ItemTable {
  /** Stores the item unless one of the same key is stored and not ended. */
  add(queue: string, key: string, text: string, visibleMs: number): void;
  /** Leases the item that has been due longest until `leaseUntilMs`; undefined when none is due at `nowMs`. */
  take(queue: string, nowMs: number, leaseUntilMs: number): TakenItem | undefined;
  /** Makes everything due that was ever leased: for a process that knows that no worker is left. */
  endLeases(nowMs: number): void;
  /** Sees to it that the item is due no sooner than `visibleMs`; nothing when the lease was lost. */
  delay(taken: TakenItem, visibleMs: number): void;
  /** Ends the item, whoever holds the lease by now: the work was done. */
  remove(taken: TakenItem): void;
  /** Moves the item to the dead letters; nothing when the lease was lost. */
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
        const found = due.get(queue, nowMs); // a look takes no lock: workers that find nothing disturb nobody
        if (!found) return undefined;
        const id = Number(found['id']);
        const taken = lease.get(leaseUntilMs, id, nowMs);
        if (taken) return { id, text: String(taken['body']), attempt: Number(taken['attempts']) };
        // Another process was faster with this one: look again.
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
