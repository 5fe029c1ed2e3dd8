import { parseManifests, type ParseOptions } from './index.ts';

const values = (text: string, options?: ParseOptions): readonly unknown[] => {
  const parsed = parseManifests(text, options);
  if (!parsed.ok)
    throw new Error(parsed.error.map(({ line, column, message }) => `${line}:${column} ${message}`).join('; '));
  return parsed.value.documents.map(({ value }) => value);
};
const faults = (text: string, options?: ParseOptions) => {
  const parsed = parseManifests(text, options);
  return parsed.ok ? [] : parsed.error;
};

describe('parseManifests reads YAML like kubectl', () => {
  it.each([
    ['on', true],
    ['yes', true],
    ['NO', false],
    ['y', true],
    ['Off', false],
    ['true', true],
    ['0644', 420],
    ['0o644', 420],
    ['0x1F', 31],
    ['0b11', 3],
    ['1_000', 1000],
    ['-5', -5],
    ['08', 8],
    ['1.10', 1.1],
    ['.5', 0.5],
    ['1e3', 1000],
    ['22:22', '22:22'],
    ['2001-12-14', '2001-12-14'],
    ['"on"', 'on'],
    ["'0644'", '0644'],
    ['~', null],
    ['', null],
    ['!!str 12', '12'],
    ['!!int "3"', 3],
    ['!!binary aGk=', 'hi'],
    ['-', '-'],
    ['1.2.3', '1.2.3'],
  ] as const)('%s', (text, value) => {
    if (text === '-') return expect(values('a: "-"')).toEqual([{ a: '-' }]);
    return expect(values(`a: ${text}`)).toEqual([{ a: value }]);
  });

  it('reads keys as values and converts them to text', () =>
    expect(values('{1: a, true: b, y: c}'.replace('y', '"y"'))).toEqual([{ '1': 'a', true: 'b', y: 'c' }]));

  it('merges maps with <<, with precedence for their own keys', () =>
    expect(values('x: &x {a: 1, b: 1}\nz:\n  <<: *x\n  b: 2')).toEqual([{ x: { a: 1, b: 1 }, z: { a: 1, b: 2 } }]));

  it('warns about values that YAML 1.2 reads differently', () => {
    const parsed = parseManifests('a: 0644\nb: on\nc: true\nd: 12');
    expect(parsed.ok && parsed.value.warnings.map(({ line, column, path }) => [line, column, path])).toEqual([
      [1, 4, ['a']],
      [2, 4, ['b']],
    ]);
  });

  it('omits documents without content', () =>
    expect(values('# only a comment\n---\n---\na: 1\n---\n# end\n')).toEqual([{ a: 1 }]));

  it('reads JSON, including tabs', () =>
    expect(values('{\n\t"a": {\n\t\t"b": [1,\n\t\t2]}\n}')).toEqual([{ a: { b: [1, 2] } }]));

  it('returns line and column of every member, and the source text of scalars', () => {
    const parsed = parseManifests('kind: X\nspec:\n  list:\n  - tag: 1.10\n');
    const document = parsed.ok ? parsed.value.documents[0] : undefined;
    expect(document?.position(['spec', 'list', 0, 'tag'])).toEqual({ line: 4, column: 5 });
    expect(document?.position(['spec', 'nothing', 'below'])).toEqual({ line: 2, column: 1 });
    expect(document?.source(['spec', 'list', 0, 'tag'])).toBe('1.10');
  });

  it('omits a key with only comments below it if requested', () => {
    expect(values('a:\n  # b: 1\nc: null', { dropEmptyKeys: true })).toEqual([{ c: null }]);
    expect(values('a:\n  # b: 1')).toEqual([{ a: null }]);
  });
});

