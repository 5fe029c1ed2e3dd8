import { ChainBrokenError, type ChainFaults, type StoredEvent } from '#event-store';
import type { EventFamily, Fact, Position, Recorded } from '#kernel';

/** A newer release has written an event of a type that this one does not know. */
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

/** Why a reader may not continue: what stands there is unknown to it, or is not what was written. */
export type Halt = NewerReleaseError | ChainBrokenError;

export const isHalt = (error: unknown): error is Halt =>
  error instanceof NewerReleaseError || error instanceof ChainBrokenError;

/**
 * Reads stored events as the events of a family. Whoever decides, projects, reacts or folds rights reads with it: it
 * passes over other categories, brings retired shapes to their current one, and stops before what nobody here may
 * draw conclusions from.
 */
export class EventReader<E extends Fact> {
  private readonly prefixes: readonly string[];

  constructor(private readonly family: EventFamily<E>) {
    this.prefixes = family.categories.map((category) => `${category}-`);
  }

  /** Whether a stream is of the family's categories. */
  covers(stream: string): boolean {
    return this.prefixes.some((prefix) => stream.startsWith(prefix));
  }

  /**
   * @param faults what the check of the hash chains found in the stretch of the log that holds the event
   * @returns `undefined` for an event of another category
   * @throws NewerReleaseError, ChainBrokenError: the reader stops before this event; and what `upcast` throws
   */
  read(stored: StoredEvent, faults: ChainFaults): Recorded<E> | undefined {
    const isCovered = this.covers(stored.stream);
    if (faults.size > 0) {
      const fault = faults.get(stored.position)?.find(({ stream }) => isCovered || stream === '');
      if (fault) throw fault;
    }
    return isCovered ? { event: this.current(stored), metadata: stored } : undefined;
  }

  /** An event of the family's own streams, in its current shape. @throws NewerReleaseError */
  current(stored: StoredEvent): E {
    const { types, upcast } = this.family;
    if (!Object.hasOwn(types, stored.type)) throw new NewerReleaseError(stored);
    const fact: Fact = { type: stored.type, data: stored.data };
    // The family's table has just said that this is one of its types; its own deciders wrote the data.
    return upcast ? upcast(fact) : (fact as E);
  }
}
