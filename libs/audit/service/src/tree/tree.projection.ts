import { EVERY_EVENT, type Fact, type Projection } from '#kernel';
import { isGrowing, withLeaf, withoutCompleteTiles, type TreeDocument } from './tree.ts';

/** Streams of signed heads, which are not leaves: each head would otherwise change the tree that it signs. */
const HEADS = 'audit-';

/**
 * The Merkle tree of each organization. Leaves are the hashes of its events in the order of the log. The document with
 * the organization's ID grows with each event, and complete tiles become documents of their own.
 */
export const treeProjection: Projection<Fact, TreeDocument> = {
  name: 'audit-tree.v1',
  events: EVERY_EVENT,
  indexes: ['organizationId', 'position', 'lastPosition'],
  documentId: ({ metadata: { organizationId, stream } }) => (stream.startsWith(HEADS) ? undefined : organizationId),
  apply(document, { metadata: { organizationId = '', hash, position } }) {
    if (document !== undefined && !isGrowing(document)) throw new Error('an event cannot change a complete tile');
    if (hash === undefined) throw new Error('only recorded events are leaves');
    return withLeaf(document, { organizationId, hash, position });
  },
  split: (document) => (isGrowing(document) ? withoutCompleteTiles(document) : undefined),
};
