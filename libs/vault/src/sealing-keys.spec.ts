import { formatSealingKeys, parseSealingKeys } from './sealing-keys.ts';

const bytes = (fill: number) => new Uint8Array(32).fill(fill);
const base64 = (fill: number) => Buffer.from(bytes(fill)).toString('base64');

describe('ASTRO_SEALING_KEYS', () => {
  it('is parsed in order, ignoring whitespace', () => {
    expect(parseSealingKeys(`2026-11:${base64(2)}, 2026-10:${base64(1)}`)).toEqual({
      ok: true,
      value: [
        { id: '2026-11', key: bytes(2) },
        { id: '2026-10', key: bytes(1) },
      ],
    });
  });

  it('is parsed from its own format, including bytes that base64url encodes differently', () => {
    const keys = [
      { id: 'a', key: bytes(0xfb) },
      { id: 'b', key: bytes(0xff) },
    ];
    expect(parseSealingKeys(formatSealingKeys(keys))).toEqual({ ok: true, value: keys });
    expect(parseSealingKeys(`a:${Buffer.from(bytes(0xfb)).toString('base64url')}`)).toEqual({
      ok: true,
      value: [{ id: 'a', key: bytes(0xfb) }],
    });
  });

  it.each([
    ['an empty text', '', 1],
    ['an entry without an id', `a:${base64(1)},${base64(2)}`, 2],
    ['an id with other characters', `a b:${base64(1)}`, 1],
    ['a key that is too short', `a:${Buffer.alloc(31).toString('base64')}`, 1],
    ['a key that is too long', `a:${Buffer.alloc(33).toString('base64')}`, 1],
    ['a key that is not base64', `a:${'*'.repeat(43)}=`, 1],
    ['a second key of the same id', `a:${base64(1)},a:${base64(2)}`, 2],
  ])('refuses %s without quoting it', (_, text, number) => {
    const refused = parseSealingKeys(text);
    expect(refused).toMatchObject({
      ok: false,
      error: { code: 'vault/invalid-sealing-keys', detail: expect.stringContaining(`number ${number} `) },
    });
    for (const entry of text.split(/[:,]/).filter((part) => part.length > 20))
      expect(JSON.stringify(refused)).not.toContain(entry.slice(0, 20));
  });
});
