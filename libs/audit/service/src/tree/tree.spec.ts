import { hash } from 'node:crypto';
import { position, type Recorded } from '#kernel';
import { consistencyRanges, GrowingTree, inclusionRanges, isConsistent, isIncluded, leafHash } from '#transparency';
import { treeProjection } from './tree.projection.ts';
import { hashOfRange, isGrowing, rootOf, tileId, tilesOf, type GrowingTiles, type TreeDocument } from './tree.ts';

const ACME = 'a0000000-0000-7000-8000-000000000001';
const digest = (index: number): string => hash('sha256', `event${index}`, 'hex');
const recorded = (index: number, stream = `organization-${ACME}`): Recorded => ({
  event: { type: 'anything.happened.v1', data: {} },
  metadata: {
    id: `event-${index}`,
    stream,
    revision: index,
    position: position('0000000a', index * 3 + 1),
    recordedAt: '2026-11-02T09:14:55.000Z',
    actor: 'ada',
    organizationId: ACME,
    commandId: 'c',
    correlationId: 'r',
    causationId: 'c',
    hash: digest(index),
  },
});

/** Applies events as the projection runner does. */
function grown(to: number, from?: { readonly tree: GrowingTiles; readonly parts: Map<string, TreeDocument> }) {
  const parts = new Map(from?.parts);
  let document: TreeDocument | undefined = from?.tree;
  for (let index = from?.tree.size ?? 0; index < to; index += 1) {
    const next = treeProjection.apply(document, recorded(index));
    if (typeof next === 'symbol') throw new Error('removed');
    const split = treeProjection.split?.(next);
    document = split?.document ?? next;
    for (const [id, part] of split?.parts ?? []) parts.set(id, part);
  }
  if (!document || !isGrowing(document)) throw new Error('not a tree');
  return { tree: document, parts };
}

/** Returns the hashes of a tile, from the tree or from the documents of complete tiles. */
const hashesOf =
  ({ tree, parts }: ReturnType<typeof grown>) =>
  (level: number, index: number): string => {
    const part = parts.get(tileId(ACME, level, index));
    const found = part && !isGrowing(part) ? part : tree.tiles[level];
    return found?.index === index ? found.hashes : '';
  };

describe('the tree of an organization', () => {
  it('has the root of its leaves at each size, and fills tiles', () => {
    const expected = new GrowingTree();
    let state: ReturnType<typeof grown> | undefined;
    for (let size = 1; size <= 1_030; size += 1) {
      expected.add(leafHash(Buffer.from(digest(size - 1), 'hex')));
      state = grown(size, state);
      expect(Buffer.from(rootOf(state.tree)).toString('base64')).toBe(Buffer.from(expected.root()).toString('base64'));
    }
    expect([...(state?.parts.keys() ?? [])]).toEqual([0, 1, 2, 3].map((index) => tileId(ACME, 0, index)));
    expect(state?.tree.tiles.map(({ index, hashes }) => [index, hashes.length / 44])).toEqual([
      [4, 6],
      [0, 4],
    ]);
    expect(state?.tree.sequences).toHaveLength(6 * 20);
    expect(state?.parts.get(tileId(ACME, 0, 1))).toMatchObject({ lastPosition: position('0000000a', 511 * 3 + 1) });
  });

  it('has a tile of the third level after 65,536 leaves', () => {
    const { tree, parts } = grown(65_537);
    expect(tree.tiles.map(({ index, hashes }) => [index, hashes.length / 44])).toEqual([
      [256, 1],
      [1, 0],
      [0, 1],
    ]);
    expect(parts.size).toBe(257);
    const range = { start: 0, end: 65_536 };
    expect(tilesOf(range)).toEqual([[2, 0]]);
    expect(hashOfRange(range, hashesOf({ tree, parts }))).toEqual(
      hashOfRange({ start: 0, end: 65_536 }, () => tree.tiles[2]?.hashes ?? ''),
    );
  });

  it('proves leaves and earlier sizes from the tiles that the proof names', () => {
    const state = grown(700);
    const hashAt = hashesOf(state);
    const rootAt = (end: number) => hashOfRange({ start: 0, end }, hashAt);
    for (const [index, size] of [
      [0, 700],
      [255, 256],
      [256, 257],
      [511, 699],
      [699, 700],
    ] as const) {
      const proof = inclusionRanges(index, size).map((range) => hashOfRange(range, hashAt));
      const leaf = leafHash(Buffer.from(digest(index), 'hex'));
      expect(isIncluded(leaf, index, { size, root: rootAt(size) }, proof)).toBe(true);
      for (const range of inclusionRanges(index, size))
        for (const [level, tile] of tilesOf(range)) expect(hashAt(level, tile)).not.toBe('');
    }
    for (const from of [1, 255, 256, 257, 512, 699, 700]) {
      const proof = consistencyRanges(from, 700).map((range) => hashOfRange(range, hashAt));
      expect(isConsistent({ size: from, root: rootAt(from) }, { size: 700, root: rootAt(700) }, proof)).toBe(true);
    }
    expect(() => hashOfRange({ start: 700, end: 701 }, hashAt)).toThrow(RangeError);
  });

  it('has no leaves of signed heads and of events without an organization', () => {
    expect(treeProjection.documentId(recorded(0))).toBe(ACME);
    expect(treeProjection.documentId(recorded(0, `audit-${ACME}`))).toBeUndefined();
    const { organizationId, ...metadata } = recorded(0, 'user-ada').metadata;
    expect(organizationId).toBe(ACME);
    expect(treeProjection.documentId({ ...recorded(0), metadata })).toBeUndefined();
  });
});
