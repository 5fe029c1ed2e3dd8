import { sequenceIds } from '#testing';
import { openRecord, PART_BYTES, rewrapKey, sealRecord, type SealedRecord } from './sealing.ts';
import { encodeText, VaultSealError } from './vault.ts';

const ids = sequenceIds();
const random = (bytes: number) => ids.random(bytes);
const first = { id: 'first', key: new Uint8Array(32).fill(1) };
const second = { id: 'second', key: new Uint8Array(32).fill(2) };
const value = new Uint8Array(PART_BYTES + 10).fill(7);
/** Used because Jest's own comparison of half a megabyte takes a second. */
const same = (left: Uint8Array, right: Uint8Array) => Buffer.compare(left, right) === 0;
const identity = { name: 'a/b', version: 3, size: value.length };

describe('a sealed record', () => {
  const sealed = sealRecord(identity, value, first, random);

  it('opens with the name, version, and size with which it was sealed', () => {
    expect(same(openRecord(identity, sealed, [second, first]), value)).toBe(true);
  });

  it.each([
    ['another name', { ...identity, name: 'a/c' }],
    ['another version', { ...identity, version: 2 }],
    ['another size', { ...identity, size: value.length - 1 }],
  ])('does not open with %s', (_, other) => {
    expect(() => openRecord(other, sealed, [first])).toThrow(VaultSealError);
  });

  const [one = new Uint8Array(), two = new Uint8Array()] = sealed.parts;
  const flipped = (bytes: Uint8Array, at: number) => bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
  it.each<[string, Partial<SealedRecord>]>([
    ['an altered part', { parts: [flipped(one, 100), two] }],
    ['an altered tag', { parts: [one, flipped(two, two.length - 1)] }],
    ['exchanged parts', { parts: [two, one] }],
    ['a missing part', { parts: [one] }],
    ['an additional part', { parts: [one, two, two] }],
    ['an altered wrapped key', { wrapped: flipped(sealed.wrapped, 20) }],
    ['a truncated wrapped key', { wrapped: sealed.wrapped.subarray(0, 20) }],
    ['no wrapped key', { wrapped: new Uint8Array() }],
    [
      'the data key of another record',
      { wrapped: sealRecord({ name: 'other', version: 3 }, value, first, random).wrapped },
    ],
  ])('does not open with %s', (_, change) => {
    expect(() => openRecord(identity, { ...sealed, ...change }, [first])).toThrow(VaultSealError);
  });

  it('opens with the new key alone after it was rewrapped', () => {
    const rewrapped = { ...sealed, ...rewrapKey(identity, sealed, [second, first], second, random) };
    expect(same(openRecord(identity, rewrapped, [second]), value)).toBe(true);
    expect(() => openRecord(identity, rewrapped, [first])).toThrow(/"second"/);
  });

  it('uses a new data key and nonce each time', () => {
    const again = sealRecord(identity, value, first, random);
    expect(same(again.parts[0] ?? value, one)).toBe(false);
    expect(again.wrapped).not.toEqual(sealed.wrapped);
  });

  it('reveals nothing about an empty value', () => {
    const empty = { name: 'empty', version: 1, size: 0 };
    expect(openRecord(empty, sealRecord(empty, encodeText(''), first, random), [first])).toEqual(new Uint8Array());
  });
});
