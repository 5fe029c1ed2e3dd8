import { Directory, directoryEvents, type AccessSource } from '#access';
import { EventStoreUnavailableError, type ChainFaults, type EventStore, type StoredEvent } from '#event-store';
import { backOffMs, domainError, err, ok, pause, withTimeout, type Clock, type Logger, type Position } from '#kernel';
import type { Vault } from '#vault';
import { directorySegments } from './directory-segments.ts';
import { EventReader, isHalt } from './event-reader.ts';
import { HALTED_MS } from './lease.ts';
import type { LogFeed } from './log-feed.ts';
import { DIRECTORY, type LogHealth } from './log-health.ts';

export interface DirectoryFollower extends AccessSource {
  close(): Promise<void>;
}

export interface FollowDirectoryOptions {
  readonly feed: LogFeed;
  readonly eventStore: EventStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly health: LogHealth;
  /** Stores the events of rights, so that startup need not read the complete log. Absent: it reads the complete log. */
  readonly vault?: Vault;
}

/** Maximum age, in milliseconds, of a head that a request relies on. */
const FRESH_MS = 200;
/** Milliseconds that a request waits for the head, and until the directory has read up to it. */
const WAIT_MS = 2_000;
const BACK_OFF = { firstMs: 100, mostMs: 2_000 };

/**
 * Folds the directory of rights and keeps it current: it has read up to a head of the log that was at most 200 ms old
 * at the time of a request. Concurrent requests share one lookup of the head.
 */
export const followDirectory = (options: FollowDirectoryOptions): DirectoryFollower => new FollowedDirectory(options);

class FollowedDirectory implements DirectoryFollower {
  private readonly directory = new Directory();
  private readonly reader = new EventReader(directoryEvents);
  private readonly stop = new AbortController();
  private readonly waiting = new Set<() => void>();
  private readonly segments: ReturnType<typeof directorySegments> | undefined;
  private at: Position | undefined;
  /** Whether the fold has stopped. Rights that cannot be folded are not guessed: all requests are rejected. */
  private isStopped = false;
  /** Whether the stop is permanent, because a retry would fail in the same way. */
  private isBroken = false;
  private headRequest: { readonly startedMs: number; readonly head: Promise<Position> } | undefined;
  private readonly following: Promise<void>;

  constructor(private readonly options: FollowDirectoryOptions) {
    const { vault, eventStore, log } = options;
    this.segments = vault && directorySegments(vault, eventStore, log);
    this.following = this.follow();
  }

  async current(atLeast?: Position): ReturnType<AccessSource['current']> {
    const { clock } = this.options;
    const end = clock.monotonic() + WAIT_MS;
    try {
      const logHead = await this.headWithin(WAIT_MS);
      const head = logHead !== undefined && atLeast !== undefined && atLeast > logHead ? atLeast : logHead;
      while (head !== undefined && !this.hasRead(head) && !this.isStopped && clock.monotonic() < end)
        await this.moved(end - clock.monotonic());
      return head !== undefined && this.hasRead(head) && !this.isStopped ? ok(this.directory) : err(notCurrent());
    } catch (error) {
      if (error instanceof EventStoreUnavailableError) return err(notCurrent());
      throw error;
    }
  }

  async close(): Promise<void> {
    this.stop.abort();
    for (const wake of [...this.waiting]) wake();
    await this.following;
    await this.segments?.written();
  }

  private async follow(): Promise<void> {
    let isLoaded = this.segments === undefined;
    let failures = 0;
    while (!this.stop.signal.aborted && !this.isBroken) {
      try {
        if (!isLoaded) {
          this.at = (await this.segments?.load((stored, faults) => this.fold(stored, faults))) ?? this.at;
          isLoaded = true;
        }
        await this.read(() => (failures = 0));
      } catch (error) {
        failures += 1;
        await pause(this.options.clock, this.interrupted(error, failures), this.stop.signal);
      }
    }
  }

  private async read(onBatch: () => void): Promise<void> {
    const { feed, health } = this.options;
    for await (const { events, faults, position } of feed.follow(this.at, this.stop.signal, { isUrgent: true })) {
      for (const stored of events) {
        if (this.hasRead(stored.position)) continue;
        this.fold(stored, faults);
        this.segments?.pass(stored, this.reader.covers(stored.stream));
      }
      this.at = position;
      this.isStopped = false;
      onBatch();
      health.resume(DIRECTORY);
      for (const wake of [...this.waiting]) wake();
    }
  }

  /**
   * Handles an error of the subscription.
   *
   * @returns milliseconds until the next attempt
   */
  private interrupted(error: unknown, failures: number): number {
    const { log, health } = this.options;
    const { at } = this;
    if (error instanceof EventStoreUnavailableError) {
      log.warn(
        { cause: error.message, at },
        'the permission directory was interrupted and continues from its last position',
      );
      return backOffMs(BACK_OFF, failures);
    }
    this.isStopped = true;
    if (isHalt(error)) {
      health.stop(DIRECTORY, error);
      return HALTED_MS;
    }
    this.isBroken = true;
    const cause = error instanceof Error ? error.name : String(error); // a message may contain text of users
    log.error({ cause, at }, 'the access directory cannot apply an event; access is denied');
    return 0;
  }

  private hasRead(position: Position): boolean {
    return this.at !== undefined && this.at >= position;
  }

  private fold(stored: StoredEvent, faults: ChainFaults): void {
    if (this.hasRead(stored.position)) return; // part of a segment that is read again
    const recorded = this.reader.read(stored, faults);
    if (recorded) this.directory.apply(recorded);
    this.at = stored.position;
  }

  /** Returns the head of the log, at most 200 ms old; undefined on timeout. */
  private headWithin(ms: number): Promise<Position | undefined> {
    return withTimeout(this.options.clock, ms, this.requestHead(), () => undefined);
  }

  private requestHead(): Promise<Position> {
    const { clock, eventStore } = this.options;
    if (this.headRequest && clock.monotonic() - this.headRequest.startedMs <= FRESH_MS) return this.headRequest.head;
    const request = { startedMs: clock.monotonic(), head: eventStore.head() };
    this.headRequest = request;
    const done = () => {
      if (this.headRequest === request) this.headRequest = undefined;
    };
    request.head.then(done, done);
    return request.head;
  }

  /** Resolves when the directory advances, or on timeout. */
  private moved(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        timer.cancel();
        this.waiting.delete(wake);
        resolve();
      };
      const timer = this.options.clock.timer(ms, wake);
      this.waiting.add(wake);
    });
  }
}

const notCurrent = () =>
  domainError('access/not-current', 'unavailable', 'Permissions cannot be checked.', {
    fix: 'try again',
    retryAfterSeconds: 1,
  });
