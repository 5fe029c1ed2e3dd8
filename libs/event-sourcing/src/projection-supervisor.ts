import { PositionOfOtherStoreError, type EventStore } from '#event-store';
import {
  backOffMs,
  err,
  ok,
  pause,
  type Clock,
  type DomainError,
  type Fact,
  type Logger,
  type Position,
  type Projection,
  type Result,
} from '#kernel';
import type { ReadStore } from '#read-store';
import type { Halt } from './event-reader.ts';
import { HALTED_MS, takeLease, type Lease } from './lease.ts';
import type { LogFeed } from './log-feed.ts';
import type { LogHealth } from './log-health.ts';
import { collectionOf, projectionErrors, serveGeneration, servingGeneration } from './projection-control.ts';
import { LostLeaseError, ProjectionLead } from './projection-lead.ts';
import type { ProjectionStatus } from './read-models.ts';

export interface SupervisorOptions {
  readonly feed: LogFeed;
  readonly eventStore: EventStore;
  readonly readStore: ReadStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly health: LogHealth;
  /** Unique to this process. */
  readonly owner: string;
}

/** Milliseconds between two attempts to acquire the lease. */
const FOLLOW_MS = 500;
const BACK_OFF = { firstMs: 100, mostMs: 5_000 };
/** Milliseconds that a replaced collection is kept. Readers look up the serving one every second. */
const RETENTION_MS = 60_000;
/** Replaced collections that are dropped at a time: projections are seldom rebuilt more often within `RETENTION_MS`. */
const DROPPED = 10;
/** Milliseconds between two checks of a leader for a later generation. */
const SWITCH_CHECK_MS = 5_000;

/** Takes part in building one projection: leads it, or waits for the lease. */
export class ProjectionSupervisor<E extends Fact, D> {
  state: ProjectionStatus['state'] = 'stopped';
  generation = 0;
  /** The event before which the projection has stopped, if any. */
  halt: Halt | undefined;
  /** Whether this process builds the next generation. */
  isRebuilding = false;
  private lead: ProjectionLead<E, D> | undefined;
  private readonly stop = new AbortController();
  private readonly waiting = new Set<() => void>();
  private running: Promise<void> | undefined;

  constructor(
    readonly projection: Projection<E, D>,
    private readonly options: SupervisorOptions,
  ) {}

  get ownLead(): ProjectionLead<E, D> | undefined {
    return this.lead;
  }

  /** Position that queries of this process may rely on; `undefined` while another process leads. */
  get position(): Position | undefined {
    return this.lead?.at;
  }

  get collection(): string {
    return collectionOf(this.projection.name, this.generation);
  }

  /** Collection that a rebuild builds. */
  get nextCollection(): string {
    return collectionOf(this.projection.name, this.generation + 1);
  }

  start(): void {
    this.running ??= this.run();
  }

  async close(): Promise<void> {
    this.stop.abort();
    this.lead?.abort();
    await this.running;
  }

