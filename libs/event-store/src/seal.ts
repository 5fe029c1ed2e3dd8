import { createHash } from 'node:crypto';
import { canonicalJson, err, ok, type Result } from '#kernel';
import type { SealedEvent } from './event-store.ts';

/** An event whose place and content are fixed, before it is chained to the one in front of it. */
export type UnsealedEvent = Omit<SealedEvent, 'hash'>;

/** A place in a chain that is known to be good: the revision and hash of one event. */
export interface ChainLink {
  readonly revision: number;
  readonly hash: string;
}

/** Where a stream stops being what was written. */
export interface BrokenChain {
  readonly code: 'event-store/broken-chain';
  /** The first revision that is missing, moved, or not what was sealed. */
  readonly revision: number;
  readonly reason: 'missing' | 'out of order' | 'other stream' | 'altered';
}

/**
 * Lower-case hex SHA-256 of `previousHash` ('' before the first event) followed by the event's canonical JSON (RFC 8785).
 * Position and server time stay outside: they are known only after the append.
 */
export function hashOf(previousHash: string, event: UnsealedEvent): string {
  const { id, type, stream, revision, recordedAt, actor, organizationId, commandId, correlationId, causationId, data } =
    event;
  const sealed = {
    id,
    type,
    stream,
    revision,
    recordedAt,
    actor,
    organizationId,
    commandId,
    correlationId,
    causationId,
    data,
  };
  return createHash('sha256').update(previousHash).update(canonicalJson(sealed)).digest('hex');
}

/** Chains events of one stream, in order, behind the event whose hash is `previousHash` ('' for a new stream). */
export function sealEvents(events: readonly UnsealedEvent[], previousHash: string): readonly SealedEvent[] {
  let previous = previousHash;
  return events.map((event) => {
    previous = hashOf(previous, event);
    return { ...event, hash: previous };
  });
}

/**
 * Checks that the events of one stream are, each of them and in this order, what was sealed.
 *
 * @param events a stream, or its part behind `options.after`, in order of revision
 * @param options.after the last event known to be good; left out: `events` begins with revision 0
 * @param options.head an event that must be among them (or `after` itself): from a signed head; finds a tail that was cut off
 * @returns the last link, or the first revision that is wrong; `undefined` for an empty stream without expectations
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
    if (event.revision > revision) return broken(revision, 'missing');
    if (event.revision < revision) return broken(revision, 'out of order');
    if (event.stream !== stream) return broken(revision, 'other stream');
    if (!isSealedAs(event, last?.hash ?? '')) return broken(revision, 'altered');
    if (head?.revision === revision && head.hash !== event.hash) return broken(revision, 'altered');
    last = { revision, hash: event.hash };
  }
  if (head !== undefined && head.revision > (last?.revision ?? -1))
    return broken((last?.revision ?? -1) + 1, 'missing');
  return ok(last);
}

function isSealedAs(event: SealedEvent, previousHash: string): boolean {
  try {
    return hashOf(previousHash, event) === event.hash;
  } catch {
    return false; // not even JSON any more, so not what was sealed
  }
}

const broken = (revision: number, reason: BrokenChain['reason']) =>
  err<BrokenChain>({ code: 'event-store/broken-chain', revision, reason });
