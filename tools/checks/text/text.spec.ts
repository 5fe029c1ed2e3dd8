import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandProblems, linkProblems, mentions, pictureProblems } from './commands.ts';
import { PHRASES, phraseProblems } from './phrases.ts';
import { documentTexts, sourceTexts, type Text } from './texts.ts';

const message = (text: string): Text => ({ file: 'a.ts', line: 1, scope: 'message', text });
const line = (text: string): Text => ({ file: 'a.md', line: 1, scope: 'docs', text });
const shell = (text: string): Text => ({ file: 'a.md', line: 1, scope: 'docs', text, fence: 'sh' });

describe('texts of a source file', () => {
  const source = [
    "import { it } from 'node:test';",
    '/** First line',
    ' * and second. */',
    'const fix = `see ${name} for more`; // one',
    '// two',
    "it('has a title', () => refuse('a message'));",
  ].join('\n');

  it('are its strings, without interpolated values', () => {
    const strings = sourceTexts('libs/a/src/a.ts', source).filter(({ scope }) => scope === 'message');
    expect(strings.map(({ line, text }) => [line, text])).toEqual([
      [4, 'see … for more'],
      [6, 'a message'],
    ]);
  });

  it('are the commands that the console shows, with everything optional', () => {
    const page = [
      "const a = commandFor(input, 'key', 'revoke', id, ...flagOf('--reason', reason));",
      "const b = commandLine('org', isAll && '--all', ...more);",
      "const c = <Confirm command={['org', isService ? 'add' : 'invite', ...['--role', role]]} />;",
      'const d = <Confirm command={[...command, 1]} />;',
    ].join('\n');
    expect(
      sourceTexts('apps/a/a.tsx', page)
        .map(({ text }) => text)
        .filter((text) => text.startsWith('astroctl')),
    ).toEqual(['astroctl key revoke … --reason …', 'astroctl org --all', 'astroctl org add --role …']);
  });

  it('are its comments as running text, with consecutive lines joined', () => {
    const comments = sourceTexts('libs/a/src/a.ts', source).filter(({ scope }) => scope === 'comment');
    expect(comments.map(({ line, text }) => [line, text])).toEqual([
      [2, 'First line and second.'],
      [4, 'one two'],
    ]);
  });

  it('are its test titles; other strings of a spec are examples', () => {
    expect(sourceTexts('libs/a/src/a.spec.ts', source).map(({ scope, text }) => [scope, text])).toEqual(
      expect.arrayContaining([
        ['title', 'has a title'],
        ['example', 'a message'],
      ]),
    );
  });
});

it('reads Markdown by paragraphs, items and rows, and a fenced block as one text with its language', () => {
  expect(documentTexts('a.md', 'Run\nthis:\n\n```sh\nnpm start\nnpm test\n```\nEnd.\n- one\n  more\n- two')).toEqual([
    { file: 'a.md', line: 1, scope: 'docs', text: 'Run\nthis:' },
    { file: 'a.md', line: 5, scope: 'docs', text: 'npm start\nnpm test', fence: 'sh' },
    { file: 'a.md', line: 8, scope: 'docs', text: 'End.' },
    { file: 'a.md', line: 9, scope: 'docs', text: '- one\n  more' },
    { file: 'a.md', line: 11, scope: 'docs', text: '- two' },
  ]);
});

describe('phrases', () => {
  it('are reported with what to write instead', () => {
    expect(phraseProblems([message('fix it or Mend it')])).toEqual(['a.ts:1: “Mend”; write: fix, correct, repair']);
  });

  it('are banned only in their scopes', () => {
    const scoped = PHRASES.find(({ scopes }) => !scopes.includes('comment'));
    expect(scoped).toBeDefined();
    expect(phraseProblems([{ ...message('it is 3 by now'), scope: 'comment' }])).toEqual([]);
    expect(phraseProblems([message('it is 3 by now')])).toHaveLength(1);
  });

  it('with a repeated word are reported, even across a line break', () => {
    expect(phraseProblems([line('Waits for the\nthe answer')])).toEqual(['a.md:1: “the the” has a word twice']);
    expect(phraseProblems([line('It is known that that is so, x-ray ray, a.a a')])).toEqual([]);
  });
});

describe('commands in texts', () => {
  const scripts = { test: '', start: '', 'test:e2e': '' };
  const problems = (text: Text): readonly string[] => commandProblems([text], scripts);

  it.each([
    message('see: astroctl app history web'),
    message('ask an owner (astroctl org members), or apply again: astroctl app apply -f FILE'),
    message('astroctl key create --role …'),
    message('this is not a file of astroctl is it'),
    line('`astroctl app -h` shows more, `app rollback NAME --to v3` goes back'),
    line('astroctl does not know `app` or `web`'),
    shell('npx astroctl app apply -f web.yaml --wait && astroctl app status web --field endpoint # and more'),
    shell('astroctl key create --name "my key" --role editor > key.txt\nnpm run test:e2e -- libs\nnpm start'),
  ])('pass if they exist: $text', (text) => {
    expect(problems(text)).toEqual([]);
  });

  it.each([
    [message('see: astroctl admin nothing'), "unknown command 'nothing'"],
    [message('or astroctl app get --sideways'), "unknown option '--sideways'"],
    [line('`app teleport web` moves it'), "unknown command 'teleport'"],
    [shell('astroctl app rollback'), "missing required argument 'NAME'"],
    [shell('astroctl key create --role'), 'argument missing'],
    [shell('astroctl whoami now'), 'too many arguments'],
    [shell('npm run lunch'), 'package.json has no such script'],
    [line('`npm run test:e3e`'), 'package.json has no such script'],
  ])('are reported if they do not exist: %j, %s', (text, why) => {
    expect(problems(text)).toEqual([expect.stringContaining(why)]);
  });

  it('are ignored in manifests and other fenced blocks', () => {
    expect(mentions({ ...shell('astroctl nothing'), fence: 'yaml' })).toEqual([]);
  });
});

describe('pictures of the documentation', () => {
  const root = mkdtempSync(join(tmpdir(), 'pictures-'));
  afterAll(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'docs', 'images'), { recursive: true });
  for (const [name, size] of Object.entries({ shown: 10, large: 200_000, forgotten: 10 }))
    writeFileSync(join(root, 'docs', 'images', `${name}.png`), Buffer.alloc(size));

  it('are reported if no page shows them, or if they are large', () => {
    const page = { ...line('![A page](images/shown.png) ![Another](images/large.png)'), file: 'docs/guide.md' };
    expect(pictureProblems(root, [page])).toEqual([
      'docs/images/forgotten.png: no page shows it',
      'docs/images/large.png: has 200000 bytes, and may have 102400',
    ]);
  });
});

describe('links of Markdown', () => {
  const root = mkdtempSync(join(tmpdir(), 'links-'));
  afterAll(() => rmSync(root, { recursive: true }));
  writeFileSync(join(root, 'guide.md'), '# Guide\n\n## How much it takes, and why\n');

  it('pass if their files and headings exist', () => {
    expect(
      linkProblems(root, [line('[a](guide.md#how-much-it-takes-and-why) [b](https://example.org/x) [c](.)')]),
    ).toEqual([]);
  });

  it('are reported otherwise', () => {
    expect(linkProblems(root, [line('[a](guide.md#why) [b](other.md)')])).toEqual([
      'a.md:1: guide.md has no heading #why',
      'a.md:1: other.md does not exist',
    ]);
  });
});