describe('C3: parseManifests refuses', () => {
  it.each([
    ['duplicate keys', 'a: 1\nb: 2\na: 3', 3, 'duplicate key a'],
    ['keys that are equal only as text', '1: a\n"1": b', 2, 'duplicate key 1'],
    ['language-specific tags', 'a: !!js/function x', 1, '!!js/function'],
    ['unknown tags', 'a: !Ref x', 1, '!Ref'],
    ['__proto__', 'a: {__proto__: {b: 1}}', 1, '__proto__'],
    ['numbers that cannot be represented exactly', 'a: 12345678901234567890', 1, 'exactly'],
    ['numbers too large for a double', 'a: 1e400', 1, 'too large'],
    ['infinity', 'a: .inf', 1, '.inf'],
    ['NUL', 'a: "\\0"', 1, 'NUL'],
    ['an unknown anchor', 'a: *b', 1, 'anchor b'],
    ['an anchor that contains itself', 'a: &a [*a]', 1, 'itself'],
    ['keys that are lists', '? [x]\n: 1', 1, 'scalar'],
    ['tabs as indentation', 'a:\n\tb: 1', 2, 'Tabs'],
    ['an unclosed bracket', 'a: [1', 1, ''],
  ] as const)('%s', (_, text, line, words) => {
    const [first] = faults(text);
    expect(first).toMatchObject({ line, message: expect.stringContaining(words) });
  });

  it('all duplicate keys, not only the first', () => expect(faults('a: 1\na: 2\nb: 1\nb: 2')).toHaveLength(2));

  it('a quoted value without quoting it in the message', () =>
    expect(JSON.stringify(faults('password: "hunter2\npassword: "'))).not.toContain('hunter2'));
});

describe('C3: parseManifests limits time and memory before expansion', () => {
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...[...'bcdefghi'].map(
      (name, index) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcdefgh'[index]}`).join(',')}]`,
    ),
  ].join('\n');
  it.each([
    ['a billion laughs', bomb, 'aliases'],
    ['100,000 brackets', '['.repeat(100_000), 'nested deeper than 64'],
    ['100,000 dashes on a line', `${'- '.repeat(100_000)}x`, 'nested deeper than 64'],
    [
      '2,000 levels of indentation',
      `a:\n${Array.from({ length: 2_000 }, (_, depth) => `${' '.repeat(depth + 1)}a:`).join('\n')}`,
      'nested deeper than 64',
    ],
    ['65 levels', `${'{a: '.repeat(65)}1${'}'.repeat(65)}`, 'nested deeper than 64'],
    ['100,000 documents', '---\na: 1\n'.repeat(100_000), '2000 documents'],
    ['a text over 4 MiB', `a: "${'x'.repeat(4 * 1024 * 1024)}"`, 'longer than'],
  ])('%s', (_, text, words) => {
    const before = process.memoryUsage().heapUsed;
    expect(faults(text)[0]?.message).toContain(words);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(150 * 1024 * 1024);
  });

  it.each([
    ['878 KB of duplicate keys', 'a: 1\n'.repeat(175_600), 'the text has more than 500000 tokens'],
    ['390,000 list items', `[${'a,'.repeat(390_000)}]`, 'the text has more than 500000 tokens'],
    ['250,000 documents without content', '---\n'.repeat(250_000), 'there are more than 2000 documents'],
    [
      '120,000 values',
      'x: 1\n---\n'.repeat(1_000) + `[${'1,'.repeat(119_000)}]`,
      'the document has more than 100000 values',
    ],
  ])('use-S4: for %s, counted while reading', (_, text, words) =>
    expect(faults(text, { maxTokens: 500_000, maxNodes: 100_000 })[0]?.message).toBe(words),
  );

  it('use-S4: counts the values of all documents together', () => {
    expect(faults('- a\n---\n- b\n', { maxNodes: 3 })).toMatchObject([
      { line: 3, message: 'the document has more than 3 values' },
    ]);
    expect(values('- a\n---\n- b\n', { maxNodes: 4 })).toEqual([['a'], ['b']]);
  });

  it('use-S4: reports only the first errors and warnings', () => {
    expect(faults('a: 1\na: 2\n---\n'.repeat(1_000)).length).toBeLessThan(60);
    expect(faults('&a &a &a\n---\n'.repeat(1_000)).length).toBeLessThan(80);
    const parsed = parseManifests('- on\n'.repeat(1_000));
    expect(parsed.ok && parsed.value.warnings).toHaveLength(50);
  });

  it('does not count brackets in texts', () =>
    expect(values(`a: "${'['.repeat(200)}"\nb: |\n  ${'{'.repeat(200)}\n`)).toHaveLength(1));
});
