import {
  ChainCheck,
  PositionOfOtherStoreError,
  isCaughtUp,
  type ChainBrokenError,
  type CheckedEvents,
  type EventStore,
  type StoredEvent,
} from '#event-store';
import { backOffMs, pause, position, storeOf, type Clock, type Logger, type Position } from '#kernel';
import { FarReading, type FarFollower } from './far-reading.ts';
import type { LogHealth } from './log-health.ts';

/** A stretch of the log. Its hash chains were checked as it was read, once for all followers. */
export interface LogBatch extends CheckedEvents {
  /** The log was read up to here: the last event's position, or a later one after which nothing was found. */
  readonly position: Position;
  /** Nothing further is known. */
  readonly isLevel: boolean;
}

/** The log for all followers of one process: one live subscription, and one reading for those that are far behind. */
export interface LogFeed {
  /**
   * The log after `after` (from the first event when left out), then what comes, until `signal` aborts. A follower that
   * is slow falls back to reading from the store; nothing piles up for it.
   * @throws PositionOfOtherStoreError when `after` is not of this store
   */
  follow(
    after: Position | undefined,
    signal: AbortSignal,
    options?: {
      /** Those that are far behind share one reading and wait for each other; one that is urgent goes ahead soon. */
      readonly isUrgent?: boolean;
    },
  ): AsyncIterable<LogBatch>;
  close(): Promise<void>;
}

/** Token of the process's feed, for handlers that send events on as they come. */
export const LOG_FEED = Symbol('log feed');

/** Events at most in one batch that is served from memory. */
const BATCH = 1024;
/** Recent events kept in memory for followers; twice as many for a moment. */
const RECENT = 2048;
const BACK_OFF = { firstMs: 50, mostMs: 2_000 };
/** Milliseconds after which a follower looks again while the live subscription has not begun. */
const LOOK_AGAIN_MS = 20;

export function createLogFeed({
  eventStore,
  clock,
  log,
  health,
}: {
  readonly eventStore: EventStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly health: LogHealth;
}): LogFeed {
  const stop = new AbortController();
  const waiting = new Set<() => void>();
  const recent: StoredEvent[] = [];
  const recentFaults = new Map<Position, readonly ChainBrokenError[]>();
  /** `recent` holds everything after this one up to `tail`. */
  let base: Position | undefined;
  let tail: Position | undefined;
  /** The live subscription has delivered all that was in the log. */
  let isCaught = false;
  let isWaking = false;

  const wakeSoon = () => {
    if (isWaking) return;
    isWaking = true;
    setImmediate(() => {
      isWaking = false;
      for (const wake of [...waiting]) wake();
    });
  };

  function take(event: StoredEvent): void {
    recent.push(event);
    tail = event.position;
    if (recent.length > 2 * RECENT) {
      const dropped = recent.splice(0, recent.length - RECENT);
      base = dropped.at(-1)?.position ?? base;
      if (recentFaults.size > 0) for (const { position } of dropped) recentFaults.delete(position);
    }
    wakeSoon();
  }

  async function live(): Promise<void> {
    const check = new ChainCheck(eventStore);
    let failures = 0;
    while (!stop.signal.aborted) {
      try {
        if (tail === undefined) {
          tail = await eventStore.head();
          base = tail;
          wakeSoon();
        }
        for await (const delivery of eventStore.subscribe({ after: tail, signal: stop.signal })) {
          failures = 0;
          if (!isCaughtUp(delivery)) {
            isCaught = false;
            const faults = await check.check([delivery], tail);
            for (const [position, found] of faults) recentFaults.set(position, found);
            health.found([...faults.values()].flat());
            take(delivery);
          } else {
            if (delivery.position > tail) tail = delivery.position;
            isCaught = true;
            wakeSoon();
          }
        }
      } catch (error) {
        log.warn(
          { cause: error instanceof Error ? error.message : String(error) },
          'the live subscription was interrupted and is reopened',
        );
        failures += 1;
        await pause(clock, backOffMs(BACK_OFF, failures), stop.signal);
      }
    }
  }
  const living = live();

  function changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        waiting.delete(wake);
        for (const from of [signal, stop.signal]) from.removeEventListener('abort', wake);
        resolve();
      };
      waiting.add(wake);
      for (const from of [signal, stop.signal]) from.addEventListener('abort', wake, { once: true });
      if (signal.aborted || stop.signal.aborted) wake();
    });
  }

  function recentBehind(at: Position): readonly StoredEvent[] {
    let low = 0;
    let high = recent.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((recent[middle]?.position ?? at) > at) high = middle;
      else low = middle + 1;
    }
    return recent.slice(low, low + BATCH);
  }

  const far = new FarReading({ eventStore, clock, health, begun: () => base });

  async function* follow(
    after: Position | undefined,
    signal: AbortSignal,
    { isUrgent = false }: { readonly isUrgent?: boolean } = {},
  ): AsyncGenerator<LogBatch> {
    const self: FarFollower = { isUrgent };
    let at = after ?? position(eventStore.storeId, 0);
    if (storeOf(at) !== eventStore.storeId)
      throw new PositionOfOtherStoreError('The position belongs to another event store.');
    let isLevelSaid = false;
    try {
      while (!signal.aborted && !stop.signal.aborted) {
        if (base !== undefined && tail !== undefined && at >= base) {
          far.leave(self);
          const events = recentBehind(at);
          const isWhole = events.length < BATCH;
          if (events.length === 0 && at >= tail && (isLevelSaid || !isCaught)) {
            await changed(signal); // registered before anything else can run
            continue;
          }
          at = isWhole && tail > at ? tail : (events.at(-1)?.position ?? at);
          isLevelSaid = isWhole && isCaught;
          yield { events, faults: new Map(recentFaults), position: at, isLevel: isLevelSaid };
          continue;
        }
        const { events, faults, begun } = await far.next(self, at, signal);
        const last = events.at(-1);
        if (last) {
          at = last.position;
          yield { events, faults, position: at, isLevel: false };
        } else if (begun !== undefined) {
          if (begun > at) at = begun; // read after the live subscription had begun there: nothing stands between
        } else {
          await pause(clock, LOOK_AGAIN_MS, signal);
        }
      }
    } finally {
      far.leave(self);
    }
  }

  return {
    follow,
    async close() {
      stop.abort();
      for (const wake of [...waiting]) wake();
      await living;
    },
  };
}
