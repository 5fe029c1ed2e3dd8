import { readFileSync } from 'node:fs';
import { hash } from 'node:crypto';
import fc from 'fast-check';
import {
  consistencyRanges,
  EMPTY_ROOT,
  GrowingTree,
  inclusionRanges,
  isConsistent,
  isIncluded,
  leafHash,
  nodeHash,
  rangeHash,
  type Hash,
  type SubtreeHash,
} from './merkle.ts';

interface Vectors {
  readonly trees: readonly {
    readonly size: number;
    readonly root: string;
    readonly inclusion: readonly { readonly index: number; readonly proof: readonly string[] }[];
    readonly consistency: readonly { readonly from: number; readonly proof: readonly string[] }[];
  }[];
}
const { trees }: Vectors = JSON.parse(readFileSync(new URL('testdata/audit-vectors.json', import.meta.url), 'utf8'));
const bytes = (base64: string): Hash => Buffer.from(base64, 'base64');
const base64 = (hashed: Hash): string => Buffer.from(hashed).toString('base64');
const leaf = (index: number): Hash => leafHash(hash('sha256', `event${index}`, 'buffer'));
const leaves = Array.from({ length: 300 }, (_, index) => leaf(index));

/** Hashes of subtrees by the recursive definition, without tiles. */
const subtree: SubtreeHash = (level, index) =>
  level === 0
    ? (leaves[index] ?? EMPTY_ROOT)
    : nodeHash(subtree(level - 1, index * 2), subtree(level - 1, index * 2 + 1));
const rootOf = (size: number): Hash => rangeHash({ start: 0, end: size }, subtree);
const inclusion = (index: number, size: number): Hash[] =>
  inclusionRanges(index, size).map((range) => rangeHash(range, subtree));
const consistency = (from: number, to: number): Hash[] =>
  consistencyRanges(from, to).map((range) => rangeHash(range, subtree));

describe('the Merkle tree of RFC 9162', () => {
  it.each(trees)('of $size leaves has the root and the proofs of the vectors', (tree) => {
    const { size } = tree;
    const root = bytes(tree.root);
    expect(base64(rootOf(size))).toBe(tree.root);
    for (const { index, proof } of tree.inclusion) {
      expect(inclusion(index, size).map(base64)).toEqual(proof);
      expect(isIncluded(leaf(index), index, { size, root }, proof.map(bytes))).toBe(true);
    }
    for (const { from, proof } of tree.consistency) {
      expect(consistency(from, size).map(base64)).toEqual(proof);
      expect(isConsistent({ size: from, root: rootOf(from) }, { size, root }, proof.map(bytes))).toBe(true);
    }
  });

  it('grows leaf by leaf to the same roots', () => {
    const tree = new GrowingTree();
    expect(base64(tree.root())).toBe(base64(EMPTY_ROOT));
    for (const [index, added] of leaves.entries()) {
      tree.add(added);
      expect(tree.size).toBe(index + 1);
      if (index % 7 === 0) expect(base64(tree.root())).toBe(base64(rootOf(index + 1)));
    }
  });

  const sizes = fc.integer({ min: 1, max: 300 });
  it('proves each leaf of each tree, and refuses the proof for another leaf, index, size, or root', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), fc.nat(), (size, at, other) => {
        const index = at % size;
        const tree = { size, root: rootOf(size) };
        const proof = inclusion(index, size);
        expect(isIncluded(leaf(index), index, tree, proof)).toBe(true);
        const wrong = (index + 1 + (other % 299)) % 300;
        expect(isIncluded(leaf(wrong), index, tree, proof)).toBe(false);
        if (size > 1) expect(isIncluded(leaf(index), (index + 1) % size, tree, proof)).toBe(false);
        expect(isIncluded(leaf(index), index, { size, root: leaf(index + 1) }, proof)).toBe(false);
        expect(isIncluded(leaf(index), index, tree, [...proof, EMPTY_ROOT])).toBe(false);
        for (let part = 0; part < proof.length; part += 1) {
          expect(isIncluded(leaf(index), index, tree, proof.toSpliced(part, 1, EMPTY_ROOT))).toBe(false);
          expect(isIncluded(leaf(index), index, tree, proof.toSpliced(part, 1))).toBe(false);
        }
      }),
    );
  });

  it('proves that each tree extends each smaller one, and refuses every other pair', () => {
    fc.assert(
      fc.property(sizes, sizes, (a, b) => {
        const [from, to] = a <= b ? [a, b] : [b, a];
        const older = { size: from, root: rootOf(from) };
        const newer = { size: to, root: rootOf(to) };
        const proof = consistency(from, to);
        expect(isConsistent(older, newer, proof)).toBe(true);
        expect(isConsistent({ ...older, root: EMPTY_ROOT }, newer, proof)).toBe(false);
        expect(isConsistent(older, { ...newer, root: EMPTY_ROOT }, proof)).toBe(false);
        expect(isConsistent(older, newer, [...proof, EMPTY_ROOT])).toBe(false);
        if (from < to) expect(isConsistent(newer, older, proof)).toBe(false);
        for (let part = 0; part < proof.length; part += 1)
          expect(isConsistent(older, newer, proof.toSpliced(part, 1, EMPTY_ROOT))).toBe(false);
      }),
    );
  });

  it('refuses sizes that no tree has, and extends the empty tree without a proof', () => {
    const newer = { size: 5, root: rootOf(5) };
    expect(rootOf(0)).toEqual(EMPTY_ROOT);
    expect(isConsistent({ size: 0, root: EMPTY_ROOT }, newer, [])).toBe(true);
    expect(isConsistent({ size: 0, root: leaf(0) }, newer, [])).toBe(false);
    for (const size of [-1, 0.5, Number.NaN, 2 ** 60]) {
      expect(isConsistent({ size, root: EMPTY_ROOT }, newer, [])).toBe(false);
      expect(isIncluded(leaf(0), size, newer, [])).toBe(false);
      expect(isIncluded(leaf(0), 0, { size, root: leaf(0) }, [])).toBe(false);
    }
    expect(isIncluded(leaf(0), 5, newer, inclusion(0, 5))).toBe(false);
    expect(() => inclusionRanges(5, 5)).toThrow(RangeError);
    expect(() => consistencyRanges(6, 5)).toThrow(new RangeError('6 and 5 are not sizes of one tree'));
    expect(() => consistencyRanges(-1, 5)).toThrow(RangeError);
    expect(() => consistencyRanges(5, Number.NaN)).toThrow(RangeError);
  });
});
