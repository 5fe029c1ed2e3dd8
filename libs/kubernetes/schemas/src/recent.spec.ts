import { recent } from './recent.ts';

describe('recent values', () => {
  const keys = Array.from({ length: 9 }, (_, n) => ({ n }));
  const [first, second, last] = [keys[0], keys[1], keys[8]] as [{ n: number }, { n: number }, { n: number }];

  it('are kept while there is room, and are forgotten when twice as many came after them', () => {
    const values = recent<{ n: number }, number>(3);
    for (const key of keys.slice(0, 4)) values.set(key, key.n);
    expect(values.get(first)).toBe(0);
    for (const key of keys.slice(4)) values.set(key, key.n);
    expect(values.get(second)).toBeUndefined();
    expect(values.get(last)).toBe(8);
  });

  it('stay as long as they are asked for', () => {
    const values = recent<{ n: number }, number>(3);
    for (const key of keys) {
      values.set(key, key.n);
      expect(values.get(first)).toBe(0);
    }
  });
});
