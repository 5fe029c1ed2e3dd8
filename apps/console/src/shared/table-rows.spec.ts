import { found, sorted, type Column } from './table-rows.ts';

interface Row {
  readonly name: string;
  readonly pods: number;
}
const columns: readonly Column<Row>[] = [
  { id: 'name', title: 'Name', cell: ({ name }) => name, value: ({ name }) => name },
  { id: 'pods', title: 'Pods', cell: ({ pods }) => pods, value: ({ pods }) => pods },
  { id: 'actions', title: 'Actions', cell: () => 'delete' },
];
const rows: readonly Row[] = [
  { name: 'shop-10', pods: 3 },
  { name: 'shop-9', pods: 20 },
  { name: 'Blog', pods: 1 },
];
const namesOf = (items: readonly Row[]) => items.map(({ name }) => name);

describe('rows of a table', () => {
  it.each([
    ['', ['shop-10', 'shop-9', 'Blog']],
    ['SHOP', ['shop-10', 'shop-9']],
    ['shop 20', ['shop-9']],
    ['delete', []],
  ])('with the words %j are %j', (text, names) => {
    expect(namesOf(found(rows, columns, text))).toEqual(names);
  });

  it.each([
    [undefined, ['shop-10', 'shop-9', 'Blog']],
    ['name', ['Blog', 'shop-9', 'shop-10']],
    ['-name', ['shop-10', 'shop-9', 'Blog']],
    ['pods', ['Blog', 'shop-10', 'shop-9']],
    ['unknown', ['shop-10', 'shop-9', 'Blog']],
  ])('in the order %s are %j', (sort, names) => {
    expect(namesOf(sorted(rows, columns, sort))).toEqual(names);
  });
});
