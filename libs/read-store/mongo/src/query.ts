import { encodeText } from '#mongo';
import {
  checkComparable,
  checkDeclared,
  limitOf,
  readCursor,
  type Collection,
  type Place,
  type Query,
  type Scalar,
} from '#read-store';
import { storedPath } from './models.ts';

export type Filter = Readonly<Record<string, unknown>>;

/**
 * One page. User input occurs only as operand of `$eq`, `$in`, `$gte`, `$lte`, `$gt`, and `$lt`, and is a string, a
 * number, or a boolean.
 */
export interface PagePlan {
  readonly filter: Filter;
  readonly sort: Readonly<Record<string, 1 | -1>>;
  readonly limit: number;
}

/** @throws RangeError for fields that the collection does not declare, and for invalid values */
export function planPage(collection: Collection, query: Query): PagePlan {
  const limit = limitOf(query);
  checkDeclared(collection, query);
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor);
  const { sort } = query;
  const direction = sort?.direction === 'descending' ? -1 : 1;
  return {
    filter: all([present(query.where), ...bounds(query.range), ...(after ? [behind(after, sort)] : [])]),
    sort: { ...(sort && { [storedPath(sort.field)]: direction }), _id: direction },
    limit,
  };
}

/** @throws RangeError like `planPage` */
export function countFilter(collection: Collection, where: Query['where']): Filter {
  checkDeclared(collection, where ? { where } : {});
  return present(where);
}

const all = (filters: readonly Filter[]): Filter => ({ $and: filters });

const present = (where: Query['where'] = {}): Filter => ({
  removed: false,
  ...Object.fromEntries(Object.entries(where).map(([field, wanted]) => [storedPath(field), condition(wanted)])),
});

const condition = (wanted: Scalar | readonly Scalar[]): Filter =>
  isList(wanted) ? { $in: wanted.map(stored) } : { $eq: stored(wanted) };

/** Returns the filter of a range. Servers compare only values of the same type. */
function bounds(range: Query['range']): readonly Filter[] {
  if (!range || (range.from === undefined && range.to === undefined)) return [];
  return [
    {
      [storedPath(range.field)]: {
        ...(range.from !== undefined && { $gte: stored(range.from) }),
        ...(range.to !== undefined && { $lte: stored(range.to) }),
      },
    },
  ];
}

/**
 * Returns the filter of the documents after a place. Nulls and missing fields come first; null can only be compared by
 * equality.
 */
function behind({ id, key }: Place, sort: Query['sort']): Filter {
  const beyond = sort?.direction === 'descending' ? '$lt' : '$gt';
  const tie = { _id: { [beyond]: encodeText(id) } };
  if (!sort) return tie;
  const path = storedPath(sort.field);
  const among = { [path]: { $eq: stored(key) }, ...tie };
  if (beyond === '$gt') return { $or: [among, { [path]: key === null ? { $ne: null } : { $gt: stored(key) } }] };
  return key === null ? among : { $or: [among, { [path]: { $lt: stored(key) } }, { [path]: { $eq: null } }] };
}

function stored(value: unknown): Scalar {
  if (value === null) return null;
  const comparable = checkComparable(value);
  return typeof comparable === 'string' ? encodeText(comparable) : comparable;
}

const isList = (value: Scalar | readonly Scalar[]): value is readonly Scalar[] => Array.isArray(value);
