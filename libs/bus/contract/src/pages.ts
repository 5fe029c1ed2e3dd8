import { z } from 'zod';

/** Most items of one page. */
const PAGE = 500;

/** What every list takes: how many items at once, and where the page before ended. */
export const pageInput = {
  limit: z.coerce.number().int().min(1).max(PAGE).default(PAGE).describe('items of one page'),
  cursor: z.string().optional().describe('`next` of the page before'),
};

/** What every list answers. */
export const pageOutput = <Item extends z.ZodType>(item: Item) => ({
  items: z.array(item),
  /** Present when there may be more. */
  next: z.string().optional(),
});

interface PageInput {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/**
 * A page of a list that is in memory.
 * @param keyOf a text that no two items share; the list is ordered by it, ascending
 * @returns the items behind the cursor, also when the item that it was made from is gone
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
