import { ChainCheck, readChecked, type CheckedEvents, type EventStore } from '#event-store';
import { pause, type Clock, type Position } from '#kernel';
import { LRUCache } from 'lru-cache';
import type { LogHealth } from './log-health.ts';

/** Events after a position, and where the live subscription had started before they were read. */
export interface HistoryBatch extends CheckedEvents {
  readonly liveStart: Position | undefined;
}

/** A follower that reads old parts of the log. */
export interface HistoryFollower {
  /** Whether it must not wait for slower followers. */
  readonly isUrgent: boolean;
}

export interface HistoryReaderOptions {
  readonly eventStore: EventStore;
  readonly clock: Clock;
  readonly health: LogHealth;
  /** Returns where the live subscription has started. */
  readonly liveStart: () => Position | undefined;
}

/** Maximum number of events in a batch. In larger batches, more writes to one document are combined. */
const BATCH = 4096;
/** Number of batches in memory for followers that are behind. */
const MAX_BATCHES = 4;
/** Milliseconds that followers wait for a slower one before it has to read on its own. */
const MAX_WAIT_MS = 2_000;
/** Milliseconds that an urgent follower waits, once, before it reads on its own. */
const URGENT_WAIT_MS = 100;

interface CachedBatch {
  readonly read: Promise<HistoryBatch>;
  /** Position of its last event, once known. */
  end: Position | undefined;
}

/**
 * Reads the log for followers that are far behind. Followers with similar positions share reads, and with them parsing
 * and the check of hash chains: only an urgent follower gets further ahead than a few batches.
 */
export class HistoryReader {
  private readonly cached = new Map<Position, CachedBatch>();
  /** Chain checks by the position that they have reached, for the read that continues there. */
  private readonly checks = new LRUCache<Position, ChainCheck>({ max: MAX_BATCHES });
  /** Next position of each follower. */
  private readonly places = new Map<HistoryFollower, Position>();
  /** Urgent followers that read on their own. */
  private readonly alone = new WeakSet<HistoryFollower>();
  private readonly waiting = new Set<() => void>();

  constructor(private readonly options: HistoryReaderOptions) {}

  /** Returns the batch after `at`; empty if there is currently nothing after it. */
  async next(follower: HistoryFollower, at: Position, signal: AbortSignal): Promise<HistoryBatch> {
    this.move(follower, at);
    for (;;) {
      const cached = this.cached.get(at);
      if (cached) return this.delivered(follower, at, await cached.read);
      this.drop();
      if (this.cached.size < MAX_BATCHES) return this.delivered(follower, at, await this.keep(at).read);
      if (this.alone.has(follower) || signal.aborted) return this.delivered(follower, at, await this.read(at));
      if (await this.moved(follower.isUrgent ? URGENT_WAIT_MS : MAX_WAIT_MS, signal)) continue;
      if (follower.isUrgent) this.alone.add(follower);
      else this.dropSlowest(follower);
    }
  }

  /** Removes a follower. */
  leave(follower: HistoryFollower): void {
    if (!this.places.delete(follower)) return;
    this.drop();
    if (this.places.size === 0) this.checks.clear();
    this.wake();
  }

  private delivered(follower: HistoryFollower, at: Position, batch: HistoryBatch): HistoryBatch {
    const end = batch.events.at(-1)?.position;
    if (this.places.get(follower) === at && end !== undefined) this.move(follower, end);
    return batch;
  }

  private move(follower: HistoryFollower, to: Position): void {
    if (this.places.get(follower) === to) return;
    this.places.set(follower, to);
    this.wake();
  }

  private keep(at: Position): CachedBatch {
    const cached: CachedBatch = { read: this.read(at), end: undefined };
    this.cached.set(at, cached);
    const forget = () => {
      if (this.cached.get(at) === cached) this.cached.delete(at);
    };
    cached.read.then(({ events }) => {
      cached.end = events.at(-1)?.position;
      if (cached.end === undefined) forget(); // new events may follow later
    }, forget);
    return cached;
  }

  private async read(at: Position): Promise<HistoryBatch> {
    const { eventStore, health } = this.options;
    const liveStart = this.options.liveStart();
    const check = this.checks.get(at) ?? new ChainCheck(eventStore);
    this.checks.delete(at);
    const part = await readChecked(eventStore, check, at, BATCH);
    health.found([...part.faults.values()].flat());
    this.checks.set(part.events.at(-1)?.position ?? at, check);
    return { ...part, liveStart };
  }

  /** Drops batches that no follower will reach. */
  private drop(): void {
    const needed = new Set<Position>();
    for (let place of this.places.values()) {
      for (let cached = this.cached.get(place); cached && !needed.has(place); cached = this.cached.get(place)) {
        needed.add(place);
        if (cached.end === undefined) break;
        place = cached.end;
      }
    }
    for (const at of [...this.cached.keys()]) if (!needed.has(at)) this.cached.delete(at);
  }

  /** Lets the others continue without the slowest follower, which takes part again with its next call. */
  private dropSlowest(caller: HistoryFollower): void {
    this.drop();
    if (this.cached.size < MAX_BATCHES) return;
    const [last] = [...this.places]
      .filter(([follower, place]) => follower !== caller && this.cached.has(place))
      .toSorted(([, a], [, b]) => (a < b ? -1 : 1));
    if (!last) return;
    this.places.delete(last[0]);
    this.wake();
  }

  /**
   * Waits until a follower has advanced.
   *
   * @returns false on timeout
   */
  private async moved(withinMs: number, signal: AbortSignal): Promise<boolean> {
    const done = new AbortController();
    const either = AbortSignal.any([done.signal, signal]);
    let isMoved = false;
    const wake = () => {
      isMoved = true;
      done.abort();
    };
    this.waiting.add(wake);
    await pause(this.options.clock, withinMs, either);
    this.waiting.delete(wake);
    return isMoved || signal.aborted;
  }

  private wake(): void {
    for (const wake of [...this.waiting]) wake();
  }
}
