import {
  encodeAppend,
  EventStoreUnavailableError,
  PositionOfOtherStoreError,
  type Delivery,
  type EventStore,
  type ReadOptions,
} from '#event-store';
import { position, sequenceOf, storeOf, type Clock, type Ids, type Logger, type Position } from '#kernel';
import type { SqliteStore } from '#sqlite';
import { createAppendWriter } from './append-writer.ts';
import { watchChanges } from './changes.ts';
import { openDatabase } from './database.ts';
import { createPages } from './pages.ts';

export interface EmbeddedEventStoreOptions {
  /** Folder of `events.sqlite`, created if missing. */
  readonly folder: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
}

/**
 * Opens an event store in one SQLite file: write-ahead log, fsync before every acknowledgement, group commit. Positions
 * are consecutive, because they are assigned within the transaction. Processes on one host may share the file.
 *
 * @throws EventStoreUnreadableError if the file cannot be used, with one sentence
 */
export async function openEmbeddedEventStore(options: EmbeddedEventStoreOptions): Promise<EventStore> {
  const { file, storeId } = openDatabase(options);
  options.log.debug({ storeId }, 'event store opened');
  return eventStoreOver(file, storeId, options.clock);
}

/** Creates the event store of an open file. Closing it closes the file. */
export function eventStoreOver(file: SqliteStore, storeId: string, clock: Clock): EventStore {
  const { database } = file;
  const dataVersion = database.prepare('PRAGMA data_version');
  const changes = watchChanges(clock, () => Number(dataVersion.get()?.['data_version']));
  const writer = createAppendWriter(file, storeId, changes.notify);
  let closing: Promise<void> | undefined;

  const open = () => {
    if (closing !== undefined) throw new EventStoreUnavailableError('The event store was closed.');
  };
  const pages = createPages(file, storeId, open);
  const { headSequence } = pages;

  function sequenceBehind(after: Position | undefined): number {
    if (after === undefined) return 0;
    if (storeOf(after) !== storeId) throw new PositionOfOtherStoreError('The position belongs to another event store.');
    return sequenceOf(after);
  }

  return {
    storeId,
    hasConsecutivePositions: true,
    appendsInOrder: true,

    async append(stream, events, expectedRevision) {
      open();
      const encoded = encodeAppend(stream, events, expectedRevision);
      return encoded.ok ? writer.append({ stream, events, bodies: encoded.value, expectedRevision }) : encoded;
    },

    async *read(stream, { from, direction = 'forwards', limit = Number.MAX_SAFE_INTEGER }: ReadOptions = {}) {
      const isForwards = direction === 'forwards';
      const readPage = isForwards ? pages.forwards() : pages.backwards();
      let revision = from ?? (isForwards ? 0 : Number.MAX_SAFE_INTEGER);
      for (let left = limit; left > 0 && revision >= 0;) {
        const { events } = readPage(left, stream, revision);
        yield* events;
        const last = events.at(-1);
        if (last === undefined) return;
        left -= events.length;
        revision = last.revision + (isForwards ? 1 : -1);
      }
    },

    async *readAll({ after, limit = Number.MAX_SAFE_INTEGER } = {}) {
      const readPage = pages.behind();
      let at = sequenceBehind(after);
      open();
      const end = headSequence();
      for (let left = limit; left > 0 && at < end;) {
        const { events, last } = readPage(left, at, end);
        if (events.length === 0) return;
        yield* events;
        left -= events.length;
        at = last;
      }
    },

    async head() {
      open();
      return position(storeId, headSequence());
    },

    async *subscribe({ after, signal }): AsyncGenerator<Delivery> {
      const readPage = pages.behind();
      let at = sequenceBehind(after);
      let isMarked = false;
      while (!signal.aborted) {
        const { events, last } = readPage(Number.MAX_SAFE_INTEGER, at, Number.MAX_SAFE_INTEGER);
        for (const event of events) {
          if (signal.aborted) return;
          yield event;
        }
        if (events.length > 0) {
          at = last;
          isMarked = false;
        } else if (!isMarked) {
          isMarked = true;
          yield { caughtUp: true, position: position(storeId, Math.min(at, headSequence())) };
        } else {
          await changes.next(signal); // no await between the empty page and this, so no event is missed
        }
      }
    },

    close() {
      closing ??= Promise.resolve().then(async () => {
        await writer.settled();
        changes.close();
        file.close();
      });
      return closing;
    },
  };
}
