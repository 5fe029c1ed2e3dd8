import { pageOf } from './pages.ts';

const names = (...list: string[]) => list.map((name) => ({ name }));
const keyOf = ({ name }: { readonly name: string }) => name;

describe('use-L5: a page of a list in memory', () => {
  it('is ordered by key, and contains the cursor of the next one', () => {
    expect(pageOf(names('c', 'a', 'b'), keyOf, { limit: 2 })).toEqual({ items: names('a', 'b'), next: 'b' });
    expect(pageOf(names('c', 'a', 'b'), keyOf, { limit: 2, cursor: 'b' })).toEqual({ items: names('c') });
  });

  it('starts after the cursor, even if its item was removed', () =>
    expect(pageOf(names('a', 'c'), keyOf, { limit: 2, cursor: 'b' })).toEqual({ items: names('c') }));

  it('is empty after the last item', () =>
    expect(pageOf(names('a'), keyOf, { limit: 2, cursor: 'a' })).toEqual({ items: [] }));
});
