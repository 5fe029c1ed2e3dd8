import { decodeDocument, decodeText, encodeDocument, encodeField, encodeText } from './index.ts';

describe('a document for MongoDB', () => {
  it.each([
    '$set',
    'a.b',
    '$',
    '.',
    '',
    '%',
    '%24',
    '%2e',
    'a%b',
    '__proto__',
    'constructor',
    'prototype',
    '_bsontype',
    'with\u0000nul',
    '\u0001',
    '$a.b%c',
    'app.kubernetes.io/name',
    'grün',
    '%$where',
    '\ud800',
  ])('keeps the name %j, which no server or driver interprets', (name) => {
    const document = JSON.parse(`{"outer":{${JSON.stringify(name)}:[{"$where":"1"},1]}}`) as unknown;
    const stored = encodeDocument(document);
    for (const field of fieldsOf(stored)) {
      expect(field).toMatch(/^[^$.\0][^.\0]*$/);
      expect(['__proto__', 'constructor', 'prototype', '_bsontype']).not.toContain(field);
    }
    expect(JSON.stringify(decodeDocument(stored))).toBe(JSON.stringify(document));
  });

  it('keeps names that an index may use', () => {
    for (const name of ['group', 'organizationId', 'a-b_c', '0', '-']) expect(encodeField(name)).toBe(name);
  });

  it('stores no list directly in a list', () => {
    const value = { list: [[1, [2, []]], [], { list: [[3]] }], '%list': [['x']] };
    const stored = encodeDocument(value);
    expect(JSON.stringify(stored)).not.toMatch(/\[\[|\],\[/);
    expect(decodeDocument(stored)).toEqual(value);
  });

  it('stores the JSON form of a value', () => {
    const value = {
      gone: undefined,
      list: [undefined, Number.NaN, -0],
      when: new Date(0),
      deep: { yes: true, no: null },
    };
    expect(JSON.stringify(decodeDocument(encodeDocument(value)))).toBe(JSON.stringify(value));
    expect(() => encodeDocument({ n: 1n })).toThrow('bigint');
  });

  it('preserves every text, and the order of texts', () => {
    const texts = [
      '',
      '\u0000',
      '\u0000\u0000',
      '\u0000\u0001',
      '\u0001',
      '\u0001\u0000',
      '\u0002',
      'a',
      'a\u0000',
      'a\u0000b',
      'a\u0001',
      'aa',
      'ä',
    ];
    for (const text of [...texts, 'half \ud800', '\udc00 half', '\u{1F600}']) {
      expect(decodeText(encodeText(text))).toBe(text);
      expect(encodeText(text)).not.toContain('\0');
      expect(encodeText(text).isWellFormed()).toBe(true);
    }
    const stored = texts.map((text) => Buffer.from(encodeText(text)));
    expect(stored.toSorted(Buffer.compare)).toEqual(stored);
  });
});

function fieldsOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const below = Object.values(value).flatMap(fieldsOf);
  return Array.isArray(value) ? below : [...Object.keys(value), ...below];
}
