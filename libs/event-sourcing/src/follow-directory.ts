import { Directory, DIRECTORY_CATEGORIES, type AccessSource } from '#access';
import { EventStoreUnavailableError, type EventStore, type StoredEvent } from '#event-store';
import { categoryOf, domainError, err, ok, pause, type Clock, type Logger, type Position } from '#kernel';
import type { Vault } from '#vault';
import { directorySegments } from './directory-segments.ts';
import type { LogFeed } from './log-feed.ts';

export interface DirectoryFollower extends AccessSource {
  close(): Promise<void>;
}

export interface FollowDirectoryOptions {
  readonly feed: LogFeed;
  readonly eventStore: EventStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where the rights' events are kept beside the log, so that a start does not read all of it; left out: it does. */
  readonly vault?: Vault;
}

/** Milliseconds that a head may be old when a request relies on it. */
const FRESH_MS = 200;
/** Milliseconds that a request waits for the head and until the directory has read up to it. */
const WAIT_MS = 2_000;
const RETRY_MS = 100;

/**
 * Folds the directory of rights from the log and keeps it. It is current when it has read up to a head of the log that
 * was asked for at most 200 ms before; requests that come while a question is under way share its answer.
 */
export function followDirectory({ feed, eventStore, clock, log, vault }: FollowDirectoryOptions): DirectoryFollower {
  const directory = new Directory();
  const categories: ReadonlySet<string> = new Set(DIRECTORY_CATEGORIES);
  const isOfDirectory = ({ stream }: StoredEvent) => categories.has(categoryOf(stream));
  const stop = new AbortController();
  const waiting = new Set<() => void>();
  const segments = vault && directorySegments(vault, eventStore.storeId, log);
  let at: Position | undefined;
  let isBroken = false;
  let asking: { readonly askedMs: number; readonly head: Promise<Position> } | undefined;

  async function follow(): Promise<void> {
    let isLoaded = segments === undefined;
    while (!stop.signal.aborted && !isBroken) {
      try {
        if (!isLoaded) {
          at = (await segments?.load(fold)) ?? at;
          isLoaded = true;
        }
        for await (const { events, position } of feed.follow(at, stop.signal)) {
          for (const stored of events) {
            if (at !== undefined && stored.position <= at) continue;
            fold(stored);
            segments?.pass(stored, isOfDirectory(stored));
          }
          at = position;
          for (const wake of [...waiting]) wake();
        }
      } catch (error) {
        isBroken = !(error instanceof EventStoreUnavailableError); // rights that cannot be folded are not guessed: nobody gets in
        log.error(
          { cause: error instanceof Error ? error.name : String(error), at, isBroken },
          'the directory of rights cannot go on',
        );
        await pause(clock, RETRY_MS, stop.signal);
      }
    }
  }

  function fold(stored: StoredEvent): void {
    if (isOfDirectory(stored)) directory.apply({ event: { type: stored.type, data: stored.data }, metadata: stored });
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
    async current() {
      const end = clock.monotonic() + WAIT_MS;
      const late = new AbortController();
      try {
        const head = await Promise.race([askHead(), pause(clock, WAIT_MS, late.signal).then(() => undefined)]);
        while (head !== undefined && !isBroken && (at === undefined || at < head) && clock.monotonic() < end)
          await moved(end - clock.monotonic());
        return head !== undefined && at !== undefined && at >= head && !isBroken ? ok(directory) : err(notCurrent());
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
  domainError('access/not-current', 'unavailable', 'Rights cannot be checked at this moment.', {
    fix: 'try again',
    retryAfterSeconds: 1,
  });
