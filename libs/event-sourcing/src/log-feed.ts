import { PositionOfOtherStoreError, type CheckedEvents, type EventStore } from '#event-store';
import { pause, position, storeOf, type Clock, type Logger, type Position } from '#kernel';
import { HistoryReader, type HistoryFollower } from './history-reader.ts';
import { LiveLog } from './live-log.ts';
import type { LogHealth } from './log-health.ts';

/** A section of the log. Its hash chains were checked once for all followers. */
export interface LogBatch extends CheckedEvents {
  /** Position up to which the log was read: that of the last event, or a later one after which no event was found. */
  readonly position: Position;
  /** Whether no further events are known. */
  readonly isLevel: boolean;
}

/**
 * The log for all followers of one process: one live subscription, and shared reads for followers that are far behind.
 */
export interface LogFeed {
  /**
   * Returns the log after `after` (default: from the first event), followed by new events, until `signal` aborts. A
   * slow follower reads from the store again, so that no events accumulate in memory.
   *
   * @throws PositionOfOtherStoreError if `after` is from another store
   */
  follow(
    after: Position | undefined,
    signal: AbortSignal,
    options?: {
      /**
       * Whether the follower reads ahead. By default, followers that are far behind share reads and wait for each
       * other.
       */
      readonly isUrgent?: boolean;
    },
  ): AsyncIterable<LogBatch>;
  close(): Promise<void>;
}

/** Injection token of the process's feed, for handlers that stream events. */
export const LOG_FEED = Symbol('log feed');

/** Milliseconds between attempts of a follower while the live subscription has not started. */
const POLL_MS = 20;

interface LogFeedOptions {
  readonly eventStore: EventStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly health: LogHealth;
}

export const createLogFeed = (options: LogFeedOptions): LogFeed => new SharedLogFeed(options);

class SharedLogFeed implements LogFeed {
  private readonly live: LiveLog;
  private readonly history: HistoryReader;

  constructor(private readonly options: LogFeedOptions) {
    const { eventStore, clock, health } = options;
    this.live = new LiveLog(options);
    this.history = new HistoryReader({ eventStore, clock, health, liveStart: () => this.live.start });
  }

  async *follow(
    after: Position | undefined,
    signal: AbortSignal,
    { isUrgent = false }: { readonly isUrgent?: boolean } = {},
  ): AsyncGenerator<LogBatch> {
    const { live, history } = this;
    const { eventStore, clock } = this.options;
    const self: HistoryFollower = { isUrgent };
    let at = after ?? position(eventStore.storeId, 0);
    if (storeOf(at) !== eventStore.storeId)
      throw new PositionOfOtherStoreError('The position belongs to another event store.');
    let isLevelReported = false;
    try {
      while (!signal.aborted && !live.isClosed) {
        const { end } = live;
        if (end !== undefined && live.covers(at)) {
          history.leave(self);
          const { events, faults, isComplete } = live.after(at);
          if (events.length === 0 && at >= end && (isLevelReported || !live.isLevel)) {
            await live.changed(signal); // registered synchronously
            continue;
          }
          at = isComplete && end > at ? end : (events.at(-1)?.position ?? at);
          isLevelReported = isComplete && live.isLevel;
          yield { events, faults, position: at, isLevel: isLevelReported };
          continue;
        }
        const { events, faults, liveStart } = await history.next(self, at, signal);
        const last = events.at(-1);
        if (last) {
          at = last.position;
          yield { events, faults, position: at, isLevel: false };
        } else if (liveStart !== undefined) {
          // Read after the live subscription had started there, so there are no events in between.
          if (liveStart > at) at = liveStart;
        } else {
          await pause(clock, POLL_MS, signal);
        }
      }
    } finally {
      history.leave(self);
    }
  }

  close(): Promise<void> {
    return this.live.close();
  }
}
