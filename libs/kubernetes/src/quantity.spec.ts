import { milliOf, withCanonicalQuantities } from './quantity.ts';

describe('quantities', () => {
  it.each([
    ['100m', 100n],
    ['1', 1_000n],
    [2, 2_000n],
    ['1Gi', 1_073_741_824_000n],
    ['0.5', 500n],
    ['1e3', 1_000_000n],
    ['1n', 1n],
    ['-1', -1_000n],
  ] as const)('%s is exact in thousandths', (written, milli) => expect(milliOf(written)).toBe(milli));

  it('rejects an invalid quantity', () => expect(milliOf('one')).toBeUndefined());

  it('K8.6-50: are written in the canonical form, so that managers do not conflict over notation', () => {
    const container = {
      resources: { requests: { cpu: '1000m', memory: '1024Mi' }, limits: { cpu: 0.5, memory: '1.5Gi' } },
      env: [{ name: 'A', value: '1000m' }],
    };
    expect(withCanonicalQuantities(container)).toEqual({
      resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '500m', memory: '1536Mi' } },
      env: [{ name: 'A', value: '1000m' }],
    });
  });
});
