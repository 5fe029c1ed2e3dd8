import { ChainCheck, type ChainFaults, type EventStore, type StoredEvent } from '#event-store';
import { position, type Logger, type Position } from '#kernel';
import { decodeText, encodeText, type Vault } from '#vault';

/** The events of some categories in one stretch of the log, kept so that a start need not read the whole log. */
interface Segment {
  /** Everything of the log up to here is in this segment or one before. */
  readonly upTo: Position;
  readonly events: readonly StoredEvent[];
}

/** Events of the whole log from one segment's end to the next: all processes cut at the same places. */
const SEGMENT = 20_000;

/**
 * Segments of the log in the vault, under `directory/<store id>/<number>`. They hold events as they were stored, not what
 * was folded from them, so that a release that folds differently reads the same ones. A segment is written once, by
 * whichever process is first, and never changed.
 */
export function directorySegments(vault: Vault, eventStore: EventStore, log: Logger) {
  const { storeId } = eventStore;
  let number = 0;
  let passed = 0;
  let pending: StoredEvent[] = [];
  let writing: Promise<void> = Promise.resolve();
  const nameOf = (index: number) => `directory/${storeId}/${String(index).padStart(8, '0')}`;

  async function write(index: number, segment: Segment): Promise<void> {
    try {
      await vault.put(nameOf(index), encodeText(JSON.stringify(segment)), { expected: 'absent' }); // a conflict: another was first
    } catch (error) {
      log.warn(
        { cause: error instanceof Error ? error.name : String(error) },
        'a directory segment could not be stored; the next start reads the log instead',
      );
    }
  }

  return {
    /**
     * Hands the events of all segments to `fold`, in order. They hold whole streams, whose hash chains are checked.
     * @returns where the log is to be read on; `undefined` for its beginning
     */
    async load(fold: (event: StoredEvent, faults: ChainFaults) => void): Promise<Position | undefined> {
      // Between the events of a segment stand those of other categories.
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

    /** Counts one event of the log; `isKept` when it belongs to the directory. Full segments are written in the background. */
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

    /** Settles when what is full was written. */
    written: (): Promise<void> => writing,
  };
}
