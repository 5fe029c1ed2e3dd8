import { z } from 'zod';

/** Maximum number of items in a page. */
const PAGE = 500;

/** A boolean: as text in the query of a URL, as a value in a message. */
export const flag = z.stringbool().or(z.boolean());

/** Input of every list: the maximum number of items, and the cursor from the previous page. */
export const pageInput = {
  limit: z.coerce.number().int().min(1).max(PAGE).default(PAGE).describe('items of one page'),
  cursor: z.string().optional().describe('`next` of the previous page'),
};

/** Output of every list. */
export const pageOutput = <Item extends z.ZodType>(item: Item) => ({
  items: z.array(item),
  /** Present if there may be more items. */
  next: z.string().optional(),
});

interface PageInput {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/**
 * Returns a page of a list in memory.
 *
 * @param keyOf returns a unique string by which the list is ordered, ascending
 * @returns the items after the cursor, even if the cursor's item was removed
 */
export function pageOf<T>(
  items: Iterable<T>,
  keyOf: (item: T) => string,
  { limit, cursor }: PageInput,
): { readonly items: readonly T[]; readonly next?: string } {
  const keyed = [...items].map((item) => ({ item, key: keyOf(item) })).sort((a, b) => (a.key < b.key ? -1 : 1));
  const from = cursor === undefined ? 0 : keyed.findIndex(({ key }) => key > cursor);
  const page = from < 0 ? [] : keyed.slice(from, from + limit);
  const last = page.at(-1);
  const isMore = last !== undefined && from + page.length < keyed.length;
  return { items: page.map(({ item }) => item), ...(isMore && { next: last.key }) };
}
