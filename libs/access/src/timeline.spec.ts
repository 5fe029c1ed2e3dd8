import { lastUpTo, Timeline } from './timeline.ts';

describe('a timeline', () => {
  const timeline = new Timeline<string>();
  timeline.set(3, 'replaced');
  timeline.set(3, 'three');
  timeline.set(7, 'seven');
  timeline.set(9, 'nine');

  it('has each value from its position on, and the last one of a position', () => {
    expect([2, 3, 6, 7, 8, 9, 100].map((sequence) => timeline.at(sequence))).toEqual([
      undefined,
      'three',
      'three',
      'seven',
      'seven',
      'nine',
      'nine',
    ]);
    expect(timeline.all).toEqual(['three', 'seven', 'nine']);
    expect(timeline.sequences).toEqual([3, 7, 9]);
    expect([timeline.first, timeline.last]).toEqual(['three', 'nine']);
  });

  it('has no value before the first', () => {
    const empty = new Timeline<string>();
    expect([empty.at(1), empty.first, empty.last, empty.since(1, () => true)]).toEqual(Array(4).fill(undefined));
  });

  it('finds since when a condition is met without interruption', () => {
    const since = (sequence: number, ...accepted: readonly string[]) =>
      timeline.since(sequence, (value) => accepted.includes(value));
    expect(since(100, 'three', 'seven', 'nine')).toBe(3);
    expect(since(100, 'seven', 'nine')).toBe(7);
    expect(since(100, 'three', 'nine')).toBe(9);
    expect(since(100, 'three', 'seven')).toBeUndefined();
    expect(since(8, 'three', 'seven')).toBe(3);
    expect(since(7, 'seven')).toBe(7);
    expect(since(6, 'seven')).toBeUndefined();
  });
});

describe('the last of ascending numbers that is at most a limit', () => {
  const expectFound = (numbers: readonly number[], limits: readonly number[]) =>
    expect(limits.map((limit) => lastUpTo(numbers, limit))).toEqual(
      limits.map((limit) => numbers.findLastIndex((number) => number <= limit)),
    );
  const lengths = [0, 1, 2, 3, 7, 8, 1_000];

  it.each([
    ['are equal', (index: number) => index * 10],
    ['grow', (index: number) => index ** 3],
    ['shrink', (index: number) => Math.floor(Math.sqrt(index) * 100)],
    ['have a gap', (index: number) => (index < 500 ? index : index + 1_000_000)],
    ['are often zero', (index: number) => Math.floor(index / 5) * 10],
  ])('is found where the distances %s', (_, numberAt) => {
    for (const length of lengths) {
      const numbers = Array.from({ length }, (_, index) => numberAt(index));
      expectFound(numbers, [...numbers, ...numbers.map((number) => number + 1), -1, -Infinity, Infinity]);
    }
  });

  it('is found in few steps, whatever the distances are', () => {
    let reads = 0;
    const counted = (numbers: number[]) =>
      new Proxy(numbers, {
        get: (target, name) => {
          if (name !== 'length') reads++;
          return Reflect.get(target, name) as unknown;
        },
      });
    const log = counted(Array.from({ length: 65_536 }, (_, index) => index * 1_000));
    expect(lastUpTo(log, 40_000_500)).toBe(40_000);
    expect(reads).toBeLessThanOrEqual(4);
    reads = 0;
    const skewed = counted([...Array.from({ length: 65_535 }, (_, index) => index), 1e15]);
    expect(lastUpTo(skewed, 65_000)).toBe(65_000);
    expect(reads).toBeLessThanOrEqual(2 * 16 + 2);
  });
});
