import { LRUCache } from 'lru-cache';
import { brokenBehind, type EventStore, type SealedEvent, type StoredEvent } from '#event-store';
import type { Decider, Fact, Position } from '#kernel';
import { CommandMemory } from './command-memory.ts';
import { EventReader } from './event-reader.ts';

/** A stream up to one of its revisions. Never changed; the memory of commands, which it shares with its successors, grows. */
export interface Folded<State> {
  readonly state: State;
  /** -1 while there is no event. */
  readonly revision: number;
  /** '' while there is no event. */
  readonly hash: string;
  readonly recordedAt: string;
  readonly position: Position | undefined;
  readonly commands: CommandMemory;
}

/** Streams kept in memory for each decider; the one unused for longest goes first. */
const REMEMBERED = 5_000;

type AnyDecider<State, E extends Fact> = Pick<Decider<State, never, E, unknown>, 'events' | 'initialState' | 'evolve'>;

/** The streams of one decider, folded. */
export class FoldedStreams<State, E extends Fact> {
  private readonly remembered: LRUCache<string, Folded<State>>;
  private readonly reader: EventReader<E>;

  constructor(
    private readonly decider: AnyDecider<State, E>,
    private readonly eventStore: EventStore,
    capacity = REMEMBERED,
  ) {
    this.remembered = new LRUCache({ max: capacity });
    this.reader = new EventReader(decider.events);
  }

  /** What is remembered of a stream, which others may have written to since. */
  peek(stream: string): Folded<State> | undefined {
    return this.remembered.get(stream);
  }

  /**
   * The stream to its end; only what is not remembered is read.
   * @throws NewerReleaseError, ChainBrokenError
   * @throws RangeError for a stream of none of the decider's categories: a defect of the caller
   */
  async toEnd(stream: string): Promise<Folded<State>> {
    if (!this.reader.covers(stream)) throw new RangeError(`${stream} does not belong to a category of the decider`);
    let folded = this.peek(stream) ?? this.beginning();
    const before = folded.revision;
    for await (const event of this.eventStore.read(stream, { from: before + 1 }))
      folded = this.behind(folded, event, this.read(folded, event));
    if (folded.revision !== before) this.remember(stream, folded);
    return folded;
  }

  /** The stream as it was at one of its revisions, with the events from `from` on. */
  async upTo(
    stream: string,
    from: number,
    to: number,
  ): Promise<{
    readonly folded: Folded<State>;
    readonly stored: readonly StoredEvent[];
    readonly events: readonly E[];
  }> {
    let folded = this.beginning();
    const stored: StoredEvent[] = [];
    const events: E[] = [];
    for await (const event of this.eventStore.read(stream, { limit: to + 1 })) {
      const current = this.read(folded, event);
      folded = this.behind(folded, event, current);
      if (event.revision < from) continue;
      stored.push(event);
      events.push(current);
    }
    return { folded, stored, events };
  }

  /** Remembers what was just appended after `folded`. */
  appended(
    stream: string,
    folded: Folded<State>,
    sealed: readonly SealedEvent[],
    events: readonly E[],
    position: Position,
  ): Folded<State> {
    let next = folded;
    sealed.forEach((event, index) => {
      const current = events[index];
      if (current) next = this.behind(next, event, current);
    });
    next = { ...next, position };
    this.remember(stream, next);
    return next;
  }

  private beginning(): Folded<State> {
    return {
      state: this.decider.initialState,
      revision: -1,
      hash: '',
      recordedAt: '',
      position: undefined,
      commands: new CommandMemory(),
    };
  }

  private behind(folded: Folded<State>, event: SealedEvent | StoredEvent, current: E): Folded<State> {
    folded.commands.remember(event);
    return {
      state: this.decider.evolve(folded.state, current),
      revision: event.revision,
      hash: event.hash,
      recordedAt: event.recordedAt,
      position: 'position' in event ? event.position : folded.position,
      commands: folded.commands,
    };
  }

  /** The next event of the stream after `folded`, checked as the next one of its hash chain. */
  private read(folded: Folded<State>, event: StoredEvent): E {
    const fault = brokenBehind(folded.revision < 0 ? undefined : folded, event);
    if (fault) throw fault;
    return this.reader.current(event);
  }

  private remember(stream: string, folded: Folded<State>): void {
    if ((this.remembered.peek(stream)?.revision ?? -1) > folded.revision) return; // somebody read further in the meantime
    this.remembered.set(stream, folded);
  }
}
