import { pageOf } from './pages.ts';

const names = (...list: string[]) => list.map((name) => ({ name }));
const keyOf = ({ name }: { readonly name: string }) => name;

describe('use-L5: a page of a list in memory', () => {
  it('is ordered by key, and says where the next one begins', () => {
    expect(pageOf(names('c', 'a', 'b'), keyOf, { limit: 2 })).toEqual({ items: names('a', 'b'), next: 'b' });
    expect(pageOf(names('c', 'a', 'b'), keyOf, { limit: 2, cursor: 'b' })).toEqual({ items: names('c') });
  });

  it('begins behind an item that is gone by now', () =>
    expect(pageOf(names('a', 'c'), keyOf, { limit: 2, cursor: 'b' })).toEqual({ items: names('c') }));

  it('is empty behind the last', () =>
    expect(pageOf(names('a'), keyOf, { limit: 2, cursor: 'a' })).toEqual({ items: [] }));
});
