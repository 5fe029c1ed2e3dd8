import { expiryChoices } from './expiry.ts';

const values = (maximumDays: number | null | undefined) => expiryChoices(maximumDays).map(({ value }) => value);

describe('expiryChoices', () => {
  it('offers no duration beyond the plan', () => {
    expect(values(90)).toEqual(['', '7d', '30d', '90d', 'date']);
    expect(values(10)).toEqual(['', '7d', 'date']);
  });

  it('offers keys that never expire only where the plan has no limit', () => {
    expect(values(null)).toEqual(['', '7d', '30d', '90d', '365d', 'date', 'never']);
    expect(values(undefined)).not.toContain('never');
  });
});
