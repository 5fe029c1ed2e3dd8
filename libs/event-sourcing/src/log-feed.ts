import {
  ChainCheck,
  PositionOfOtherStoreError,
  isCaughtUp,
  readChecked,
  type ChainBrokenError,
  type CheckedEvents,
  type EventStore,
  type StoredEvent,
} from '#event-store';
import { pause, position, storeOf, type Clock, type Logger, type Position } from '#kernel';
import type { LogHealth } from './log-health.ts';

/** A stretch of the log. Its hash chains were checked as it was read, once for all followers. */
export interface LogBatch extends CheckedEvents {
  /** The log was read up to here: the last event's position, or a later one behind which nothing was found. */
  readonly position: Position;
  /** Nothing further is known. */
  readonly isLevel: boolean;
}

/** The log for all followers of one process: one live subscription, whoever is far behind reads alone. */
export interface LogFeed {
  /**
   * The log behind `after` (from the first event when left out), then what comes, until `signal` aborts. A follower that
   * is slow falls back to reading from the store; nothing piles up for it.
   * @throws PositionOfOtherStoreError when `after` is not of this store
   */
  follow(after: Position | undefined, signal: AbortSignal): AsyncIterable<LogBatch>;
  close(): Promise<void>;
}

/** Token of the process's feed, for handlers that send events on as they come. */
export const LOG_FEED = Symbol('log feed');

/** Events at most in one batch that is served from memory. */
const BATCH = 1024;
/** Events at most in one batch of a follower that is far behind: the more, the more writes to one document become one. */
const FAR_BATCH = 4096;
/** Far batches that followers may share: those that begin together, as after a change of many projections, parse the log once. */
const SHARED = 4;
/** Recent events kept in memory for followers; twice as many for a moment. */
const RECENT = 2048;
const RETRY_MS = { first: 50, most: 2_000 } as const;
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
  /** `recent` holds everything behind this one up to `tail`. */
  let base: Position | undefined;
  let tail: Position | undefined;
  /** The live subscription has delivered all that stood in the log. */
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
    let retryMs: number = RETRY_MS.first;
    while (!stop.signal.aborted) {
      try {
        if (tail === undefined) {
          tail = await eventStore.head();
          base = tail;
          wakeSoon();
        }
        for await (const delivery of eventStore.subscribe({ after: tail, signal: stop.signal })) {
          retryMs = RETRY_MS.first;
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
        await pause(clock, retryMs, stop.signal);
        retryMs = Math.min(2 * retryMs, RETRY_MS.most);
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

  /** What stands behind a position, and where the live subscription had begun before that was read. */
  interface FarBatch extends CheckedEvents {
    readonly begun: Position | undefined;
  }
  const farBatches = new Map<Position, Promise<FarBatch>>();
  /** Checks that have read up to a position, for the reading that goes on from there. */
  const farChecks = new Map<Position, ChainCheck>();
  let farFollowers = 0;

  async function readFar(at: Position): Promise<FarBatch> {
    const begun = base;
    const check = farChecks.get(at) ?? new ChainCheck(eventStore);
    farChecks.delete(at);
    const part = await readChecked(eventStore, check, at, FAR_BATCH);
    health.found([...part.faults.values()].flat());
    farChecks.set(part.events.at(-1)?.position ?? at, check);
    keepNewest(farChecks);
    return { ...part, begun };
  }

  /** Shared while it is recent; that nothing was found is no answer for the next one, since the log grows. */
  function farBehind(at: Position): Promise<FarBatch> {
    const shared = farBatches.get(at);
    if (shared) return shared;
    const read = readFar(at);
    farBatches.set(at, read);
    const forget = () => {
      if (farBatches.get(at) === read) farBatches.delete(at);
    };
    read.then(({ events }) => {
      if (events.length === 0 || farFollowers === 0) return forget();
      keepNewest(farBatches);
    }, forget);
    return read;
  }

  async function* follow(after: Position | undefined, signal: AbortSignal): AsyncGenerator<LogBatch> {
    let at = after ?? position(eventStore.storeId, 0);
    if (storeOf(at) !== eventStore.storeId)
      throw new PositionOfOtherStoreError('The position belongs to another event store.');
    let isLevelSaid = false;
    let isFar = false;
    const goFar = (far: boolean) => {
      if (far !== isFar) farFollowers += far ? 1 : -1;
      isFar = far;
      if (farFollowers > 0) return;
      farBatches.clear();
      farChecks.clear();
    };
    try {
      while (!signal.aborted && !stop.signal.aborted) {
        if (base !== undefined && tail !== undefined && at >= base) {
          goFar(false);
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
        goFar(true);
        const { events, faults, begun } = await farBehind(at);
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
      goFar(false);
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

/** Leaves the youngest entries of a map. */
function keepNewest(map: Map<unknown, unknown>): void {
  const [oldest] = map.keys();
  if (map.size > SHARED) map.delete(oldest);
}
