import { LRUCache } from 'lru-cache';
import { brokenBehind, type EventStore, type SealedEvent, type StoredEvent } from '#event-store';
import type { Decider, Fact, Position } from '#kernel';
import { CommandMemory } from './command-memory.ts';
import { EventReader } from './event-reader.ts';

/** State of a stream at one revision. Immutable, except for the memory of commands, which its successors share. */
export interface Folded<State> {
  readonly state: State;
  /** -1 if there is no event. */
  readonly revision: number;
  /** '' if there is no event. */
  readonly hash: string;
  readonly recordedAt: string;
  readonly position: Position | undefined;
  readonly commands: CommandMemory;
}

/** Maximum number of cached streams of each decider. The least recently used one is removed. */
const REMEMBERED = 5_000;

type AnyDecider<State, E extends Fact> = Pick<Decider<State, never, E, unknown>, 'events' | 'initialState' | 'evolve'>;

/** The folded streams of one decider. */
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

  /** Returns the cached state of a stream, which other processes may have changed since. */
  peek(stream: string): Folded<State> | undefined {
    return this.remembered.get(stream);
  }

  /**
   * Folds a stream to its end. Reads only events that are not cached.
   *
   * @throws NewerReleaseError, ChainBrokenError
   * @throws RangeError for a stream outside of the decider's categories, which is a defect of the caller
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

  /** Returns the stream at one of its revisions, with the events starting at `from`. */
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

  /** Caches what was appended after `folded`. */
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

  /** Reads the next event of the stream after `folded`, and checks its hash chain. */
  private read(folded: Folded<State>, event: StoredEvent): E {
    const fault = brokenBehind(folded.revision < 0 ? undefined : folded, event);
    if (fault) throw fault;
    return this.reader.current(event);
  }

  private remember(stream: string, folded: Folded<State>): void {
    // A later revision was cached in the meantime.
    if ((this.remembered.peek(stream)?.revision ?? -1) > folded.revision) return;
    this.remembered.set(stream, folded);
  }
}