  /** Resolves when the position changes, or after `ms` milliseconds. */
  moved(ms: number): Promise<void> {
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

  private async run(): Promise<void> {
    const { clock, log } = this.options;
    let failures = 0;
    while (!this.stop.signal.aborted) {
      try {
        await this.acquireAndLead();
        failures = 0;
      } catch (error) {
        if (error instanceof LostLeaseError)
          log.debug({ projection: this.projection.name }, 'another process now leads a projection');
        else
          log.warn(
            { projection: this.projection.name, cause: error instanceof Error ? error.message : String(error) },
            'a projection was interrupted and continues from its checkpoint',
          );
        failures += 1;
        await pause(clock, backOffMs(BACK_OFF, failures), this.stop.signal);
      }
    }
    this.state = 'stopped';
  }

  private async acquireAndLead(): Promise<void> {
    const { readStore, clock, eventStore, owner, log } = this.options;
    this.generation = await servingGeneration(readStore, eventStore.storeId, this.projection.name);
    const { collection } = this;
    await readStore.ensure({ name: collection, indexes: this.projection.indexes ?? [] });
    const lease = await takeLease(readStore, clock, collection, owner, () => this.lead?.abort());
    if (lease === undefined) {
      this.state = 'following';
      await pause(clock, FOLLOW_MS, this.stop.signal);
      return;
    }
    let halt: Halt | undefined;
    const old = clock.timer(RETENTION_MS, () => this.dropBefore(this.generation));
    const watching = new AbortController();
    try {
      // The leader may have switched, and have released this generation, since it was looked up.
      if (await this.isReplaced()) return;
      this.state = 'catching-up';
      this.lead = this.makeLead(collection, lease.token, lease.isHeld, () => this.onMoved());
      if (this.stop.signal.aborted) return;
      void this.endWhenReplaced(this.lead, watching.signal);
      halt = await this.lead.run();
    } catch (error) {
      if (!(error instanceof PositionOfOtherStoreError)) throw error;
      log.warn(
        { projection: this.projection.name },
        'the event store was restored or recreated; the projection is built again',
      );
      await readStore.drop(collection);
      return;
    } finally {
      old.cancel();
      watching.abort();
      this.lead = undefined;
      await lease.release();
    }
    if (halt) await this.halted(halt);
  }

  /** Lets a process take over that can read the event, and tries again later. */
  private async halted(halt: Halt): Promise<void> {
    this.state = 'stopped';
    this.halt = halt;
    for (const wake of [...this.waiting]) wake();
    this.options.health.stop(this.reader, halt);
    await pause(this.options.clock, HALTED_MS, this.stop.signal);
  }

  private get reader(): string {
    return `projection ${this.projection.name}`;
  }

  private makeLead(
    collection: string,
    token: number,
    isHeld: () => boolean,
    onMoved: () => void,
  ): ProjectionLead<E, D> {
    const { feed, eventStore, readStore, clock, log } = this.options;
    return new ProjectionLead({
      projection: this.projection,
      collection,
      token,
      isHeld,
      feed,
      eventStore,
      readStore,
      clock,
      log,
      onMoved,
    });
  }

  private onMoved(): void {
    this.state = this.lead?.isLevel ? 'live' : 'catching-up';
    if (this.lead?.isLevel) {
      this.halt = undefined;
      this.options.health.resume(this.reader);
    }
    for (const wake of [...this.waiting]) wake();
  }

  /** Returns whether another generation serves. */
  private async isReplaced(): Promise<boolean> {
    const { readStore, eventStore } = this.options;
    return (await servingGeneration(readStore, eventStore.storeId, this.projection.name)) !== this.generation;
  }

  /** Ends a lead if another process switches to another generation: a former leader can do so after a suspension. */
  private async endWhenReplaced(lead: ProjectionLead<E, D>, signal: AbortSignal): Promise<void> {
    for (;;) {
      await pause(this.options.clock, SWITCH_CHECK_MS, signal);
      if (signal.aborted) return;
      const isReplaced = await this.isReplaced().catch(() => false); // the next check may succeed
      if (isReplaced && !this.isRebuilding) lead.abort();
    }
  }

  private dropBefore(generation: number): void {
    const { readStore, log } = this.options;
    for (let old = Math.max(0, generation - DROPPED); old < generation; old += 1)
      readStore.drop(collectionOf(this.projection.name, old)).catch((error: unknown) => {
        log.warn({ projection: this.projection.name, cause: String(error) }, 'an old collection could not be dropped');
      });
  }

  /**
   * Builds the next generation while the current one serves, and switches when it has caught up. Requires the lease.
   */
  async rebuild(): Promise<Result<void, DomainError>> {
    const serving = this.lead;
    if (serving === undefined) return err(projectionErrors.noLeader());
    if (this.isRebuilding) return err(projectionErrors.busy());
    this.isRebuilding = true;
    try {
      return await this.rebuildInParallel(serving);
    } finally {
      this.isRebuilding = false;
    }
  }

  private async rebuildInParallel(serving: ProjectionLead<E, D>): Promise<Result<void, DomainError>> {
    const { readStore, clock, owner } = this.options;
    const next = this.generation + 1;
    const collection = this.nextCollection;
    const lost = new AbortController();
    const lease = await takeLease(readStore, clock, collection, owner, () => lost.abort());
    // A former leader has not stopped its rebuild yet. It cannot switch any more, and its lease expires.
    if (lease === undefined) return err(projectionErrors.noLeader());
    let outcome: Result<void, DomainError>;
    try {
      if (await this.isReplaced()) return err(projectionErrors.noLeader());
      await readStore.drop(collection);
      await readStore.ensure({ name: collection, indexes: this.projection.indexes ?? [] });
      outcome = await this.buildAndSwitch(serving, { next, lease, lost: lost.signal });
    } finally {
      await lease.release();
    }
    if (outcome.ok) serving.abort(); // the supervisor continues with the new generation
    return outcome;
  }

  private async buildAndSwitch(
    serving: ProjectionLead<E, D>,
    { next, lease, lost }: { readonly next: number; readonly lease: Lease; readonly lost: AbortSignal },
  ): Promise<Result<void, DomainError>> {
    const { readStore, eventStore } = this.options;
    const wake = () => {
      for (const waiter of [...this.waiting]) waiter();
    };
    const collection = collectionOf(this.projection.name, next);
    const builder = this.makeLead(collection, lease.token, lease.isHeld, wake);
    lost.addEventListener('abort', () => builder.abort());
    let failure: unknown;
    let halt: Halt | undefined;
    let isOver = false;
    const building = builder.run().then(
      (stopped) => {
        halt = stopped;
      },
      (error: unknown) => {
        failure = error;
      },
    );
    void building.then(() => {
      isOver = true;
      wake();
    });
    const isLevel = () => builder.isLevel && (builder.at ?? '') >= (serving.at ?? '');
    try {
      for (;;) {
        if (isOver || this.lead !== serving) {
          if (failure !== undefined) throw failure;
          return err(halt ? projectionErrors.halted(halt) : projectionErrors.noLeader());
        }
        if (isLevel()) {
          const isSwitched = await serving.exclusive(async () => {
            if (!isLevel() || !serving.isHeld() || !lease.isHeld()) return false;
            await builder.exclusive(() => builder.store());
            await serveGeneration(readStore, eventStore.storeId, this.projection.name, next);
            return true;
          });
          if (isSwitched) return ok(undefined);
        }
        await this.moved(100);
      }
    } finally {
      builder.abort();
      await building;
    }
  }
}
