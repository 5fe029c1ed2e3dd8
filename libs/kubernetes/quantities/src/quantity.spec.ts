import { canonicalQuantity, compareQuantities } from './index.ts';

describe('a quantity', () => {
  // Recorded from a server, as requests.cpu of a ResourceQuota.
  it.each([
    ['1000m', '1'],
    ['1024Mi', '1Gi'],
    ['0.5e1', '5'],
    ['0.5', '500m'],
    ['1.5Gi', '1536Mi'],
    ['1000', '1k'],
    ['1500', '1500'],
    ['100Mi', '100Mi'],
    ['0.1Gi', '107374182400m'],
    ['1023Ki', '1023Ki'],
    ['512', '512'],
    ['0', '0'],
    ['1e3', '1e3'],
    ['12e2', '1200'],
    ['2048Ki', '2Mi'],
    ['1e-3', '1e-3'],
    ['+1', '+1'],
    ['1E3', '1E3'],
    ['1e0', '1e0'],
    ['9999Ei', '9223372036854775807'],
    ['12345678901234567890', '12345678901234567890'],
    ['1Ei', '1Ei'],
    ['.5', '500m'],
    ['0.5Ki', '512'],
  ])('%s is stored as %s', (written, stored) => expect(canonicalQuantity(written, { milli: true })).toBe(stored));

  it.each([
    ['0.0001', '1m'],
    ['1n', '1m'],
    ['1.0000000001', '1001m'],
    ['1e-12', '1e-3'],
  ])('%s is rounded up to %s in a resource list', (written, stored) =>
    expect(canonicalQuantity(written, { milli: true })).toBe(stored),
  );

  it.each(['', '1 Gi', '1gi', 'abc', '1e', '--1', '1,5', '0x10', 'NaN'])('%j is invalid', (text) =>
    expect(canonicalQuantity(text)).toBeUndefined(),
  );

  it('is compared by value, not by format', () => {
    expect(compareQuantities('1Gi', '1024Mi')).toBe(0);
    expect(compareQuantities('1100m', '1')).toBe(1);
    expect(compareQuantities(0.5, '1')).toBe(-1);
  });
});
