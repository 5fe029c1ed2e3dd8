import { hash } from 'node:crypto';

/** A SHA-256 hash: 32 bytes. */
export type Hash = Uint8Array;

/** Leaves `start` (inclusive) to `end` (exclusive) of a tree. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Returns the hash of a complete subtree: the leaves `index * 2 ** level` up to `(index + 1) * 2 ** level`.
 *
 * @throws RangeError if the subtree is not complete or not available
 */
export type SubtreeHash = (level: number, index: number) => Hash;

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
const sha256 = (...parts: readonly Uint8Array[]): Hash => hash('sha256', Buffer.concat(parts), 'buffer');

/** The root of a tree without leaves (RFC 9162 section 2.1.1). */
export const EMPTY_ROOT: Hash = sha256();

/** Returns the hash of a leaf (RFC 9162 section 2.1.1). */
export const leafHash = (input: Uint8Array): Hash => sha256(LEAF, input);

/** Returns the hash of a node (RFC 9162 section 2.1.1). */
export const nodeHash = (left: Hash, right: Hash): Hash => sha256(NODE, left, right);

/**
 * Returns the ranges of leaves whose hashes prove that leaf `index` is in the tree of the first `size` leaves, in the
 * order of RFC 9162 section 2.1.3.1.
 */
export function inclusionRanges(index: number, size: number): readonly Range[] {
  checkCounts(index + 1, size);
  const ranges: Range[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + largestPowerBelow(end - start);
    ranges.unshift(index < middle ? { start: middle, end } : { start, end: middle });
    if (index < middle) end = middle;
    else start = middle;
  }
  return ranges;
}

/**
 * Returns the ranges of leaves whose hashes prove that the tree of the first `to` leaves extends the tree of the first
 * `from` leaves, in the order of RFC 9162 section 2.1.4.1. Empty if `from` is 0 or `to`.
 */
export function consistencyRanges(from: number, to: number): readonly Range[] {
  checkCounts(from, to);
  if (from === 0) return [];
  const ranges: Range[] = [];
  let [start, end] = [0, to];
  while (from !== end) {
    const middle = start + largestPowerBelow(end - start);
    ranges.unshift(from <= middle ? { start: middle, end } : { start, end: middle });
    if (from <= middle) end = middle;
    else start = middle;
  }
  return start === 0 ? ranges : [{ start, end }, ...ranges];
}

/** Returns the complete subtrees that a range consists of, from left to right, as level and index. */
export function subtreesOf({ start, end }: Range): readonly (readonly [level: number, index: number])[] {
  const subtrees: (readonly [number, number])[] = [];
  for (let at = start; at < end;) {
    const leaves = largestPowerUpTo(end - at);
    subtrees.push([Math.log2(leaves), at / leaves]);
    at += leaves;
  }
  return subtrees;
}

/**
 * Returns the hash of a range that a proof names; of the range from 0, the root of the tree.
 *
 * @param subtree returns the hashes of the range's `subtreesOf`
 */
export function rangeHash(range: Range, subtree: SubtreeHash): Hash {
  const hashes = subtreesOf(range).map(([level, index]) => subtree(level, index));
  return hashes.length === 0 ? EMPTY_ROOT : hashes.reduceRight((right, left) => nodeHash(left, right));
}

/**
 * Returns whether `proof` shows that the leaf with the hash `leaf` is at `index` in the tree with `root` (RFC 9162
 * section 2.1.3.2).
 */
export function isIncluded(
  leaf: Hash,
  index: number,
  tree: { readonly size: number; readonly root: Hash },
  proof: readonly Hash[],
): boolean {
  if (!isCount(index) || !isCount(tree.size) || index >= tree.size) return false;
  const ranges = inclusionRanges(index, tree.size);
  if (proof.length !== ranges.length) return false;
  const root = ranges.reduce((node, { start }, at) => join(node, proof[at] ?? EMPTY_ROOT, start > index), leaf);
  return isSame(root, tree.root);
}

/** Returns whether `proof` shows that `newer` extends `older` (RFC 9162 section 2.1.4.2). */
export function isConsistent(
  older: { readonly size: number; readonly root: Hash },
  newer: { readonly size: number; readonly root: Hash },
  proof: readonly Hash[],
): boolean {
  if (!isCount(older.size) || !isCount(newer.size) || older.size > newer.size) return false;
  const ranges = consistencyRanges(older.size, newer.size);
  if (proof.length !== ranges.length) return false;
  if (older.size === 0) return isSame(older.root, EMPTY_ROOT);
  // Where the older tree is one complete subtree of the newer one, its root is the first node.
  const beginsWithProof = ranges[0]?.end === older.size;
  const [begin = EMPTY_ROOT, ...others] = beginsWithProof ? proof : [older.root, ...proof];
  let [oldRoot, newRoot] = [begin, begin];
  for (const [at, { start }] of (beginsWithProof ? ranges.slice(1) : ranges).entries()) {
    const other = others[at] ?? EMPTY_ROOT;
    const isRight = start >= older.size;
    if (!isRight) oldRoot = nodeHash(other, oldRoot);
    newRoot = join(newRoot, other, isRight);
  }
  return isSame(oldRoot, older.root) && isSame(newRoot, newer.root);
}

/** Returns whether two hashes are equal. */
export const isSame = (a: Hash, b: Hash): boolean => Buffer.compare(a, b) === 0;

const join = (node: Hash, other: Hash, otherIsRight: boolean): Hash =>
  otherIsRight ? nodeHash(node, other) : nodeHash(other, node);

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

function checkCounts(smaller: number, larger: number): void {
  if (!isCount(smaller) || !isCount(larger) || smaller > larger)
    throw new RangeError(`${smaller} and ${larger} are not sizes of one tree`);
}

/** Returns the largest power of two that is less than `count`, which is at least 2. */
const largestPowerBelow = (count: number): number => largestPowerUpTo(count - 1);

function largestPowerUpTo(count: number): number {
  let power = 1;
  while (power * 2 <= count) power *= 2;
  return power;
}

/** The root of a tree that grows leaf by leaf, in memory for the logarithm of its size. */
export class GrowingTree {
  private leaves = 0;
  /** Roots of the complete subtrees, from left to right. */
  private readonly subtrees: { readonly leaves: number; readonly hash: Hash }[] = [];

  get size(): number {
    return this.leaves;
  }

  /** Adds the hash of the next leaf. */
  add(leaf: Hash): void {
    this.leaves += 1;
    let added = { leaves: 1, hash: leaf };
    for (let last = this.subtrees.at(-1); last?.leaves === added.leaves; last = this.subtrees.at(-1)) {
      added = { leaves: added.leaves * 2, hash: nodeHash(last.hash, added.hash) };
      this.subtrees.pop();
    }
    this.subtrees.push(added);
  }

  root(): Hash {
    const [last, ...others] = this.subtrees.map(({ hash: subtree }) => subtree).reverse();
    return last === undefined ? EMPTY_ROOT : others.reduce((right, left) => nodeHash(left, right), last);
  }
}
