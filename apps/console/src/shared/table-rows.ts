import type { ReactNode } from 'react';

export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  /** What is shown. */
  readonly cell: (row: Row) => ReactNode;
  /** Text or number for search and order; absent: neither. */
  readonly value?: (row: Row) => string | number;
  /** Whether the column is left out below 720 px. */
  readonly isWide?: boolean;
}

/** Returns the rows that contain every word of the text. */
export function found<Row>(items: readonly Row[], columns: readonly Column<Row>[], text: string): readonly Row[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return items;
  const searched = columns.flatMap(({ value }) => value ?? []);
  return items.filter((row) => {
    const all = searched.map((value) => String(value(row)).toLowerCase()).join('\n');
    return words.every((word) => all.includes(word));
  });
}

/** Returns the rows in the order of a column; numbers by size, texts by the rules of the language. */
export function sorted<Row>(
  items: readonly Row[],
  columns: readonly Column<Row>[],
  sort: string | undefined,
): readonly Row[] {
  const isDescending = sort?.startsWith('-') ?? false;
  const value = columns.find(({ id }) => id === sort?.replace(/^-/, ''))?.value;
  if (!value) return items;
  const collator = new Intl.Collator('en', { numeric: true });
  const order = (a: Row, b: Row): number => {
    const [left, right] = [value(a), value(b)];
    return typeof left === 'number' && typeof right === 'number'
      ? left - right
      : collator.compare(String(left), String(right));
  };
  return [...items].sort((a, b) => (isDescending ? order(b, a) : order(a, b)));
}
