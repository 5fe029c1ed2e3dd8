import { crc32 } from 'node:zlib';
import { accessKeyPublicId, formatAccessKey, maskAccessKey, parseAccessKey } from './access-key-format.ts';

const secret = Uint8Array.from({ length: 32 }, (_, index) => index * 7);
const key = formatAccessKey('7Hq2abcd', secret);

describe('the text of an access key', () => {
  it('has a fixed form and length, also for the smallest and the largest secret', () => {
    for (const fill of [0, 1, 255])
      expect(formatAccessKey('00000000', new Uint8Array(32).fill(fill))).toMatch(/^astro_[0-9A-Za-z]{57}$/);
  });

  it('contains the CRC-32 of the preceding characters', () => {
    const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    const value = [...key.slice(-6)].reduce((sum, digit) => sum * 62 + alphabet.indexOf(digit), 0);
    expect(value).toBe(crc32(key.slice(0, -6)));
  });

  it('is parsed to its public ID', () => expect(parseAccessKey(key)).toEqual({ publicId: '7Hq2abcd' }));

  it('is rejected after any change of one character', () => {
    for (let index = 0; index < key.length; index++) {
      const changed = key.slice(0, index) + (key[index] === 'x' ? 'y' : 'x') + key.slice(index + 1);
      expect(parseAccessKey(changed)).toBeUndefined();
    }
    for (const garbage of ['', 'astro_', `${key} `, `${key}\n`, ` ${key}`, key.slice(1), key.toUpperCase()])
      expect(parseAccessKey(garbage)).toBeUndefined();
  });

  it('differs for different secrets', () => {
    expect(formatAccessKey('7Hq2abcd', new Uint8Array(32).fill(1))).not.toBe(
      formatAccessKey('7Hq2abcd', new Uint8Array(32).fill(2)),
    );
  });

  it('shows only its prefix and last four characters when masked', () => {
    expect(maskAccessKey(key)).toBe(`astro_7Hq2...${key.slice(-4)}`);
  });

  it('has a public ID from unpredictable bytes', () =>
    expect(accessKeyPublicId(secret.subarray(0, 8))).toMatch(/^[0-9A-Za-z]{8}$/));

  it('is not built from parts of another form', () => {
    for (const id of ['short', '7Hq2abcde', ' 7Hq2abcd', '7Hq2abc-'])
      expect(() => formatAccessKey(id, secret)).toThrow(new RangeError('a public id has 8 characters of base62'));
    expect(() => formatAccessKey('7Hq2abcd', secret.subarray(1))).toThrow(new RangeError('a secret has 32 bytes'));
  });
});
