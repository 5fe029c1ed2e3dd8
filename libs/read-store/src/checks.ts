import type { Collection, Query, Scalar, Write } from './read-store.ts';

const NAME = /^[a-z0-9][a-z0-9.-]{0,119}$/;
const PATH = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;
const MAX_WRITES = 100;
const MAX_LIMIT = 500;
const DEFAULT_LIMIT = 100;

/** @throws RangeError for an invalid name, on every engine */
export function checkCollectionName(name: string): void {
  if (!NAME.test(name))
    throw new RangeError(
      `${JSON.stringify(name)} is not the name of a collection: lower-case letters, digits, "-" and "."`,
    );
}

/** @throws RangeError for an invalid path, on every engine */
export function checkPath(path: string): void {
  if (!PATH.test(path)) throw new RangeError(`${JSON.stringify(path)} is not the path of a field`);
}

/** @throws RangeError for more writes than every engine accepts */
export function checkWrites(writes: readonly Write[]): void {
  if (writes.length > MAX_WRITES)
    throw new RangeError(`${writes.length} writes at once; a read store takes at most ${MAX_WRITES}`);
}

/**
 * Returns the limit of a query's page.
 * @throws RangeError if it is out of range
 */
export function limitOf({ limit = DEFAULT_LIMIT }: Query): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    throw new RangeError(`limit ${limit} is not within 1 to ${MAX_LIMIT}`);
  return limit;
}

/** @throws RangeError for a field that the collection does not declare */
export function checkDeclared({ name, indexes }: Collection, { where, range, sort }: Query): void {
  for (const field of [...Object.keys(where ?? {}), ...(range ? [range.field] : []), ...(sort ? [sort.field] : [])]) {
    if (!indexes.includes(field)) throw new RangeError(`collection ${name} has no index on ${JSON.stringify(field)}`);
  }
}

/**
 * Returns a value for comparison. Objects are refused because an engine could interpret them as operators.
 * @throws RangeError
 */
export function checkComparable(value: unknown): string | number | boolean {
  if (typeof value === 'boolean' || typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value)))
    return value;
  throw new RangeError(
    `a query compares with texts, finite numbers, booleans and null, not with ${Array.isArray(value) ? 'a list' : typeof value}`,
  );
}

/** The last document of a page, after which the next page starts. */
export interface Place {
  readonly id: string;
  /** Value of the sorted field; null if there is none. */
  readonly key: Scalar;
}

export const cursorAfter = ({ id, key }: Place): string => Buffer.from(JSON.stringify([id, key])).toString('base64url');

/** @throws RangeError for a text that was not created by `cursorAfter` */
export function readCursor(text: string): Place {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (Array.isArray(parsed)) {
      const [id, key]: unknown[] = parsed;
      if (typeof id === 'string' && isScalar(key)) return { id, key };
    }
  } catch (cause) {
    throw new RangeError('not a cursor of this store', { cause });
  }
  throw new RangeError('not a cursor of this store');
}

const isScalar = (value: unknown): value is Scalar =>
  value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
