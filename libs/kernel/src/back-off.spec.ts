import { backOffMs, chance } from './back-off.ts';

describe('back-off', () => {
  const rule = { firstMs: 100, mostMs: 1_500 };

  it('doubles from the first delay up to the longest, for any number of failures', () => {
    expect([1, 2, 3, 4, 5, 6, 5_000].map((failures) => backOffMs(rule, failures))).toEqual([
      100, 200, 400, 800, 1_500, 1_500, 1_500,
    ]);
  });

  it('shortens or extends a delay within its spread', () => {
    const spread = { ...rule, spread: 0.5 };
    expect([0, 0.5, 1].map((drawn) => backOffMs(spread, 2, drawn))).toEqual([150, 200, 250]);
    expect(backOffMs(rule, 2, 1)).toBe(200);
  });

  it('derives randomness from the injected source', () => {
    const drawn = (bytes: readonly number[]) => chance({ uuid: () => '', random: () => Uint8Array.from(bytes) });
    expect([drawn([0, 0]), drawn([255, 255])]).toEqual([0, 1]);
    expect(drawn([128, 0])).toBeCloseTo(0.5);
  });
});
