import { ChainCheck, type ChainFaults, type EventStore, type StoredEvent } from '#event-store';
import { position, type Logger, type Position } from '#kernel';
import { decodeText, encodeText, type Vault } from '#vault';

/** The events of some categories in one section of the log, stored so that startup need not read the complete log. */
interface Segment {
  /** Everything in the log up to here is in this segment or an earlier one. */
  readonly upTo: Position;
  readonly events: readonly StoredEvent[];
}

/** Beginning of the names of all segments, which are computed again if they are missing. */
export const DIRECTORY_RECORDS = 'directory/';

/** Number of events of the complete log per segment. All processes use the same boundaries. */
const SEGMENT = 20_000;

/**
 * Version of the segments' content. Earlier ones lack the events of sessions: a process that started from them would
 * not know that a session has ended. Increment it with each category that the directory reads.
 */
const VERSION = 2;

/**
 * Stores segments of the log in the vault as `directory/<store id>/v<version>/<number>`. They contain stored events,
 * not folded state, so that releases with different folds can read them. A segment is written once, by the first
 * process, and never changed.
 */
export function directorySegments(vault: Vault, eventStore: EventStore, log: Logger) {
  const { storeId } = eventStore;
  let number = 0;
  let passed = 0;
  let pending: StoredEvent[] = [];
  let writing: Promise<void> = Promise.resolve();
  const nameOf = (index: number) => `${DIRECTORY_RECORDS}${storeId}/v${VERSION}/${String(index).padStart(8, '0')}`;

  async function write(index: number, segment: Segment): Promise<void> {
    try {
      // A conflict means that another process was first.
      await vault.put(nameOf(index), encodeText(JSON.stringify(segment)), { expected: 'absent' });
    } catch (error) {
      log.warn(
        { cause: error instanceof Error ? error.name : String(error) },
        'a directory segment could not be stored; the next start reads the log instead',
      );
    }
  }

  return {
    /**
     * Calls `fold` with the events of all segments in order. They contain complete streams, whose hash chains are
     * checked.
     *
     * @returns the position after which to read the log; `undefined` for its beginning
     */
    async load(fold: (event: StoredEvent, faults: ChainFaults) => void): Promise<Position | undefined> {
      // Between the events of a segment, those of other categories are missing.
      const check = new ChainCheck({ ...eventStore, hasConsecutivePositions: false });
      let at: Position | undefined;
      for (;;) {
        let segment: Segment;
        let faults: ChainFaults;
        try {
          const record = await vault.get(nameOf(number));
          if (record === undefined) return at;
          segment = JSON.parse(decodeText(record.value));
          faults = await check.check(segment.events, at ?? position(storeId, 0));
          if (faults.size > 0) throw new Error('the segment holds a stream that is damaged');
        } catch (error) {
          log.warn(
            { cause: error instanceof Error ? error.name : String(error) },
            'a directory segment cannot be read; the log is read instead',
          );
          return at;
        }
        for (const event of segment.events) fold(event, faults);
        at = segment.upTo;
        number += 1;
      }
    },

    /**
     * Counts one event of the log. Complete segments are written in the background.
     *
     * @param isKept whether the event belongs to the directory
     */
    pass(event: StoredEvent, isKept: boolean): void {
      if (isKept) pending.push(event);
      passed += 1;
      if (passed < SEGMENT) return;
      const segment: Segment = { upTo: event.position, events: pending };
      const index = number;
      writing = writing.then(() => write(index, segment));
      number += 1;
      passed = 0;
      pending = [];
    },

    /** Resolves when all complete segments are written. */
    written: (): Promise<void> => writing,
  };
}
