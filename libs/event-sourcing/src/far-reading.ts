import { ChainCheck, readChecked, type CheckedEvents, type EventStore } from '#event-store';
import { pause, type Clock, type Position } from '#kernel';
import { LRUCache } from 'lru-cache';
import type { LogHealth } from './log-health.ts';

/** What stands after a position, and where the live subscription had begun before that was read. */
export interface FarBatch extends CheckedEvents {
  readonly begun: Position | undefined;
}

/** One who reads what lies far back. */
export interface FarFollower {
  /** Must not be held up by slower ones. */
  readonly isUrgent: boolean;
}

export interface FarReadingOptions {
  readonly eventStore: EventStore;
  readonly clock: Clock;
  readonly health: LogHealth;
  /** Where the live subscription has begun by now. */
  readonly begun: () => Position | undefined;
}

/** Events at most in one batch: the more, the more writes to one document become one. */
const BATCH = 4096;
/** Batches in memory for followers that are not yet there. */
const KEPT = 4;
/** Milliseconds that followers wait for a slower one before it is left to read for itself. */
const PATIENCE_MS = 2_000;
/** Milliseconds that an urgent one waits, once, before it reads for itself. */
const URGENT_MS = 100;

interface Kept {
  readonly read: Promise<FarBatch>;
  /** Position of its last event, once that is known. */
  end: Position | undefined;
}

/**
 * Reads the log for followers that are far behind. Those that are near each other share one reading, and with it one
 * parsing and one check of the hash chains: nobody but an urgent one gets further ahead than a few batches.
 */
export class FarReading {
  private readonly kept = new Map<Position, Kept>();
  /** Checks that have read up to a position, for the reading that continues from there. */
  private readonly checks = new LRUCache<Position, ChainCheck>({ max: KEPT });
  /** Where each follower reads next. */
  private readonly places = new Map<FarFollower, Position>();
  /** Urgent ones that have gone ahead. */
  private readonly alone = new WeakSet<FarFollower>();
  private readonly waiting = new Set<() => void>();

  constructor(private readonly options: FarReadingOptions) {}

  /** The batch after `at`; empty where nothing stands after it now. */
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

  /** Forgets a follower that reads no further here. */
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
      if (kept.end === undefined) forget(); // the log grows: what is not there now may be there for the next one
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

  /** Drops what no follower will come to by the batches that are kept. */
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

  /** Others continue without the one that is furthest behind; it takes part again with its next question. */
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

  /** @returns false when nobody has moved in time */
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
