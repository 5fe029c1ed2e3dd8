import { domainError, err, ok, type DomainError, type Logger, type Position, type Result } from '#kernel';
import {
  checkWrites,
  type Checkpoint,
  type CheckpointMove,
  type Collection,
  type Page,
  type Query,
  type ReadStore,
  type StoredDocument,
  type Write,
} from '#read-store';
import { createGroupCommit, type DatabaseSync, type SqliteStore, type StatementSync } from '#sqlite';
import { LRUCache } from 'lru-cache';
import { isMissingTable, openDatabase } from './database.ts';
import { countSql, ensureSql, planPage, tableOf, upsertSql, type Statement } from './sql.ts';

const MAX_STATEMENTS = 256;

export interface EmbeddedReadStoreOptions {
  /** Folder of the file `read-store.sqlite`. Created if missing. Several processes of one host may share it. */
  readonly folder: string;
  readonly log: Logger;
}

/**
 * Opens a read store in one SQLite file. Calls run synchronously on the caller's thread.
 * @throws ReadStoreDamagedError, ReadStoreUnavailableError
 */
export async function openEmbeddedReadStore({ folder, log }: EmbeddedReadStoreOptions): Promise<ReadStore> {
  const file = openDatabase(folder, log);
  log.debug({ file: file.path }, 'read store opened');
  return readStoreOver(file);
}

/** Returns the read store of an open file. Closing it closes the file. */
export function readStoreOver(file: SqliteStore): ReadStore {
  const { database } = file;
  const prepared = statementCache(database);
  const commits = createGroupCommit(file);

  /** Async, so that errors reject instead of being thrown synchronously. */
  const run = async <T>(action: () => T): Promise<T> => file.run(action);
  /** Runs a read. Returns `nothing` if the collection was never ensured, or was dropped by any process. */
  const reading = <T>(nothing: T, action: () => T): Promise<T> =>
    run(() => {
      try {
        return action();
      } catch (error) {
        if (isMissingTable(error)) return nothing;
        throw error;
      }
    });
  const all = ({ sql, values }: Statement, ...more: number[]) => prepared(sql).all(...values, ...more);

  return {
    ensure: (collection) => run(() => file.transaction(() => database.exec(ensureSql(collection)))),

    get: <D>(collection: string, id: string) =>
      reading<StoredDocument<D> | undefined>(undefined, () => {
        const row = prepared(
          `SELECT id, position, document FROM ${tableOf(collection)} WHERE id = ? AND document IS NOT NULL`,
        ).get(id);
        return row && documentOf<D>(row);
      }),

    find: <D>(collection: Collection, query: Query) =>
      reading<Page<D>>({ items: [] }, () => {
        const plan = planPage(collection, query);
        const rows: Row[] = [];
        for (const statement of plan.statements) {
          if (rows.length <= plan.limit) rows.push(...all(statement, plan.limit + 1 - rows.length));
        }
        const shown = rows.slice(0, plan.limit);
        const last = shown.at(-1);
        const items = shown.map((row) => documentOf<D>(row));
        return rows.length > plan.limit && last
          ? { items, next: plan.cursorAfter({ id: text(last['id']), key: scalar(last['key']) }) }
          : { items };
      }),

    count: (collection, where) => reading(0, () => Number(all(countSql(collection, where))[0]?.['n'] ?? 0)),

    /** All projections follow the same events, so most of their writes are committed together. */
    async apply(writes, move) {
      await run(() => checkWrites(writes));
      return commits.write((): Result<void, DomainError<'read-store/lost-lease'>> => {
        // checked first: nothing is written for a former leader
        if (move && !moveCheckpoint(prepared, move)) return lostLease(move);
        applyWrites(prepared, writes);
        return ok(undefined);
      });
    },

    checkpoint: (name) =>
      run((): Checkpoint | undefined => {
        const row = prepared('SELECT position, token FROM projections WHERE name = ? AND position IS NOT NULL').get(
          name,
        );
        return row && { name, position: positionOf(row['position']), token: Number(row['token']) };
      }),

    lease: (name, owner, nowMs, durationMs) =>
      run(() => {
        const row = prepared(
          `INSERT INTO projections AS held (name, token, owner, until_ms) VALUES (?, 1, ?, ?)
           ON CONFLICT (name) DO UPDATE SET token = held.token + (held.owner IS NOT excluded.owner), owner = excluded.owner, until_ms = excluded.until_ms
           WHERE held.owner IS NULL OR held.owner = excluded.owner OR held.until_ms <= ? RETURNING token`,
        ).get(name, owner, nowMs + durationMs, nowMs);
        return row === undefined ? undefined : Number(row['token']);
      }),

    release: (name, owner) =>
      run(() => void prepared('UPDATE projections SET owner = NULL WHERE name = ? AND owner = ?').run(name, owner)),

    releaseEarlier: (owner) =>
      run(() => {
        const name = owner.slice(0, owner.indexOf('/'));
        prepared(
          `UPDATE projections SET owner = NULL
           WHERE owner = ? OR (substr(owner, 1, ?) = ? AND owner <> ?)`,
        ).run(name, name.length + 1, `${name}/`, owner);
      }),

    drop: (name) =>
      run(() =>
        file.transaction(() => {
          // Lease and token are kept: if a token were issued twice, a former leader could move the new checkpoint.
          prepared('UPDATE projections SET position = NULL WHERE name = ?').run(name);
          database.exec(`DROP TABLE IF EXISTS ${tableOf(name)}`);
        }),
      ),

    sweepTombstones: (collection, upTo) =>
      reading(0, () => {
        const store = upTo.slice(0, -20);
        return Number(
          prepared(`DELETE FROM ${tableOf(collection)} WHERE document IS NULL AND position >= ? AND position <= ?`).run(
            store,
            upTo,
          ).changes,
        );
      }),

    async close() {
      await commits.settled();
      file.close();
    },
  };
}

