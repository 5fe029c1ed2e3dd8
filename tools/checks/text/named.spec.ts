import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VARIABLES } from '#runtime';
import { commandProblems, mentions, scriptsOf } from './commands.ts';
import { textsOf } from './texts.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const texts = textsOf(root);
const product = texts.filter(({ scope, file }) => scope === 'message' && /^(apps|libs)\//.test(file));
/** Flags of all commands, of `kubectl config view`, and of an example of container arguments. */
const OTHERS = ['--help', '--version', '--output', '--quiet', '--yes', '--raw', '--minify', '--flatten', '--log'];
const FLAG = /(?<![\w-])--[a-z][a-z-]+/g;

describe('use-I7: names in messages, fixes, help and documentation', () => {
  it('are commands and flags of the command line', () => {
    const named = product.flatMap((text) => mentions(text));
    expect(named.length).toBeGreaterThan(100);
    expect(commandProblems(texts, scriptsOf(root))).toEqual([]);
  });

  it('are settings of the server', () => {
    const known = new Set<string>(Object.values(VARIABLES).map(({ name }) => name));
    const named = product.flatMap(({ file, line, text }) =>
      [...text.matchAll(/\bASTRO_(?!TEST_)[A-Z_]*[A-Z]\b/g)].map(([name]) => ({ name, at: `${file}:${line}` })),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(({ name }) => !known.has(name))).toEqual([]);
  });

  it('are flags in the reference of the command line, when a message names no command', () => {
    const known = new Set([
      ...(readFileSync(join(root, 'docs/reference/cli.md'), 'utf8').match(FLAG) ?? []),
      ...OTHERS,
    ]);
    const named = product
      .filter(({ file }) => /^libs\/([\w-]+\/(service|contract|worker|api)|kubernetes|egress|cli)\//.test(file))
      .flatMap(({ file, line, text }) => (text.match(FLAG) ?? []).map((name) => ({ name, at: `${file}:${line}` })));
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter(({ name }) => !known.has(name))).toEqual([]);
  });
});
