import type { ReadRecord } from '#audit/contract';
import type { EventFamily, Fact } from '#kernel';

/**
 * Reads that only the global role permitted. Streams: `reads-<organization id>-<day>`. Each day has its own stream,
 * which stays short enough to be folded.
 */
export type ReadEvent = Fact<
  'read.recorded.v1',
  /** Identical reads in one minute: user and operation, as one instance of the platform counted them. */
  ReadRecord & { /** Its beginning, RFC 3339. */ readonly minute: string }
>;

export const readEvents: EventFamily<ReadEvent> = {
  categories: ['reads'],
  types: { 'read.recorded.v1': true },
};

/**
 * Returns the stream of reads.
 *
 * @param minute RFC 3339
 */
export const readStream = (organizationId: string, minute: string): string =>
  `reads-${organizationId}-${minute.slice(0, 10)}`;
