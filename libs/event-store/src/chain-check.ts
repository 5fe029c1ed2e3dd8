import { LRUCache } from 'lru-cache';
import { position, sequenceOf, storeOf, type Position } from '#kernel';
import { UNREADABLE, type EventStore, type StoredEvent } from './event-store.ts';
import { faultBehind, type ChainFault, type ChainLink } from './seal.ts';

/** A stream does not contain what was written. Nothing after this place may be used. */
export class ChainBrokenError extends Error {
  readonly code = 'event-store/chain-broken';

  /**
   * Creates the error.
   *
   * @param stream empty if unknown: an event was removed, and no later event of its stream shows which one
   * @param revision the first revision that is missing, moved, or altered
   * @param position where this was found
   */
  constructor(
    readonly stream: string,
    readonly revision: number,
    readonly position: Position,
    readonly reason: ChainFault,
  ) {
    super(
      stream === ''
        ? `The event at position ${position} is missing, and so may be a stream.`
        : `Stream ${stream} is damaged at revision ${revision}, found at position ${position}: ${WORDS[reason]}.`,
    );
  }
}

const WORDS: Readonly<Record<ChainFault, string>> = {
  missing: 'the event is missing',
  'out of order': 'the events are out of order',
  'other stream': 'the event belongs to another stream',
  altered: 'the event is not what was recorded',
  unreadable: 'the event cannot be read',
};

/** Faults in a section of the log, by the position of the event that shows them. */
export type ChainFaults = ReadonlyMap<Position, readonly ChainBrokenError[]>;

interface Link {
  revision: number;
  hash: string;
  position: Position;
  isReadable: boolean;
}

const NONE: ChainFaults = new Map();
/** Maximum number of streams whose last event is cached. For others, the previous event is read again. */
const REMEMBERED = 50_000;
/** Number of events after which other work of the process can run. */
const TURN = 1024;

/**
 * Checks the hash chains of all streams while the log is read in order. It may start anywhere: the event before the
 * first one of a stream is read from the store, and trusted.
 */
export class ChainCheck {
  private readonly links = new LRUCache<string, Link>({ max: REMEMBERED });
  /** Removed events to which a gap between positions was attributed, as `<stream> <revision>`. */
  private readonly attributed = new Set<string>();
  private hasUnknown = false;

  constructor(private readonly eventStore: Pick<EventStore, 'read' | 'readAll' | 'hasConsecutivePositions'>) {}

  /**
   * Checks the next section of the log.
   *
   * @param events the section
   * @param after position after which it was read
   */
  async check(events: readonly StoredEvent[], after: Position): Promise<ChainFaults> {
    const isGapless = this.eventStore.hasConsecutivePositions;
    let faults: Map<Position, readonly ChainBrokenError[]> | undefined;
    let previous = after;
    let sequence = sequenceOf(after);
    for (const event of events) {
      let removed: ChainBrokenError | undefined;
      sequence += 1;
      if (isGapless && sequenceOf(event.position) !== sequence) {
        removed = await this.removed(previous, event);
        sequence = sequenceOf(event.position);
      }
      let link = this.links.get(event.stream);
      if (link === undefined && event.revision > 0) link = await this.inFrontOf(event);
      const fault = this.faultOf(link, event);
      if (removed || fault)
        (faults ??= new Map()).set(event.position, [...(removed ? [removed] : []), ...(fault ? [fault] : [])]);
      this.remember(link, event);
      previous = event.position;
    }
    return faults ?? NONE;
  }

  private faultOf(link: Link | undefined, event: StoredEvent): ChainBrokenError | undefined {
    return link?.isReadable === false
      ? new ChainBrokenError(event.stream, link.revision, link.position, 'unreadable')
      : brokenBehind(link, event);
  }

  /** Stores the last event of a stream. A fault is reported once: later events are compared with the present ones. */
  private remember(link: Link | undefined, { stream, revision, hash, position, type }: StoredEvent): void {
    const isReadable = type !== UNREADABLE;
    if (link === undefined) this.links.set(stream, { revision, hash, position, isReadable });
    else if (revision > link.revision) Object.assign(link, { revision, hash, position, isReadable });
  }

  /** Reads the event before the first one of a stream. */
  private async inFrontOf({ stream, revision }: StoredEvent): Promise<Link | undefined> {
    for await (const event of this.eventStore.read(stream, { from: revision - 1, direction: 'backwards', limit: 1 })) {
      const { hash, position, type } = event;
      const link = { revision: event.revision, hash, position, isReadable: type !== UNREADABLE };
      this.links.set(stream, link);
      return link;
    }
    return undefined;
  }

  /**
   * Returns the fault of a stream if events were removed before `next` and no later event shows which ones. Otherwise,
   * the chains of their streams show it. The fault concerns every stream.
   */
  private async removed(after: Position, next: StoredEvent): Promise<ChainBrokenError | undefined> {
    if (this.hasUnknown) return undefined; // already reported, and all readers have stopped there
    let unknown = sequenceOf(next.position) - sequenceOf(after) - 1;
    let events = 0;
    const seen = new Set<string>();
    for await (const event of this.eventStore.readAll({ after })) {
      if (unknown <= 0) return undefined;
      if ((events += 1) % TURN === 0) await new Promise(setImmediate);
      const { stream, revision } = event;
      if (seen.has(stream)) continue; // its previous event is after the gap
      seen.add(stream);
      const before = this.links.peek(stream) ?? (revision > 0 ? await this.inFrontOf(event) : undefined);
      for (let missing = (before?.revision ?? -1) + 1; missing < revision; missing += 1) {
        const name = `${stream} ${missing}`;
        if (this.attributed.has(name)) continue;
        this.attributed.add(name);
        unknown -= 1;
      }
    }
    if (unknown <= 0) return undefined;
    this.hasUnknown = true;
    return new ChainBrokenError('', 0, position(storeOf(after), sequenceOf(after) + 1), 'missing');
  }
}

/**
 * Returns the fault that an event shows as the next one of its stream; `undefined` if it is what was sealed there.
 *
 * @param last the previous event; `undefined` at the beginning of the stream
 */
export function brokenBehind(last: ChainLink | undefined, event: StoredEvent): ChainBrokenError | undefined {
  const reason = faultBehind(last, event);
  if (reason === undefined) return undefined;
  const revision = reason === 'missing' ? (last?.revision ?? -1) + 1 : event.revision;
  return new ChainBrokenError(event.stream, revision, event.position, reason);
}
