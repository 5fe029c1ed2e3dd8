import { ChainBrokenError, type ChainFaults, type StoredEvent } from '#event-store';
import { EVERY_CATEGORY, type EventFamily, type Fact, type Position, type Recorded } from '#kernel';
import { splitAuthorization } from './stored-authorization.ts';

/** An event has a type of a newer release, which this one does not know. */
export class NewerReleaseError extends Error {
  readonly code = 'event-sourcing/newer-release';
  readonly type: string;
  readonly stream: string;
  readonly revision: number;
  readonly position: Position;

  constructor({ type, stream, revision, position }: StoredEvent) {
    super(
      `Stream ${stream} contains the unknown event type ${type} at position ${position}: a newer release wrote it.`,
    );
    this.type = type;
    this.stream = stream;
    this.revision = revision;
    this.position = position;
  }
}

/** Why a reader cannot continue: the event is unknown, or is not what was written. */
export type Halt = NewerReleaseError | ChainBrokenError;

export const isHalt = (error: unknown): error is Halt =>
  error instanceof NewerReleaseError || error instanceof ChainBrokenError;

/**
 * Reads stored events as the events of a family, for commands, projections, reactors, and the directory of rights. It
 * skips other categories, converts retired shapes, and stops before an event that must not be processed.
 */
export class EventReader<E extends Fact> {
  private readonly prefixes: readonly string[];
  private readonly readsEverything: boolean;

  constructor(private readonly family: EventFamily<E>) {
    this.readsEverything = family.categories.includes(EVERY_CATEGORY);
    this.prefixes = family.categories.map((category) => `${category}-`);
  }

  /** Returns whether a stream is in one of the family's categories. */
  covers(stream: string): boolean {
    return this.readsEverything || this.prefixes.some((prefix) => stream.startsWith(prefix));
  }

  /**
   * Reads an event.
   *
   * @param faults result of checking the hash chains in the section of the log that contains the event
   * @returns `undefined` for an event of another category
   * @throws NewerReleaseError, ChainBrokenError, and what `upcast` throws. The reader must stop before this event.
   */
  read(stored: StoredEvent, faults: ChainFaults): Recorded<E> | undefined {
    const isCovered = this.covers(stored.stream);
    if (faults.size > 0) {
      const fault = faults.get(stored.position)?.find(({ stream }) => isCovered || stream === '');
      if (fault) throw fault;
    }
    if (!isCovered) return undefined;
    const { data, by } = splitAuthorization(stored.data);
    return { event: this.event(stored, data), metadata: by === undefined ? stored : { ...stored, by } };
  }

  /**
   * Returns an event of the family's own streams in its current shape.
   *
   * @throws NewerReleaseError
   */
  current(stored: StoredEvent): E {
    return this.event(stored, splitAuthorization(stored.data).data);
  }

  private event(stored: StoredEvent, data: unknown): E {
    const { types, upcast } = this.family;
    if (!this.readsEverything && !Object.hasOwn(types, stored.type)) throw new NewerReleaseError(stored);
    const fact: Fact = { type: stored.type, data };
    // The type is in the family's table, and the family's own deciders wrote the data.
    return upcast ? upcast(fact) : (fact as E);
  }
}
