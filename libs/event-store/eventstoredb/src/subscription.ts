import type { Delivery } from '#event-store';
import { backOffMs, pause, position, type Clock, type Logger } from '#kernel';
import type { Follower, LogClient, Times } from './client.ts';
import { Failure } from './failures.ts';
import { isOfLog, storedEvent, type RecordedEvent } from './stored-event.ts';

/** Maximum number of events in a page. */
const PAGE = 256;
const BACK_OFF = { firstMs: 50, mostMs: 2_000 };

interface SubscriptionOptions {
  readonly client: LogClient;
  readonly storeId: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Commit position; 0 for the beginning. */
  readonly after: bigint;
  readonly signal: AbortSignal;
  readonly times: Pick<Times, 'idleMs'>;
}

/**
 * Returns all events after a position: existing ones in pages, then new ones from one unfiltered subscription of the
 * server. If it breaks, ends, or omits an event, it is renewed from the last event.
 */
export async function* subscription(options: SubscriptionOptions): AsyncGenerator<Delivery> {
  const { client, storeId, clock, log, signal, times } = options;
  /** Position of the last delivered event of the log. */
  let delivered = options.after;
  /** Position of the last event, including those of the server. */
  let seen = options.after;
  let failures = 0;

  /** Returns what to deliver for an event. An event that arrives twice is delivered once. */
  const take = (recorded: RecordedEvent): Delivery[] => {
    if (recorded.position <= seen) return [];
    seen = recorded.position;
    if (!isOfLog(recorded)) return [];
    delivered = recorded.position;
    return [storedEvent(recorded, storeId)];
  };
  const mark = (): Delivery => ({ caughtUp: true, position: position(storeId, delivered) });

  while (!signal.aborted) {
    let follower: Follower | undefined;
    try {
      for (let isFull = true; isFull;) {
        const page = await client.all({ from: seen, count: PAGE, signal });
        for (const recorded of page) {
          if (signal.aborted) return;
          yield* take(recorded);
        }
        isFull = page.length === PAGE;
      }
      if (failures > 0)
        log.info({ position: position(storeId, delivered) }, 'the subscription to EventStoreDB continues');
      failures = 0;
      yield mark();

      follower = client.follow(seen);
      let isMarked = true;
      for (let waiting: Promise<RecordedEvent | undefined> | undefined; !signal.aborted;) {
        waiting ??= follower.next();
        const came = await cameIn(waiting, clock, times.idleMs, signal);
        if (came === 'aborted') return;
        if (came === 'silence') {
          if (await isAhead(client, seen, signal)) throw new Failure('late', 'the subscription has missed an event');
          continue;
        }
        waiting = undefined;
        if (came === undefined) throw new Failure('unreachable', 'the subscription was ended');
        for (const delivery of take(came)) {
          isMarked = false;
          yield delivery;
        }
        if (isMarked || follower.isBehind()) continue;
        isMarked = true;
        yield mark();
      }
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (signal.aborted) return;
      failures += 1;
      if (failures === 1) log.warn({ cause: error.message }, 'the subscription to EventStoreDB was interrupted');
      seen = delivered; // an event of the server may have been removed, and cannot be a start position
      await pause(clock, backOffMs(BACK_OFF, failures), signal);
    } finally {
      follower?.end();
    }
  }
}

/** Returns the next event, or why there is none. */
async function cameIn(
  waiting: Promise<RecordedEvent | undefined>,
  clock: Clock,
  idleMs: number,
  signal: AbortSignal,
): Promise<RecordedEvent | undefined | 'silence' | 'aborted'> {
  const leaving = new AbortController();
  const idle = pause(clock, idleMs, AbortSignal.any([signal, leaving.signal])).then(() =>
    signal.aborted ? ('aborted' as const) : ('silence' as const),
  );
  try {
    return await Promise.race([waiting, idle]);
  } finally {
    leaving.abort();
  }
}

/** Returns whether the log has an event that the subscription should have delivered. */
async function isAhead(client: LogClient, seen: bigint, signal: AbortSignal): Promise<boolean> {
  const page = await client.all({ from: seen, count: 1, signal });
  return page.length > 0;
}
