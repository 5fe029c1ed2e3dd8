import { ChainCheck, readChecked, type CheckedEvents, type EventStore } from '#event-store';
import { pause, type Clock, type Position } from '#kernel';
import { LRUCache } from 'lru-cache';
import type { LogHealth } from './log-health.ts';

/** Events after a position, and where the live subscription had started before they were read. */
export interface FarBatch extends CheckedEvents {
  readonly begun: Position | undefined;
}

/** A follower that reads old parts of the log. */
export interface FarFollower {
  /** Whether it must not wait for slower followers. */
  readonly isUrgent: boolean;
}

export interface FarReadingOptions {
  readonly eventStore: EventStore;
  readonly clock: Clock;
  readonly health: LogHealth;
  /** Returns where the live subscription has started. */
  readonly begun: () => Position | undefined;
}

/** Maximum number of events in a batch. In larger batches, more writes to one document are combined. */
const BATCH = 4096;
/** Number of batches in memory for followers that are behind. */
const KEPT = 4;
/** Milliseconds that followers wait for a slower one before it has to read on its own. */
const PATIENCE_MS = 2_000;
/** Milliseconds that an urgent follower waits, once, before it reads on its own. */
const URGENT_MS = 100;

interface Kept {
  readonly read: Promise<FarBatch>;
  /** Position of its last event, once known. */
  end: Position | undefined;
}

/**
 * Reads the log for followers that are far behind. Followers with similar positions share reads, and with them parsing
 * and the check of hash chains: only an urgent follower gets further ahead than a few batches.
 */
export class FarReading {
  private readonly kept = new Map<Position, Kept>();
  /** Chain checks by the position that they have reached, for the read that continues there. */
  private readonly checks = new LRUCache<Position, ChainCheck>({ max: KEPT });
  /** Next position of each follower. */
  private readonly places = new Map<FarFollower, Position>();
  /** Urgent followers that read on their own. */
  private readonly alone = new WeakSet<FarFollower>();
  private readonly waiting = new Set<() => void>();

  constructor(private readonly options: FarReadingOptions) {}

  /** Returns the batch after `at`; empty if there is currently nothing after it. */
  async next(follower: FarFollower, at: Position, signal: AbortSignal): Promise<FarBatch> {
    this.move(follower, at);
    for (;;) {
      const kept = this.kept.get(at);
      if (kept) return this.delivered(follower, at, await kept.read);
      this.drop();
      if (this.kept.size < KEPT) return this.delivered(follower, at, await this.keep(at).read);
      if (this.alone.has(follower) || signal.aborted) return this.delivered(follower, at, await this.read(at));
      if (await this.moved(follower.isUrgent ? URGENT_MS : PATIENCE_MS, signal)) continue;
      if (follower.isUrgent) this.alone.add(follower);
      else this.leaveBehind(follower);
    }
  }

  /** Removes a follower. */
  leave(follower: FarFollower): void {
    if (!this.places.delete(follower)) return;
    this.drop();
    if (this.places.size === 0) this.checks.clear();
    this.wake();
  }

  private delivered(follower: FarFollower, at: Position, batch: FarBatch): FarBatch {
    const end = batch.events.at(-1)?.position;
    if (this.places.get(follower) === at && end !== undefined) this.move(follower, end);
    return batch;
  }

  private move(follower: FarFollower, to: Position): void {
    if (this.places.get(follower) === to) return;
    this.places.set(follower, to);
    this.wake();
  }

  private keep(at: Position): Kept {
    const kept: Kept = { read: this.read(at), end: undefined };
    this.kept.set(at, kept);
    const forget = () => {
      if (this.kept.get(at) === kept) this.kept.delete(at);
    };
    kept.read.then(({ events }) => {
      kept.end = events.at(-1)?.position;
      if (kept.end === undefined) forget(); // new events may follow later
    }, forget);
    return kept;
  }

  private async read(at: Position): Promise<FarBatch> {
    const { eventStore, health } = this.options;
    const begun = this.options.begun();
    const check = this.checks.get(at) ?? new ChainCheck(eventStore);
    this.checks.delete(at);
    const part = await readChecked(eventStore, check, at, BATCH);
    health.found([...part.faults.values()].flat());
    this.checks.set(part.events.at(-1)?.position ?? at, check);
    return { ...part, begun };
  }

  /** Drops batches that no follower will reach. */
  private drop(): void {
    const needed = new Set<Position>();
    for (let place of this.places.values()) {
      for (let kept = this.kept.get(place); kept && !needed.has(place); kept = this.kept.get(place)) {
        needed.add(place);
        if (kept.end === undefined) break;
        place = kept.end;
      }
    }
    for (const at of [...this.kept.keys()]) if (!needed.has(at)) this.kept.delete(at);
  }

  /** Lets the others continue without the slowest follower, which takes part again with its next call. */
  private leaveBehind(asking: FarFollower): void {
    this.drop();
    if (this.kept.size < KEPT) return;
    const [last] = [...this.places]
      .filter(([follower, place]) => follower !== asking && this.kept.has(place))
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
