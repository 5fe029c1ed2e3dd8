import fc from 'fast-check';
import { appended, filtered, indexOfLine, lineName, logText, matchesIn, splitAt } from './log-buffer.ts';

const line = (text: string, more: object = {}) => ({
  pod: 'web-1',
  container: 'web',
  time: '2026-12-01T00:00:00.5Z',
  line: text,
  ...more,
});

describe('log lines', () => {
  it('keep their numbers when the oldest are dropped', () => {
    const first = appended([], [line('a'), line('b')], 3);
    const next = appended(first, [line('c'), line('d')], 3);
    expect(next.map(({ number, text }) => [number, text])).toEqual([
      [2, 'b'],
      [3, 'c'],
      [4, 'd'],
    ]);
  });

  it('say how many are missing before a line', () => {
    expect(appended([], [line('a', { dropped: 7 })]).map(({ text }) => text)).toEqual([
      '(7 lines were dropped because they arrived faster than they could be sent)',
      'a',
    ]);
  });

  it('have no codes for colours, titles, or bells', () => {
    const [entry] = appended([], [line('\u001B[31mred\u001B[0m \u001B]0;title\u0007done\u0007\tend')]);
    expect(entry?.text).toBe('red done\tend');
  });

  it('are those of one pod and one container', () => {
    const all = appended([], [line('a'), line('b', { pod: 'web-2' }), line('c', { container: 'proxy' })]);
    expect(filtered(all, {})).toHaveLength(3);
    expect(filtered(all, { pod: 'web-1' }).map(({ text }) => text)).toEqual(['a', 'c']);
    expect(filtered(all, { pod: 'web-1', container: 'proxy' }).map(({ text }) => text)).toEqual(['c']);
  });

  it('are found by their time and pod, in any view', () => {
    const all = appended([], [line('a'), line('b', { pod: 'web-2' }), line('c', { time: null })]);
    expect(all.map(lineName)).toEqual(['2026-12-01T00:00:00.5Z@web-1', '2026-12-01T00:00:00.5Z@web-2', undefined]);
    expect(indexOfLine(all, '2026-12-01T00:00:00.5Z@web-2')).toBe(1);
    expect(indexOfLine(all, undefined)).toBe(-1);
  });

  it('are a text file with time, pod, and container', () => {
    expect(logText(appended([], [line('a')]))).toBe('2026-12-01T00:00:00.5Z web-1/web a\n');
  });
});

describe('a search', () => {
  it('finds lines whatever their case', () => {
    const all = appended([], [line('GET /'), line('error'), line('Error: no')]);
    expect(matchesIn(all, 'ERROR')).toEqual([1, 2]);
    expect(matchesIn(all, '')).toEqual([]);
  });

  it('splits each line without losing a character', () => {
    expect(splitAt('an Error, error', 'error')).toEqual(['an ', 'Error', ', ', 'error', '']);
    fc.assert(
      fc.property(fc.string(), fc.string({ maxLength: 2 }), (text, wanted) => {
        expect(splitAt(text, wanted).join('')).toBe(text);
      }),
    );
  });
});
