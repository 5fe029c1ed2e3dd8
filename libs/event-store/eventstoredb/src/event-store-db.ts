import {
  encodeAppend,
  EventStoreUnavailableError,
  PositionOfOtherStoreError,
  type Delivery,
  type EventStore,
  type StoredEvent,
} from '#event-store';
import { position, storeOf, type Clock, type Ids, type Logger, type Position } from '#kernel';
import { parseAddress } from './address.ts';
import { createAppender } from './append.ts';
import { connectTo, type LogClient, type Times } from './client.ts';
import { failureOf } from './failures.ts';
import { createHead } from './head.ts';
import { openStore } from './open-store.ts';
import { isOfLog, storedEvent, STORE_STREAM } from './stored-event.ts';
import { subscription } from './subscription.ts';
import { tryAgain } from './try-again.ts';

export interface EventStoreDbOptions {
  /** Address: `esdb://[user:password@]host[:port][?tls=false…]`. */
  readonly url: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  /** Time limits of the server in milliseconds. */
  readonly times?: Partial<Times & { readonly connectMs: number }>;
}

const TIMES = { responseMs: 3_000, eventMs: 3_000, idleMs: 5_000, retryWindowMs: 1_000, connectMs: 6_000 };
/** Maximum number of events in a page. */
const PAGE = 256;
/** Minimum size of a page, for logs in which events of the server are between ours. */
const MIN_COUNT = 32;

/**
 * Opens an event store in EventStoreDB 22.10 or newer. The database must be exclusive to the platform. Streams of the
 * server (which begin with `$`) are ignored. Positions are commit positions and not consecutive.
 *
 * @throws EventStoreAddressError, EventStoreUnreadableError, or EventStoreUnavailableError, each with one sentence
 */
export async function openEventStoreDb({ url, clock, ids, log, times }: EventStoreDbOptions): Promise<EventStore> {
  const address = parseAddress(url);
  const allTimes = { ...TIMES, ...times };
  const client = connectTo(address, clock, allTimes);
  try {
    const { storeId, version } = await openStore({ client, address, clock, ids, connectMs: allTimes.connectMs });
    log.info({ storeId, version, nodes: address.shown }, 'connected to EventStoreDB');
    if (address.user !== undefined && !address.isTls)
      log.warn({ nodes: address.shown }, 'EventStoreDB is used without TLS, so the user and password are not sent');
    return eventStoreOver({ client, storeId, clock, log, times: allTimes });
  } catch (error) {
    await client.close();
    throw error;
  }
}

interface Connected {
  readonly client: LogClient;
  readonly storeId: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly times: Times;
}

/** Creates the event store of a server whose store ID is known. Closing it closes the client. */
function eventStoreOver(connected: Connected): EventStore {
  const { client, storeId, clock, times } = connected;
  const closing = new AbortController();
  const pending = new Set<Promise<unknown>>();
  const appender = createAppender(connected);
  const head = createHead(client);
  let closed: Promise<void> | undefined;

  const open = (): void => {
    if (closing.signal.aborted) throw new EventStoreUnavailableError('The event store was closed.');
  };

  /** Retries a failed read, which changes nothing. */
  const reading = <T>(read: () => Promise<T>): Promise<T> => {
    open();
    return tryAgain(clock, times.retryWindowMs, read).catch((error: unknown) => {
      throw unavailable(error);
    });
  };

  function sequenceBehind(after: Position | undefined): bigint {
    if (after === undefined) return 0n;
    if (storeOf(after) !== storeId) throw new PositionOfOtherStoreError('The position belongs to another event store.');
    return BigInt(after.slice(after.indexOf('.') + 1));
  }

  return {
    storeId,
    hasConsecutivePositions: false,
    appendsInOrder: false,

    async append(stream, events, expectedRevision) {
      open();
      if (stream === '' || stream.startsWith('$') || stream === STORE_STREAM)
        throw new RangeError(`${stream} is not a stream of the platform`);
      const encoded = encodeAppend(stream, events, expectedRevision);
      if (!encoded.ok) return encoded;
      const work = appender(stream, events, expectedRevision).catch((error: unknown) => {
        throw unavailable(error);
      });
      const settled = work.catch(() => {}).finally(() => pending.delete(settled));
      pending.add(settled);
      return work;
    },

    async *read(stream, { from, direction = 'forwards', limit = Number.MAX_SAFE_INTEGER } = {}) {
      const isBackwards = direction === 'backwards';
      let next = from;
      for (let left = limit; left > 0;) {
        const count = Math.min(left, PAGE);
        const page = await reading(() => client.stream(stream, { from: next, isBackwards, count }));
        for (const recorded of page) yield storedEvent(recorded, storeId);
        const last = page.at(-1);
        if (last === undefined || page.length < count || (isBackwards && last.revision === 0)) return;
        left -= page.length;
        next = last.revision + (isBackwards ? -1 : 1);
      }
    },

    async *readAll({ after, limit = Number.MAX_SAFE_INTEGER } = {}): AsyncGenerator<StoredEvent> {
      let at = sequenceBehind(after);
      const end = await reading(head);
      for (let left = limit; left > 0 && at < end;) {
        const count = Math.min(PAGE, Math.max(left, MIN_COUNT));
        const page = await reading(() => client.all({ from: at, count }));
        if (page.length === 0) return;
        for (const recorded of page) {
          at = recorded.position;
          if (at > end || left === 0) return;
          if (!isOfLog(recorded)) continue;
          left -= 1;
          yield storedEvent(recorded, storeId);
        }
      }
    },

    head: async () => position(storeId, await reading(head)),

    async *subscribe({ after, signal }): AsyncGenerator<Delivery> {
      const from = sequenceBehind(after);
      yield* subscription({ ...connected, after: from, signal: AbortSignal.any([signal, closing.signal]) });
      if (!signal.aborted) open();
    },

    close() {
      closing.abort();
      closed ??= (async () => {
        while (pending.size > 0) await Promise.all(pending);
        await client.close();
      })();
      return closed;
    },
  };
}

/** Converts a failure of the server to the error of the port. Other errors are unchanged. */
function unavailable(error: unknown): unknown {
  if (error instanceof RangeError || error instanceof EventStoreUnavailableError) return error;
  const { kind, message } = failureOf(error);
  if (kind === 'deleted') return new Error('A stream of the platform was deleted in EventStoreDB.', { cause: error });
  return new EventStoreUnavailableError(`EventStoreDB does not serve (${kind}: ${message}).`, { cause: error });
}
