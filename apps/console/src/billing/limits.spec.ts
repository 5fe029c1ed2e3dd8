import { DEFAULT_CATALOGUE } from '#billing/contract';
import { LIMITS, limitText, shareOf } from './limits.ts';

describe('limits of a plan', () => {
  it('has words for every limit of the catalog', () => {
    const names = Object.keys(DEFAULT_CATALOGUE.plans[0]?.limits ?? {});
    expect(LIMITS.map(({ key }) => key).sort()).toEqual(names.sort());
  });

  it('writes numbers with their unit, and no limit as unlimited', () => {
    expect(limitText(20_000)).toBe('20,000');
    expect(limitText(90, 'days')).toBe('90 days');
    expect(limitText(null, 'days')).toBe('unlimited');
  });

  it('returns a share of at most 100, and none without a use or a limit', () => {
    expect(shareOf({ used: 1, limit: 3 })).toBe(33);
    expect(shareOf({ used: 7, limit: 5 })).toBe(100);
    expect(shareOf({ used: 0, limit: 0 })).toBe(100);
    expect(shareOf({ used: null, limit: 5 })).toBeUndefined();
    expect(shareOf({ used: 5, limit: null })).toBeUndefined();
  });
});
