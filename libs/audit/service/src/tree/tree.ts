import { leafHash, nodeHash, rangeHash, subtreesOf, type Hash, type Range } from '#transparency';

/** Leaves of a tile, and tiles of a tile one level higher (tlog-tiles, height 8). */
export const TILE = 256;
const HEIGHT = 8;
/** Characters of a hash in standard base64. */
const HASH_CHARACTERS = 44;
/** Characters of the sequence of a position. */
export const SEQUENCE_CHARACTERS = 20;

/** Hashes in a tile of level `level`: of the subtrees of 256 ** level leaves, in order. */
export interface Tile {
  /** Place among the tiles of its level. */
  readonly index: number;
  /** Hashes in standard base64, one after another. */
  readonly hashes: string;
}

/** A complete tile. */
export interface CompleteTile extends Tile {
  readonly organizationId: string;
  readonly level: number;
  /** Of level 0: the sequences of the leaves' positions, one after another. */
  readonly sequences?: string;
  /** Of level 0: position of the last leaf. */
  readonly lastPosition?: string;
}

/** The tree of an organization, without its complete tiles. */
export interface GrowingTiles {
  readonly organizationId: string;
  /** Number of leaves. */
  readonly size: number;
  /** Position of the last leaf. */
  readonly position: string;
  /** The incomplete tile of each level, from level 0. */
  readonly tiles: readonly Tile[];
  /** Of the incomplete tile of level 0: the sequences of the leaves' positions, one after another. */
  readonly sequences: string;
}

export type TreeDocument = GrowingTiles | CompleteTile;

export const isGrowing = (document: TreeDocument): document is GrowingTiles => 'tiles' in document;

/** Returns the document ID of a complete tile. */
export const tileId = (organizationId: string, level: number, index: number): string =>
  `${organizationId}/${level}/${index}`;

/**
 * Returns the tree with one more leaf.
 *
 * @param hash lower-case hex of the event's hash
 * @param position of the event
 */
export function withLeaf(
  tree: GrowingTiles | undefined,
  leaf: { readonly organizationId: string; readonly hash: string; readonly position: string },
): GrowingTiles {
  const { organizationId, hash, position } = leaf;
  const [first = { index: 0, hashes: '' }, ...others] = tree?.tiles ?? [];
  return {
    organizationId,
    size: (tree?.size ?? 0) + 1,
    position,
    tiles: [{ ...first, hashes: first.hashes + text(leafHash(Buffer.from(hash, 'hex'))) }, ...others],
    sequences: (tree?.sequences ?? '') + position.slice(-SEQUENCE_CHARACTERS),
  };
}

/** Moves complete tiles out of a tree, and their roots to the next level. `undefined` if no tile is complete. */
export function withoutCompleteTiles(
  tree: GrowingTiles,
): { readonly document: GrowingTiles; readonly parts: ReadonlyMap<string, CompleteTile> } | undefined {
  if (tree.tiles[0]?.hashes.length !== TILE * HASH_CHARACTERS) return undefined;
  const { organizationId, position, sequences } = tree;
  const parts = new Map<string, CompleteTile>();
  const tiles: Tile[] = [];
  let carried = '';
  for (let level = 0; level < tree.tiles.length || carried !== ''; level += 1) {
    const tile = tree.tiles[level] ?? { index: 0, hashes: '' };
    const hashes = tile.hashes + carried;
    carried = '';
    if (hashes.length < TILE * HASH_CHARACTERS) tiles.push({ ...tile, hashes });
    else {
      const leaves = level === 0 ? { sequences, lastPosition: position } : {};
      parts.set(tileId(organizationId, level, tile.index), {
        organizationId,
        level,
        index: tile.index,
        hashes,
        ...leaves,
      });
      tiles.push({ index: tile.index + 1, hashes: '' });
      carried = text(subtreeOfTile(hashes, HEIGHT, 0));
    }
  }
  return { document: { ...tree, tiles, sequences: '' }, parts };
}

/** Returns the tiles that contain the hashes of a range: level and index. */
export function tilesOf(range: Range): readonly (readonly [level: number, index: number])[] {
  return subtreesOf(range).map(([level, index]) => {
    const tileLevel = Math.floor(level / HEIGHT);
    return [tileLevel, Math.floor((index * 2 ** (level - tileLevel * HEIGHT)) / TILE)];
  });
}

/**
 * Returns the hash of a range.
 *
 * @param hashesOf returns the hashes of a tile that `tilesOf` names, as `Tile` has them
 */
export function hashOfRange(range: Range, hashesOf: (level: number, index: number) => string): Hash {
  return rangeHash(range, (level, index) => {
    const tileLevel = Math.floor(level / HEIGHT);
    const height = level - tileLevel * HEIGHT;
    const first = index * 2 ** height;
    return subtreeOfTile(hashesOf(tileLevel, Math.floor(first / TILE)), height, (first % TILE) / 2 ** height);
  });
}

/** Returns the root of the tree. */
export const rootOf = (tree: GrowingTiles): Hash =>
  hashOfRange({ start: 0, end: tree.size }, (level) => tree.tiles[level]?.hashes ?? '');

/** Returns the hash of subtree `index` of `2 ** height` hashes in a tile. */
function subtreeOfTile(hashes: string, height: number, index: number): Hash {
  if (height > 0)
    return nodeHash(subtreeOfTile(hashes, height - 1, index * 2), subtreeOfTile(hashes, height - 1, index * 2 + 1));
  const base64 = hashes.slice(index * HASH_CHARACTERS, (index + 1) * HASH_CHARACTERS);
  if (base64.length < HASH_CHARACTERS) throw new RangeError('the tile does not contain this hash');
  return Buffer.from(base64, 'base64');
}

const text = (hashed: Hash): string => Buffer.from(hashed).toString('base64');
