import { Directory, directoryEvents, type AccessSource } from '#access';
import { EventStoreUnavailableError, type ChainFaults, type EventStore, type StoredEvent } from '#event-store';
import { backOffMs, domainError, err, ok, pause, type Clock, type Logger, type Position } from '#kernel';
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
  /** Where the rights' events are kept beside the log, so that a start does not read all of it; left out: it does. */
  readonly vault?: Vault;
}

/** Milliseconds that a head may be old when a request relies on it. */
const FRESH_MS = 200;
/** Milliseconds that a request waits for the head and until the directory has read up to it. */
const WAIT_MS = 2_000;
const BACK_OFF = { firstMs: 100, mostMs: 2_000 };

/**
 * Folds the directory of rights from the log and keeps it. It is current when it has read up to a head of the log that
 * was asked for at most 200 ms before; requests that come while a question is under way share its answer.
 */
export const followDirectory = (options: FollowDirectoryOptions): DirectoryFollower => new FollowedDirectory(options);

class FollowedDirectory implements DirectoryFollower {
  private readonly directory = new Directory();
  private readonly reader = new EventReader(directoryEvents);
  private readonly stop = new AbortController();
  private readonly waiting = new Set<() => void>();
  private readonly segments: ReturnType<typeof directorySegments> | undefined;
  private at: Position | undefined;
  /** It may not continue: rights that cannot be folded are not guessed, and nobody gets in. */
  private isStopped = false;
  /** That for good: the next try would meet the same. */
  private isBroken = false;
  private asking: { readonly askedMs: number; readonly head: Promise<Position> } | undefined;
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
      const asked = await this.headWithin(WAIT_MS);
      const head = asked !== undefined && atLeast !== undefined && atLeast > asked ? atLeast : asked;
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

  /** @returns milliseconds until the next try */
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
    const cause = error instanceof Error ? error.name : String(error); // a message may repeat what people wrote
    log.error({ cause, at }, 'the access directory cannot apply an event; access is denied');
    return 0;
  }

  private hasRead(position: Position): boolean {
    return this.at !== undefined && this.at >= position;
  }

  private fold(stored: StoredEvent, faults: ChainFaults): void {
    if (this.hasRead(stored.position)) return; // a segment that is read again
    const recorded = this.reader.read(stored, faults);
    if (recorded) this.directory.apply(recorded);
    this.at = stored.position;
  }

  /** The head of the log, as it was at most 200 ms ago; undefined when it did not come in time. */
  private async headWithin(ms: number): Promise<Position | undefined> {
    const late = new AbortController();
    try {
      return await Promise.race([this.askHead(), pause(this.options.clock, ms, late.signal).then(() => undefined)]);
    } finally {
      late.abort();
    }
  }

  private askHead(): Promise<Position> {
    const { clock, eventStore } = this.options;
    if (this.asking && clock.monotonic() - this.asking.askedMs <= FRESH_MS) return this.asking.head;
    const question = { askedMs: clock.monotonic(), head: eventStore.head() };
    this.asking = question;
    const done = () => {
      if (this.asking === question) this.asking = undefined;
    };
    question.head.then(done, done);
    return question.head;
  }

  /** Settles at the next move, or when the time is over. */
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
