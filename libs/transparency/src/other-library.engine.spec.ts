import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import {
  consistencyRanges,
  inclusionRanges,
  leafHash,
  nodeHash,
  rangeHash,
  type Hash,
  type SubtreeHash,
} from './merkle.ts';
import { checkpointText, formatVerifierKey, publicKeyOf, signNote, verifierKey } from './note.ts';

/** Notes and proofs of this library, verified by the libraries of Go's checksum database (`tools/clients/transparency`). */

interface Case {
  readonly newer: string;
  readonly older?: string;
  readonly hash?: string;
  readonly index?: number;
  readonly proof: readonly string[];
}

const MILLION = 1_000_000;
const origin = 'astro.acme.dev/audit/a0000000-0000-7000-8000-000000000001';
const seed = new Uint8Array(32).fill(7);
const digest = (index: number): string => hash('sha256', `event${index}`, 'hex');

/** Returns the hashes of the subtrees of the first `size` leaves, by level. */
function levelsOf(size: number): readonly (readonly Hash[])[] {
  let level = Array.from({ length: size }, (_, index) => leafHash(Buffer.from(digest(index), 'hex')));
  const levels = [level];
  while (level.length > 1) {
    const below = level;
    level = Array.from({ length: Math.floor(below.length / 2) }, (_, index) =>
      nodeHash(below[index * 2] ?? leafHash(new Uint8Array()), below[index * 2 + 1] ?? leafHash(new Uint8Array())),
    );
    levels.push(level);
  }
  return levels;
}

const program = process.env['ASTRO_TEST_TRANSPARENCY_CLIENT'];
if (program) describe('the libraries of Go’s checksum database', () => tested(program));
else
  describe.skip('the libraries of Go’s checksum database: ASTRO_TEST_TRANSPARENCY_CLIENT is not set; node tools/clients/main.mjs transparency prints it', () =>
    it('was not tested', () => {}));

function tested(verifier: string): void {
  const levels = levelsOf(MILLION);
  const subtree: SubtreeHash = (level, index) => {
    const found = levels[level]?.[index];
    if (!found) throw new RangeError(`no subtree ${level} ${index}`);
    return found;
  };
  const base64 = (hashes: readonly Hash[]) => hashes.map((hashed) => Buffer.from(hashed).toString('base64'));
  const noteOf = (size: number): string =>
    signNote(checkpointText({ origin, size, root: rangeHash({ start: 0, end: size }, subtree) }), origin, seed);
  const inclusion = (index: number, size: number): Case => ({
    newer: noteOf(size),
    hash: digest(index),
    index,
    proof: base64(inclusionRanges(index, size).map((range) => rangeHash(range, subtree))),
  });
  const consistency = (from: number, to: number): Case => ({
    newer: noteOf(to),
    older: noteOf(from),
    proof: base64(consistencyRanges(from, to).map((range) => rangeHash(range, subtree))),
  });
  /** Returns why each case was refused; an empty text if it is right. */
  function verified(cases: readonly Case[]): readonly string[] {
    const key = formatVerifierKey(verifierKey(origin, publicKeyOf(seed)));
    const done = spawnSync(verifier, {
      input: JSON.stringify({ keys: [key], cases }),
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    if (done.status !== 0) throw new Error(done.stderr);
    return JSON.parse(done.stdout);
  }

  it('accept proofs of trees of every size up to 300', () => {
    const cases: Case[] = [];
    for (let size = 1; size <= 300; size += 1) {
      for (const index of new Set([0, Math.floor(size / 3), Math.floor(size / 2), size - 1]))
        cases.push(inclusion(index, size));
      for (const from of new Set([1, Math.ceil(size / 3), Math.ceil(size / 2), size]))
        cases.push(consistency(from, size));
    }
    expect(verified(cases).filter((refused) => refused !== '')).toEqual([]);
  });

  it('accept proofs of a tree of a million leaves, and of earlier sizes', () => {
    const cases = [0, 255, 256, 65_535, 65_536, 524_287, 524_288, 999_999].flatMap((place) => [
      inclusion(place, MILLION),
      consistency(place + 1, MILLION),
    ]);
    expect(verified(cases).filter((refused) => refused !== '')).toEqual([]);
  });

  it('refuse each of a hundred altered proofs and notes', () => {
    const altered: Case[] = [];
    for (let n = 0; n < 25; n += 1) {
      const size = 2 + n * 11;
      const right = inclusion(n % size, size);
      const part = n % right.proof.length;
      const other = Buffer.from(digest(n), 'hex').toString('base64');
      altered.push({ ...right, proof: right.proof.toSpliced(part, 1, other) });
      altered.push({ ...right, hash: digest(n + 1) });
      altered.push({ ...right, newer: right.newer.replace(`\n${size}\n`, `\n${size + 1}\n`) });
      altered.push({ ...consistency(size - 1, size), older: noteOf(size === 2 ? 3 : size - 2) });
    }
    expect(altered).toHaveLength(100);
    expect(verified(altered).filter((refused) => refused === '')).toEqual([]);
  });
}
