import { keptPosition, otherStore, parsePosition, position, sequenceOf, storeOf } from './position.ts';

describe('a position', () => {
  it('is the store ID and 20 digits', () => {
    expect(position('abcd1234', 42)).toBe('abcd1234.00000000000000000042');
  });

  it('contains its store and its sequence', () => {
    const at = position('abcd1234', 42);
    expect(storeOf(at)).toBe('abcd1234');
    expect(sequenceOf(at)).toBe(42);
  });

  it.each([
    [0, 1],
    [9, 10],
    [99, 100],
    [999_999, 1_000_000],
    [2n ** 53n, 2n ** 64n - 1n],
  ])('sorts as text in the order of sequences: %s before %s', (earlier, later) => {
    expect(position('abcd1234', earlier) < position('abcd1234', later)).toBe(true);
  });

  it.each([position('abcd1234', 0), position('a'.repeat(32), 2n ** 64n - 1n)])('is parsed from text: %s', (text) => {
    expect(parsePosition(text)).toEqual({ ok: true, value: text });
  });

  it.each([
    ['nothing', ''],
    ['no digits', 'abcd1234.'],
    ['19 digits', `abcd1234.${'0'.repeat(19)}`],
    ['21 digits', `abcd1234.${'0'.repeat(21)}`],
    ['a store id of 7 characters', `abcd123.${'0'.repeat(20)}`],
    ['a store id of 33 characters', `${'a'.repeat(33)}.${'0'.repeat(20)}`],
    ['upper case', `ABCD1234.${'0'.repeat(20)}`],
    ['a sign', `abcd1234.-${'0'.repeat(19)}`],
    ['digits of another script', `abcd1234.${'٠'.repeat(20)}`],
    ['a line end after it', `abcd1234.${'0'.repeat(20)}\n`],
    ['text before it', ` abcd1234.${'0'.repeat(20)}`],
  ])('is rejected as position/invalid with %s', (_name, text) => {
    expect(parsePosition(text)).toMatchObject({ ok: false, error: { code: 'position/invalid', kind: 'invalid' } });
  });

  it('is a conflict if it is from another store', () => {
    expect(otherStore()).toMatchObject({ code: 'position/other-store', kind: 'conflict' });
    const kept = position('abcd1234', 7);
    expect(keptPosition(kept, 'abcd1234')).toEqual({ ok: true, value: kept });
    expect(keptPosition(undefined, 'abcd1234')).toEqual({ ok: true, value: undefined });
    expect(keptPosition(kept, 'efgh5678')).toMatchObject({ ok: false, error: { code: 'position/other-store' } });
    expect(keptPosition('7', 'abcd1234')).toMatchObject({ ok: false, error: { code: 'position/invalid' } });
  });
});