type Prepare = (sql: string) => StatementSync;
type Row = Record<string, unknown>;

/** Caches prepared statements by text. There are few texts (declared queries); the limit is a safeguard. */
function statementCache(database: DatabaseSync): Prepare {
  const statements = new LRUCache<string, StatementSync>({ max: MAX_STATEMENTS });
  return (sql) => {
    const known = statements.get(sql);
    if (known) return known;
    const statement = database.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
}

function applyWrites(prepared: Prepare, writes: readonly Write[]): void {
  let collection: string | undefined;
  let upsert: StatementSync | undefined;
  for (const write of writes) {
    if (!upsert || write.collection !== collection) {
      collection = write.collection;
      upsert = prepared(upsertSql(collection));
    }
    upsert.run(write.id, write.position, 'removed' in write ? null : JSON.stringify(write.document));
  }
}

function moveCheckpoint(prepared: Prepare, { name, token, previous, position }: CheckpointMove): boolean {
  const moved = prepared('UPDATE projections SET position = ? WHERE name = ? AND token = ? AND position IS ?').run(
    position,
    name,
    token,
    previous ?? null,
  );
  return Number(moved.changes) === 1;
}

const lostLease = ({ name }: CheckpointMove) =>
  err(domainError('read-store/lost-lease', 'conflict', `Another process leads the projection ${name} now.`));

function documentOf<D>(row: Row): StoredDocument<D> {
  // The document is what the projection wrote, of type `D`. A projection whose documents change gets a new name.
  return {
    id: text(row['id']),
    position: positionOf(row['position']),
    document: JSON.parse(text(row['document'])) as D,
  };
}

/** Reads a position, which was validated when it was written. */
const positionOf = (value: unknown): Position => text(value) as Position;

function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`the read store holds a ${typeof value} where a text belongs`);
  return value;
}

const scalar = (value: unknown): string | number | null =>
  typeof value === 'string' || typeof value === 'number' ? value : null;
