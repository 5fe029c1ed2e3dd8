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
export function followDirectory({
  feed,
  eventStore,
  clock,
  log,
  health,
  vault,
}: FollowDirectoryOptions): DirectoryFollower {
  const directory = new Directory();
  const reader = new EventReader(directoryEvents);
  const stop = new AbortController();
  const waiting = new Set<() => void>();
  const segments = vault && directorySegments(vault, eventStore, log);
  let at: Position | undefined;
  /** It may not continue: rights that cannot be folded are not guessed, and nobody gets in. */
  let isStopped = false;
  /** That for good: the next try would meet the same. */
  let isBroken = false;
  let asking: { readonly askedMs: number; readonly head: Promise<Position> } | undefined;

  async function follow(): Promise<void> {
    let isLoaded = segments === undefined;
    let failures = 0;
    while (!stop.signal.aborted && !isBroken) {
      try {
        if (!isLoaded) {
          at = (await segments?.load(fold)) ?? at;
          isLoaded = true;
        }
        for await (const { events, faults, position } of feed.follow(at, stop.signal, { isUrgent: true })) {
          for (const stored of events) {
            if (at !== undefined && stored.position <= at) continue;
            fold(stored, faults);
            segments?.pass(stored, reader.covers(stored.stream));
          }
          at = position;
          isStopped = false;
          failures = 0;
          health.resume(DIRECTORY);
          for (const wake of [...waiting]) wake();
        }
      } catch (error) {
        failures += 1;
        await pause(clock, interrupted(error, failures), stop.signal);
      }
    }
  }

  /** @returns milliseconds until the next try */
  function interrupted(error: unknown, failures: number): number {
    if (error instanceof EventStoreUnavailableError) {
      log.warn({ cause: error.message, at }, 'the rights directory was interrupted and continues where it was');
      return backOffMs(BACK_OFF, failures);
    }
    isStopped = true;
    if (isHalt(error)) {
      health.stop(DIRECTORY, error);
      return HALTED_MS;
    }
    isBroken = true;
    const cause = error instanceof Error ? error.name : String(error); // a message may repeat what people wrote
    log.error({ cause, at }, 'the access directory cannot apply an event; access is denied');
    return 0;
  }

  function fold(stored: StoredEvent, faults: ChainFaults): void {
    if (at !== undefined && stored.position <= at) return; // a segment that is read again
    const recorded = reader.read(stored, faults);
    if (recorded) directory.apply(recorded);
    at = stored.position;
  }

  function askHead(): Promise<Position> {
    if (asking && clock.monotonic() - asking.askedMs <= FRESH_MS) return asking.head;
    const question = { askedMs: clock.monotonic(), head: eventStore.head() };
    asking = question;
    const done = () => {
      if (asking === question) asking = undefined;
    };
    question.head.then(done, done);
    return question.head;
  }

  /** Settles at the next move, or when the time is over. */
  function moved(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        timer.cancel();
        waiting.delete(wake);
        resolve();
      };
      const timer = clock.timer(ms, wake);
      waiting.add(wake);
    });
  }

  const following = follow();
  return {
    async current(atLeast) {
      const end = clock.monotonic() + WAIT_MS;
      const late = new AbortController();
      try {
        const asked = await Promise.race([askHead(), pause(clock, WAIT_MS, late.signal).then(() => undefined)]);
        const head = asked !== undefined && atLeast !== undefined && atLeast > asked ? atLeast : asked;
        while (head !== undefined && !isStopped && (at === undefined || at < head) && clock.monotonic() < end)
          await moved(end - clock.monotonic());
        return head !== undefined && at !== undefined && at >= head && !isStopped ? ok(directory) : err(notCurrent());
      } catch (error) {
        if (error instanceof EventStoreUnavailableError) return err(notCurrent());
        throw error;
      } finally {
        late.abort();
      }
    },
    async close() {
      stop.abort();
      for (const wake of [...waiting]) wake();
      await following;
      await segments?.written();
    },
  };
}

const notCurrent = () =>
  domainError('access/not-current', 'unavailable', 'Permissions cannot be checked.', {
    fix: 'try again',
    retryAfterSeconds: 1,
  });
