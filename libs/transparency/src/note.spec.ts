import { readFileSync } from 'node:fs';
import {
  checkpointText,
  formatVerifierKey,
  isSignedBy,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
  publicKeyOf,
  signNote,
  verifierKey,
} from './note.ts';

interface Vectors {
  readonly verifierKey: string;
  readonly eventsNote: string;
  readonly trees: readonly { readonly size: number; readonly root: string; readonly note: string }[];
}
const vectors: Vectors = JSON.parse(readFileSync(new URL('testdata/audit-vectors.json', import.meta.url), 'utf8'));
const seed = new Uint8Array(32).fill(7);
const origin = 'astro.acme.dev/audit/0193f2a4-11de-7a90-b6c7-2f8f0b6d9c02';
const key = verifierKey(origin, publicKeyOf(seed));
const note = vectors.eventsNote;
const parsed = (text: string) => {
  const found = parseNote(text);
  if (!found) throw new Error('not a note');
  return found;
};

describe('signed notes', () => {
  it('have the verifier key of the vectors', () => {
    expect(formatVerifierKey(key)).toBe(vectors.verifierKey);
    expect(parseVerifierKey(vectors.verifierKey)).toEqual(key);
    expect(parseVerifierKey(` ${vectors.verifierKey}\n`)).toEqual(key);
  });

  it('have verifier keys whose text is parsed to the same key, also if it contains another plus sign', () => {
    const keys = Array.from({ length: 20 }, (_, n) => verifierKey(origin, publicKeyOf(new Uint8Array(32).fill(n))));
    expect(keys.some((each) => formatVerifierKey(each).split('+').length > 3)).toBe(true);
    for (const each of keys) expect(parseVerifierKey(formatVerifierKey(each))).toEqual(each);
  });

  it.each(vectors.trees)('state and sign a tree of $size leaves as the vectors do', (tree) => {
    const text = checkpointText({ origin, size: tree.size, root: Buffer.from(tree.root, 'base64') });
    expect(signNote(text, origin, seed)).toBe(tree.note);
    expect(isSignedBy(parsed(tree.note), key)).toBe(true);
    const checkpoint = parseCheckpoint(parsed(tree.note).text);
    expect(checkpoint).toMatchObject({ origin, size: tree.size });
    expect(Buffer.from(checkpoint?.root ?? []).toString('base64')).toBe(tree.root);
  });

  it('are refused after any change of one character', () => {
    for (let at = 0; at < note.length; at += 1) {
      const other = note[at] === 'A' ? 'B' : 'A';
      const changed = parseNote(note.slice(0, at) + other + note.slice(at + 1));
      expect(changed === undefined || !isSignedBy(changed, key)).toBe(true);
    }
  });

  it('ignore the signatures of other keys, such as those of witnesses', () => {
    const witness = signNote(parsed(note).text, 'witness.example.com', new Uint8Array(32).fill(9));
    const both = note + witness.slice(witness.indexOf('\n\n') + 2);
    expect(parsed(both).signatures.map(({ name }) => name)).toEqual([origin, 'witness.example.com']);
    expect(isSignedBy(parsed(both), key)).toBe(true);
    expect(isSignedBy(parsed(witness), key)).toBe(false);
    expect(isSignedBy(parsed(note), verifierKey(origin, publicKeyOf(new Uint8Array(32).fill(9))))).toBe(false);
  });

  it('have a text that may be empty, and at most 65,536 characters', () => {
    expect(parsed(signNote('\n', origin, seed)).text).toBe('\n');
    const longest = 'x'.repeat(65_536 - note.length) + note;
    expect(parsed(longest).text).toHaveLength(longest.lastIndexOf('\n\n') + 1);
    expect(parseNote(`x${longest}`)).toBeUndefined();
  });

  it.each([
    ['an empty text', ''],
    ['no signature', `${origin}\n5\n`],
    ['no text', `x${note.slice(note.indexOf('—'))}`],
    ['a signature line without a signature', note.replace(/ [^ ]+\n$/, '\n')],
    ['a signature line with a fourth word', note.replace(/\n$/, ' more\n')],
    ['the ID of a key without a signature', note.replace(/ [^ ]+\n$/, ' KTLSgA==\n')],
    ['base64 without padding', note.replace(/=\n$/, '\n')],
    ['no final newline', note.slice(0, -1)],
    ['a hyphen for the dash', note.replace('—', '-')],
    ['invalid base64', note.replace(/ [^ ]+\n$/, ' ***\n')],
  ])('are not parsed from %s', (_, text) => {
    expect(parseNote(text)).toBeUndefined();
  });

  it.each([
    ['a negative size', `${origin}\n-1\nlIOWjID7DptAmBtKoknR39Kvsmng9ulCAxT+5uLL5Zs=\n`],
    ['a size with a leading zero', `${origin}\n05\nlIOWjID7DptAmBtKoknR39Kvsmng9ulCAxT+5uLL5Zs=\n`],
    ['a size that is not safe', `${origin}\n9999999999999999\nlIOWjID7DptAmBtKoknR39Kvsmng9ulCAxT+5uLL5Zs=\n`],
    ['a short root', `${origin}\n5\nlIOWjID7DptAmBtK\n`],
    ['a root without padding', `${origin}\n5\nlIOWjID7DptAmBtKoknR39Kvsmng9ulCAxT+5uLL5Zs\n`],
    ['no root', `${origin}\n5\n`],
    ['no final newline', `${origin}\n5\nlIOWjID7DptAmBtKoknR39Kvsmng9ulCAxT+5uLL5Zs=`],
    ['only one line', origin],
  ])('state no checkpoint with %s', (_, text) => {
    expect(parseCheckpoint(text)).toBeUndefined();
  });

  it.each([
    ['another algorithm', vectors.verifierKey.replace('+AepK', '+BepK')],
    ['another ID', vectors.verifierKey.replace('+2932d280+', '+2932d281+')],
    ['no name', formatVerifierKey(verifierKey('', key.publicKey))],
    ['no key', `${origin}+2932d280+`],
    ['an empty text', ''],
  ])('have no verifier key of %s', (_, text) => {
    expect(parseVerifierKey(text)).toBeUndefined();
  });
});
