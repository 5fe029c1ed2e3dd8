import { isLater, LogBuffer, splitTime } from './log-buffer.ts';

const line = (text: string) => ({ pod: 'p', container: 'c', time: null, line: text });

describe('buffered log lines (E15)', () => {
  it('never exceed the buffer, and the next line counts those that were dropped', () => {
    const buffer = new LogBuffer({ lines: 2 });
    expect(['a', 'b', 'c', 'd'].map((text) => buffer.push(line(text)))).toEqual([true, true, false, false]);
    expect(buffer.shift()).toEqual(line('a'));
    buffer.push(line('e'));
    expect([buffer.shift(), buffer.shift(), buffer.shift()]).toEqual([
      line('b'),
      { ...line('e'), dropped: 2 },
      undefined,
    ]);
  });

  it('are counted by the newest dropped line when none follows', () => {
    const buffer = new LogBuffer({ lines: 1 });
    for (const text of ['a', 'b', 'c', 'd']) buffer.push(line(text));
    expect([buffer.shift(), buffer.isEmpty, buffer.shift(), buffer.isEmpty, buffer.shift()]).toEqual([
      line('a'),
      false,
      { ...line('d'), dropped: 2 },
      true,
      undefined,
    ]);
    for (const text of ['e', 'f']) buffer.push(line(text));
    expect([buffer.shift(), buffer.shift(), buffer.shift()]).toEqual([line('e'), line('f'), undefined]);
  });

  it('are limited by size too, but one line is always accepted', () => {
    const buffer = new LogBuffer({ size: 10 });
    expect(buffer.push(line('x'.repeat(50)))).toBe(true);
    expect(buffer.push(line('y'))).toBe(false);
    buffer.shift();
    expect(buffer.push(line('y'))).toBe(true);
  });

  it('are kept byte by byte', () =>
    expect(splitTime('2026-01-01T00:00:00.123456789Z \u001b[31mred\u0007')).toEqual({
      time: '2026-01-01T00:00:00.123456789Z',
      line: '\u001b[31mred\u0007',
    }));
  it('without a timestamp are kept completely', () =>
    expect(splitTime('no time')).toEqual({ time: null, line: 'no time' }));
  it('are compared by time, even with trailing zeros removed', () =>
    expect([
      isLater('2026-01-01T00:00:00.2Z', '2026-01-01T00:00:00.19Z'),
      isLater('2026-01-01T00:00:00Z', '2026-01-01T00:00:00.1Z'),
    ]).toEqual([true, false]));
});
