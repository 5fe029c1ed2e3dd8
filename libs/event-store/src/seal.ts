import { err, ok, type Position, type Result } from '#kernel';
import { eventHash } from '#transparency';
import { UNREADABLE, type SealedEvent } from './event-store.ts';

/** An event before it is chained to the previous one. */
export type UnsealedEvent = Omit<SealedEvent, 'hash'>;

/** A verified event of a chain: its revision and hash. */
export interface ChainLink {
  readonly revision: number;
  readonly hash: string;
  /** Compared if known: within a stream, positions increase with revisions. */
  readonly position?: Position | undefined;
}

/** Kinds of faults in a hash chain. */
export type ChainFault = 'missing' | 'out of order' | 'other stream' | 'altered' | 'unreadable';

/** The first difference between a stream and what was written. */
export interface BrokenChain {
  readonly code: 'event-store/chain-broken';
  /** The first revision that is missing, moved, or altered. */
  readonly revision: number;
  readonly reason: ChainFault;
}

/** Chains events of one stream, in order, after the event with the hash `previousHash` ('' for a new stream). */
export function sealEvents(events: readonly UnsealedEvent[], previousHash: string): readonly SealedEvent[] {
  let previous = previousHash;
  return events.map((event) => {
    previous = eventHash(previous, event);
    return { ...event, hash: previous };
  });
}

/**
 * Checks that the events of one stream are exactly those that were sealed, in this order.
 *
 * @param events a stream, or its part after `options.after`, in order of revision
 * @param options.after the last verified event. Default: `events` starts with revision 0.
 * @param options.head an event of a signed head that must be included (or be `after`), which detects a truncated stream
 * @returns the last link, or the first invalid revision; `undefined` for an empty stream without expectations
 */
export function verifyStream(
  events: Iterable<SealedEvent>,
  options: { readonly after?: ChainLink; readonly head?: ChainLink } = {},
): Result<ChainLink | undefined, BrokenChain> {
  const { head } = options;
  let last = options.after;
  let stream: string | undefined;
  for (const event of events) {
    const revision = last === undefined ? 0 : last.revision + 1;
    stream ??= event.stream;
    const reason = event.stream === stream ? faultBehind(last, event) : 'other stream';
    if (reason !== undefined) return broken(revision, reason);
    if (head?.revision === revision && head.hash !== event.hash) return broken(revision, 'altered');
    last = { revision, hash: event.hash };
  }
  if (head !== undefined && head.revision > (last?.revision ?? -1))
    return broken((last?.revision ?? -1) + 1, 'missing');
  return ok(last);
}

/**
 * Returns the fault of an event as the next one of its stream; `undefined` if it is what was sealed there.
 *
 * @param last the previous event; `undefined` at the beginning of the stream
 */
export function faultBehind(
  last: ChainLink | undefined,
  event: SealedEvent & { readonly position?: Position },
): ChainFault | undefined {
  const revision = last === undefined ? 0 : last.revision + 1;
  if (event.revision > revision) return 'missing';
  if (event.revision < revision) return 'out of order';
  if (event.type === UNREADABLE) return 'unreadable';
  if (last?.position !== undefined && event.position !== undefined && event.position <= last.position)
    return 'out of order';
  return isSealedAs(event, last?.hash ?? '') ? undefined : 'altered';
}

function isSealedAs(event: SealedEvent, previousHash: string): boolean {
  try {
    return eventHash(previousHash, event) === event.hash;
  } catch {
    return false; // not JSON, so not what was sealed
  }
}

const broken = (revision: number, reason: ChainFault) =>
  err<BrokenChain>({ code: 'event-store/chain-broken', revision, reason });
