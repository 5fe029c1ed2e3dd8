import {
  ChainCheck,
  isCaughtUp,
  type ChainBrokenError,
  type CheckedEvents,
  type EventStore,
  type StoredEvent,
} from '#event-store';
import { backOffMs, pause, type Clock, type Logger, type Position } from '#kernel';
import type { LogHealth } from './log-health.ts';

/** Maximum number of events in a batch from memory. */
const BATCH = 1024;
/** Recent events in memory for followers; temporarily twice as many. */
const RECENT = 2048;
const BACK_OFF = { firstMs: 50, mostMs: 2_000 };

/** Events after a position, as far as they are in memory. */
export interface RecentBatch extends CheckedEvents {
  /** Whether there are no further events in memory. */
  readonly isComplete: boolean;
}

/** The live subscription of a process, and its most recent events. */
export class LiveLog {
  /** `recent` contains everything after this position up to `tail`. */
  private base: Position | undefined;
  private tail: Position | undefined;
  private readonly recent: StoredEvent[] = [];
  private readonly recentFaults = new Map<Position, readonly ChainBrokenError[]>();
  private hasCaughtUp = false;
  private isWakeScheduled = false;
  private readonly waiting = new Set<() => void>();
  private readonly stop = new AbortController();
  private readonly running: Promise<void>;

  constructor(
    private readonly options: {
      readonly eventStore: EventStore;
      readonly clock: Clock;
      readonly log: Logger;
      readonly health: LogHealth;
    },
  ) {
    this.running = this.run();
  }

  /** Position at which the subscription started, or at which the events in memory start. */
  get start(): Position | undefined {
    return this.base;
  }

  /** Position up to which the log was delivered. */
  get end(): Position | undefined {
    return this.tail;
  }

  /** Whether the subscription has delivered everything in the log. */
  get isLevel(): boolean {
    return this.hasCaughtUp;
  }

  get isClosed(): boolean {
    return this.stop.signal.aborted;
  }

  /** Returns whether everything after a position is in memory. */
  covers(at: Position): boolean {
    return this.base !== undefined && at >= this.base;
  }

  /** Returns the next events after a position for which `covers` is true. */
  after(at: Position): RecentBatch {
    let low = 0;
    let high = this.recent.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.recent[middle]?.position ?? at) > at) high = middle;
      else low = middle + 1;
    }
    const events = this.recent.slice(low, low + BATCH);
    return { events, faults: new Map(this.recentFaults), isComplete: events.length < BATCH };
  }

  /** Resolves when an event has arrived, or `signal` aborts. The listener is registered synchronously. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const signals = [signal, this.stop.signal];
      const wake = (): void => {
        this.waiting.delete(wake);
        for (const from of signals) from.removeEventListener('abort', wake);
        resolve();
      };
      this.waiting.add(wake);
      for (const from of signals) from.addEventListener('abort', wake, { once: true });
      if (signals.some(({ aborted }) => aborted)) wake();
    });
  }

  async close(): Promise<void> {
    this.stop.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { clock, log } = this.options;
    const check = new ChainCheck(this.options.eventStore);
    let failures = 0;
    while (!this.isClosed) {
      try {
        await this.deliver(check, () => (failures = 0));
      } catch (error) {
        log.warn(
          { cause: error instanceof Error ? error.message : String(error) },
          'the live subscription was interrupted and is reopened',
        );
        failures += 1;
        await pause(clock, backOffMs(BACK_OFF, failures), this.stop.signal);
      }
    }
  }

  private async deliver(check: ChainCheck, onDelivery: () => void): Promise<void> {
    const { eventStore, health } = this.options;
    if (this.tail === undefined) {
      this.tail = await eventStore.head();
      this.base = this.tail;
      this.wakeSoon();
    }
    for await (const delivery of eventStore.subscribe({ after: this.tail, signal: this.stop.signal })) {
      onDelivery();
      if (isCaughtUp(delivery)) {
        if (delivery.position > this.tail) this.tail = delivery.position;
        this.hasCaughtUp = true;
        this.wakeSoon();
      } else {
        this.hasCaughtUp = false;
        const faults = await check.check([delivery], this.tail);
        for (const [position, found] of faults) this.recentFaults.set(position, found);
        health.found([...faults.values()].flat());
        this.take(delivery);
      }
    }
  }

  private take(event: StoredEvent): void {
    this.recent.push(event);
    this.tail = event.position;
    if (this.recent.length > 2 * RECENT) {
      const dropped = this.recent.splice(0, this.recent.length - RECENT);
      this.base = dropped.at(-1)?.position ?? this.base;
      if (this.recentFaults.size > 0) for (const { position } of dropped) this.recentFaults.delete(position);
    }
    this.wakeSoon();
  }

  private wakeSoon(): void {
    if (this.isWakeScheduled) return;
    this.isWakeScheduled = true;
    setImmediate(() => {
      this.isWakeScheduled = false;
      for (const wake of [...this.waiting]) wake();
    });
  }
}
