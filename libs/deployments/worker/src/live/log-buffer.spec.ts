import { isLater, LogBuffer, splitTime } from './log-buffer.ts';

const line = (text: string) => ({ pod: 'p', container: 'c', time: null, line: text });

describe('lines on their way to a reader (E15)', () => {
  it('never take more than the buffer holds, and what is lost is told with the next line', () => {
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

  it('are told as lost though nothing comes after them, with the newest of them', () => {
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

  it('are bounded by size too, but one line always passes', () => {
    const buffer = new LogBuffer({ size: 10 });
    expect(buffer.push(line('x'.repeat(50)))).toBe(true);
    expect(buffer.push(line('y'))).toBe(false);
    buffer.shift();
    expect(buffer.push(line('y'))).toBe(true);
  });

  it('keep bytes as they are, whatever is in them', () =>
    expect(splitTime('2026-01-01T00:00:00.123456789Z \u001b[31mred\u0007')).toEqual({
      time: '2026-01-01T00:00:00.123456789Z',
      line: '\u001b[31mred\u0007',
    }));
  it('without a time are kept whole', () => expect(splitTime('no time')).toEqual({ time: null, line: 'no time' }));
  it('compare by time although trailing zeros are cut', () =>
    expect([
      isLater('2026-01-01T00:00:00.2Z', '2026-01-01T00:00:00.19Z'),
      isLater('2026-01-01T00:00:00Z', '2026-01-01T00:00:00.1Z'),
    ]).toEqual([true, false]));
});
