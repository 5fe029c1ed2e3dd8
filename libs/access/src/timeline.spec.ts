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

it('finds the last of ascending numbers that is at most a limit', () => {
  for (const length of [0, 1, 2, 3, 7, 8]) {
    const numbers = Array.from({ length }, (_, index) => index * 10);
    for (let limit = -5; limit <= length * 10; limit += 5)
      expect(lastUpTo(numbers, limit)).toBe(numbers.findLastIndex((number) => number <= limit));
  }
});
