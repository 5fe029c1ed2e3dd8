import type { ReadRecord } from '#audit/contract';
import { ok, type Decider } from '#kernel';
import { readEvents, type ReadEvent } from './read.events.ts';

export interface RecordReads {
  readonly type: 'record-reads';
  readonly minute: string;
  readonly reads: readonly ReadRecord[];
}

/** Records what global admins have read. Never rejects a command. */
export const readDecider: Decider<null, RecordReads, ReadEvent, never> = {
  events: readEvents,
  initialState: null,
  evolve: () => null,
  decide: ({ minute, reads }) => ok(reads.map((read) => ({ type: 'read.recorded.v1', data: { ...read, minute } }))),
};
