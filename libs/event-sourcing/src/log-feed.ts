import { PositionOfOtherStoreError, type CheckedEvents, type EventStore } from '#event-store';
import { pause, position, storeOf, type Clock, type Logger, type Position } from '#kernel';
import { FarReading, type FarFollower } from './far-reading.ts';
import { LiveLog } from './live-log.ts';
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

/** Milliseconds after which a follower looks again while the live subscription has not begun. */
const LOOK_AGAIN_MS = 20;

interface LogFeedOptions {
  readonly eventStore: EventStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly health: LogHealth;
}

export const createLogFeed = (options: LogFeedOptions): LogFeed => new SharedLogFeed(options);

class SharedLogFeed implements LogFeed {
  private readonly live: LiveLog;
  private readonly far: FarReading;

  constructor(private readonly options: LogFeedOptions) {
    const { eventStore, clock, health } = options;
    this.live = new LiveLog(options);
    this.far = new FarReading({ eventStore, clock, health, begun: () => this.live.begun });
  }

  async *follow(
    after: Position | undefined,
    signal: AbortSignal,
    { isUrgent = false }: { readonly isUrgent?: boolean } = {},
  ): AsyncGenerator<LogBatch> {
    const { live, far } = this;
    const { eventStore, clock } = this.options;
    const self: FarFollower = { isUrgent };
    let at = after ?? position(eventStore.storeId, 0);
    if (storeOf(at) !== eventStore.storeId)
      throw new PositionOfOtherStoreError('The position belongs to another event store.');
    let isLevelSaid = false;
    try {
      while (!signal.aborted && !live.isClosed) {
        const { end } = live;
        if (end !== undefined && live.covers(at)) {
          far.leave(self);
          const { events, faults, isWhole } = live.after(at);
          if (events.length === 0 && at >= end && (isLevelSaid || !live.isLevel)) {
            await live.changed(signal); // registered before anything else can run
            continue;
          }
          at = isWhole && end > at ? end : (events.at(-1)?.position ?? at);
          isLevelSaid = isWhole && live.isLevel;
          yield { events, faults, position: at, isLevel: isLevelSaid };
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

  close(): Promise<void> {
    return this.live.close();
  }
}
