import { createHash } from 'node:crypto';
import {
  checkCollectionName,
  checkComparable,
  checkDeclared,
  checkPath,
  cursorAfter,
  limitOf,
  readCursor,
  type Collection,
  type Place,
  type Query,
  type Scalar,
} from '#read-store';

/** A statement, which contains only declared names, and its parameters. User input is always a parameter. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly (string | number | null)[];
}

/**
 * Returns the quoted table of a collection.
 * @throws RangeError for an invalid name
 */
export function tableOf(collection: string): string {
  checkCollectionName(collection);
  return `"c.${collection}"`;
}

/**
 * Returns statements that create missing table and indexes. Tombstones are rows without a document, and in no index.
 */
export function ensureSql({ name, indexes }: Collection): string {
  const table = tableOf(name);
  const made = indexes.map((path) => {
    // Names in SQLite are case-insensitive, but paths are not.
    const index = createHash('sha256').update(path).digest('hex').slice(0, 16);
    return `CREATE INDEX IF NOT EXISTS "i.${name}.${index}" ON ${table} (${valueAt(path)}, id) WHERE document IS NOT NULL;`;
  });
  return `CREATE TABLE IF NOT EXISTS ${table} (id TEXT NOT NULL PRIMARY KEY, position TEXT NOT NULL, document TEXT);${made.join('')}`;
}

/**
 * Returns the write of a document (or tombstone: document null), which is skipped if the same position of the same
 * store or a later one is stored.
 */
export const upsertSql = (collection: string): string =>
  `INSERT INTO ${tableOf(collection)} AS held (id, position, document) VALUES (?, ?, ?)
   ON CONFLICT (id) DO UPDATE SET position = excluded.position, document = excluded.document
   WHERE held.position < excluded.position OR substr(held.position, 1, length(held.position) - 21) <> substr(excluded.position, 1, length(excluded.position) - 21)`;

export function countSql(collection: Collection, where: Query['where'] = {}): Statement {
  checkDeclared(collection, { where });
  const { sql, values } = conditions(where);
  return { sql: `SELECT count(*) AS n FROM ${tableOf(collection.name)} WHERE ${sql}`, values };
}

/**
 * One page, as one or two statements whose rows follow each other (documents without the sort field, and documents with
 * it).
 */
export interface PagePlan {
  readonly statements: readonly Statement[];
  readonly limit: number;
  /** Returns the cursor after a row. */
  cursorAfter(row: Place): string;
}

export function planPage(collection: Collection, query: Query): PagePlan {
  const limit = limitOf(query);
  checkDeclared(collection, query);
  const base = and(conditions(query.where ?? {}), bounds(query.range));
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor);
  const segments = query.sort
    ? sorted(query.sort, after)
    : [{ key: 'NULL', order: 'id', ...(after ? { sql: 'id > ?', values: [after.id] } : { sql: '', values: [] }) }];
  return {
    limit,
    statements: segments.map(({ key, order, ...segment }) => {
      const { sql, values } = and(base, segment);
      return {
        sql: `SELECT id, position, document, ${key} AS key FROM ${tableOf(collection.name)} WHERE ${sql} ORDER BY ${order} LIMIT ?`,
        values,
      };
    }),
    cursorAfter,
  };
}

interface Segment extends Statement {
  readonly key: string;
  readonly order: string;
}

/** Sorts null first, as in every engine. Each segment is one scan of the index, forward or backward. */
function sorted({ field, direction }: NonNullable<Query['sort']>, after: Place | undefined): Segment[] {
  const value = valueAt(field);
  const [beyond, order] = direction === 'ascending' ? ['>', 'ASC'] : ['<', 'DESC'];
  const inNulls = after?.key === null;
  const nulls: Segment = {
    key: 'NULL',
    order: `id ${order}`,
    ...and({ sql: `${value} IS NULL`, values: [] }, inNulls ? { sql: `id ${beyond} ?`, values: [after.id] } : NONE),
  };
  const rest =
    after === undefined || inNulls
      ? NONE
      : {
          sql: `${value} ${beyond}= ? AND (${value} ${beyond} ? OR id ${beyond} ?)`,
          values: [bindable(after.key), bindable(after.key), after.id],
        };
  const held: Segment = {
    key: value,
    order: `${value} ${order}, id ${order}`,
    ...and({ sql: `${value} IS NOT NULL`, values: [] }, rest),
  };
  if (after === undefined) return direction === 'ascending' ? [nulls, held] : [held, nulls];
  if (direction === 'ascending') return inNulls ? [nulls, held] : [held];
  return inNulls ? [nulls] : [held, nulls];
}

function conditions(where: NonNullable<Query['where']>): Statement {
  return Object.entries(where).reduce<Statement>(
    (all, [field, wanted]) => and(all, condition(valueAt(field), wanted)),
    { sql: 'document IS NOT NULL', values: [] },
  );
}

function condition(value: string, wanted: Scalar | readonly Scalar[]): Statement {
  if (!isList(wanted))
    return wanted === null
      ? { sql: `${value} IS NULL`, values: [] }
      : { sql: `${value} = ?`, values: [bindable(wanted)] };
  const values = wanted.filter((item) => item !== null).map(bindable);
  const among = { sql: `${value} IN (SELECT value FROM json_each(?))`, values: [JSON.stringify(values)] };
  return wanted.includes(null) ? { ...among, sql: `(${among.sql} OR ${value} IS NULL)` } : among;
}

/** Includes both bounds, and only values of the bound's type: in SQLite, every number is less than any text. */
function bounds(range: Query['range']): Statement {
  if (!range || (range.from === undefined && range.to === undefined)) return NONE;
  const value = valueAt(range.field);
  const from = range.from ?? (typeof range.to === 'string' ? '' : undefined);
  const lower = from === undefined ? NONE : { sql: `${value} >= ?`, values: [bindable(from)] };
  if (range.to !== undefined) return and(lower, { sql: `${value} <= ?`, values: [bindable(range.to)] });
  return typeof range.from === 'number' ? and(lower, { sql: `${value} < ''`, values: [] }) : lower;
}

const NONE: Statement = { sql: '', values: [] };

function and(left: Statement, right: Statement): Statement {
  if (!left.sql || !right.sql) return left.sql ? left : right;
  return { sql: `${left.sql} AND ${right.sql}`, values: [...left.values, ...right.values] };
}

/** Returns the indexed expression. SQLite uses the index only if the query contains the same text. */
function valueAt(path: string): string {
  checkPath(path);
  return `json_extract(document, '$.${path
    .split('.')
    .map((step) => `"${step}"`)
    .join('.')}')`;
}

function bindable(value: unknown): string | number {
  const comparable = checkComparable(value);
  // The value that json_extract returns for booleans.
  return typeof comparable === 'boolean' ? Number(comparable) : comparable;
}

const isList = (value: Scalar | readonly Scalar[]): value is readonly Scalar[] => Array.isArray(value);
