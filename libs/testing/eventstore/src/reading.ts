import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerEvent, ServerLog } from './server-log.ts';

/** A read request. */
export interface Read {
  /** If absent, the entire log. */
  readonly stream: string | undefined;
  /** Revision or position. If absent, the end at which the direction starts. */
  readonly from: number | undefined;
  readonly isBackwards: boolean;
  readonly count: number;
  readonly isSubscription: boolean;
}

/** Parses a request. */
export function readOf(request: streams.ReadReq): Read {
  const options = request.getOptions();
  const stream = options?.getStream();
  const all = options?.getAll();
  const from = stream?.hasRevision()
    ? Number(stream.getRevision())
    : all?.hasPosition()
      ? Number(all.getPosition()?.getCommitPosition())
      : undefined;
  return {
    stream: stream ? Buffer.from(stream.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString() : undefined,
    from,
    isBackwards: options?.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS,
    count: options?.hasCount() ? Number(options.getCount()) : Number.POSITIVE_INFINITY,
    isSubscription: options?.hasSubscription() ?? false,
  };
}

/**
 * Returns the events of a read: inclusive from a revision, and forwards from a position; exclusive backwards from a
 * position.
 * @returns `undefined` for a stream that does not exist
 * @throws RangeError for a position where no event begins
 */
export function eventsFor(
  log: ServerLog,
  { stream, from, isBackwards, count }: Read,
): readonly ServerEvent[] | undefined {
  if (stream === undefined) {
    if (from !== undefined) indexOf(log, from);
    const part = log.events.filter(
      ({ position }) => from === undefined || (isBackwards ? position < from : position >= from),
    );
    return (isBackwards ? part.toReversed() : part).slice(0, count);
  }
  const present = log.stream(stream);
  if (!present) return undefined;
  const part = present.filter(
    ({ revision }) => from === undefined || (isBackwards ? revision <= from : revision >= from),
  );
  return (isBackwards ? part.toReversed() : part).slice(0, count);
}

/** Returns the index of the first event of a subscription, whose position is exclusive. @throws RangeError as above */
export const indexBehind = (log: ServerLog, from: number | undefined): number =>
  from === undefined ? 0 : indexOf(log, from) + 1;

function indexOf(log: ServerLog, position: number): number {
  let low = 0;
  let high = log.events.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((log.events[middle]?.position ?? 0) < position) low = middle + 1;
    else high = middle;
  }
  if (log.events[low]?.position !== position) throw new RangeError(`no event begins at ${position}`);
  return low;
}
