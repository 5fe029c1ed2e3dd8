import fc from 'fast-check';
import { diffCounts, diffRows, foldSame, unifiedRows } from './diff-rows.ts';

const text = (...lines: string[]) => lines.map((line) => `${line}\n`).join('');
const numbers = (count: number) => Array.from({ length: count }, (_, index) => `line ${index + 1}`);

describe('the differences of two texts', () => {
  it('pair the lines that replace each other, and number both sides', () => {
    const rows = diffRows(text('a', 'b', 'c'), text('a', 'B', 'c', 'd'));
    expect(rows).toEqual([
      { change: 'same', before: { number: 1, text: 'a' }, after: { number: 1, text: 'a' } },
      { change: 'changed', before: { number: 2, text: 'b' }, after: { number: 2, text: 'B' } },
      { change: 'same', before: { number: 3, text: 'c' }, after: { number: 3, text: 'c' } },
      { change: 'added', after: { number: 4, text: 'd' } },
    ]);
    expect(diffCounts(rows)).toEqual({ added: 2, removed: 1 });
  });

  it('contain every line of both texts once and in order, whatever they are', () => {
    const lines = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 30 });
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const rows = diffRows(text(...before), text(...after));
        const flat = foldSame(rows).flatMap((block) => block.rows);
        expect(flat).toEqual(rows);
        for (const shown of [rows, unifiedRows(rows)]) {
          expect(shown.flatMap((row) => row.before?.text ?? [])).toEqual(before);
          expect(shown.flatMap((row) => row.after?.text ?? [])).toEqual(after);
        }
      }),
    );
  });

  it('fold equal lines that are more than three lines away from a change', () => {
    const before = numbers(20);
    const after = before.with(9, 'changed');
    const blocks = foldSame(diffRows(text(...before), text(...after)));
    expect(blocks.map(({ rows, isFolded }) => [rows.length, isFolded])).toEqual([
      [6, true],
      [7, false],
      [7, true],
    ]);
  });

  it('do not fold fewer than four lines', () => {
    const before = numbers(9);
    const blocks = foldSame(diffRows(text(...before), text(...before.with(5, 'changed'))));
    expect(blocks.every(({ isFolded }) => !isFolded)).toBe(true);
  });

  it('show removed lines before added ones in one column', () => {
    const rows = unifiedRows(diffRows(text('a', 'b'), text('x', 'y')));
    expect(rows.map(({ change }) => change)).toEqual(['removed', 'removed', 'added', 'added']);
  });
});
