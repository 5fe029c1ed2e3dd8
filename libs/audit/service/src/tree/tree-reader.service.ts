import { READ_MODELS, type ReadModels } from '#event-sourcing';
import { ok, storeOf, position, type DomainError, type Position, type Result } from '#kernel';
import { consistencyRanges, inclusionRanges, type Range } from '#transparency';
import { Inject, Injectable } from '@nestjs/common';
import { treeProjection } from './tree.projection.ts';
import {
  hashOfRange,
  isGrowing,
  SEQUENCE_CHARACTERS,
  TILE,
  tileId,
  tilesOf,
  type CompleteTile,
  type GrowingTiles,
} from './tree.ts';

/** Reads places and proofs from the tiles of an organization's tree. */
@Injectable()
export class TreeReader {
  constructor(@Inject(READ_MODELS) private readonly readModels: ReadModels) {}

  /** Returns the index of the leaf of the event at a position; undefined if the organization has no such leaf. */
  async indexOf(organizationId: string, at: Position): Promise<Result<number | undefined, DomainError>> {
    const tree = await this.tree(organizationId);
    if (!tree.ok) return tree;
    const found = await this.readModels.find(treeProjection, {
      where: { organizationId },
      range: { field: 'lastPosition', from: at },
      sort: { field: 'lastPosition', direction: 'ascending' },
      limit: 1,
    });
    if (!found.ok) return found;
    const complete = found.value.items[0]?.document;
    const sequences = complete && !isGrowing(complete) ? complete.sequences : tree.value?.sequences;
    const tile = complete && !isGrowing(complete) ? complete.index : tree.value?.tiles[0]?.index;
    const place = sequencesOf(sequences).indexOf(at.slice(-SEQUENCE_CHARACTERS));
    return ok(place < 0 || tile === undefined ? undefined : tile * TILE + place);
  }

  /** Returns the position of a leaf; undefined if the tree has no such leaf. */
  async positionOf(organizationId: string, index: number): Promise<Result<Position | undefined, DomainError>> {
    const tree = await this.tree(organizationId);
    if (!tree.ok || tree.value === undefined) return ok(undefined);
    const tile = Math.floor(index / TILE);
    let { sequences }: Pick<CompleteTile, 'sequences'> = tree.value;
    if (tree.value.tiles[0]?.index !== tile) {
      const complete = await this.complete(organizationId, 0, tile);
      if (!complete.ok) return complete;
      sequences = complete.value?.sequences;
    }
    const sequence = sequencesOf(sequences)[index % TILE];
    return ok(
      sequence === undefined ? undefined : position(storeOf(tree.value.position as Position), BigInt(sequence)),
    );
  }

  /** Returns the hashes that prove a leaf in the tree of the first `size` leaves, in standard base64. */
  inclusion(organizationId: string, index: number, size: number): Promise<Result<string[], DomainError>> {
    return this.hashes(organizationId, inclusionRanges(index, size));
  }

  /** Returns the hashes that prove that the first `to` leaves extend the first `from` leaves, in standard base64. */
  consistency(organizationId: string, from: number, to: number): Promise<Result<string[], DomainError>> {
    return this.hashes(organizationId, consistencyRanges(from, to));
  }

  private async hashes(organizationId: string, ranges: readonly Range[]): Promise<Result<string[], DomainError>> {
    // Complete tiles are written before the tree that no longer has them, so what the tree lacks can be read after it.
    const tree = await this.tree(organizationId);
    if (!tree.ok) return tree;
    const tiles = new Map<string, string>();
    for (const [level, index] of ranges.flatMap(tilesOf)) {
      const id = tileId(organizationId, level, index);
      if (tiles.has(id)) continue;
      const growing = tree.value?.tiles[level];
      const complete = growing?.index === index ? ok(growing) : await this.complete(organizationId, level, index);
      if (!complete.ok) return complete;
      tiles.set(id, complete.value?.hashes ?? '');
    }
    return ok(
      ranges.map((range) => {
        const hashed = hashOfRange(range, (level, index) => tiles.get(tileId(organizationId, level, index)) ?? '');
        return Buffer.from(hashed).toString('base64');
      }),
    );
  }

  private async tree(organizationId: string): Promise<Result<GrowingTiles | undefined, DomainError>> {
    const found = await this.readModels.get(treeProjection, organizationId);
    if (!found.ok) return found;
    const document = found.value?.document;
    return ok(document && isGrowing(document) ? document : undefined);
  }

  private async complete(
    organizationId: string,
    level: number,
    index: number,
  ): Promise<Result<CompleteTile | undefined, DomainError>> {
    const found = await this.readModels.get(treeProjection, tileId(organizationId, level, index));
    if (!found.ok) return found;
    const document = found.value?.document;
    return ok(document && !isGrowing(document) ? document : undefined);
  }
}

const sequencesOf = (sequences = ''): readonly string[] =>
  Array.from({ length: sequences.length / SEQUENCE_CHARACTERS }, (_, at) =>
    sequences.slice(at * SEQUENCE_CHARACTERS, (at + 1) * SEQUENCE_CHARACTERS),
  );
