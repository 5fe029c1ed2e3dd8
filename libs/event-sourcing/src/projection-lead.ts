import { checkedLog, type EventStore } from '#event-store';
import {
  err,
  ok,
  oneAtATime,
  type Clock,
  type DomainError,
  type Fact,
  type Logger,
  type Position,
  type Projection,
  type Result,
  type Timer,
} from '#kernel';
import type { CheckpointMove, ReadStore, Write } from '#read-store';
import { DocumentFold } from './document-fold.ts';
import type { Halt } from './event-reader.ts';
import type { LogBatch, LogFeed } from './log-feed.ts';
import { projectionErrors, readControl, writeControl, type ParkedDocument } from './projection-control.ts';

/** Another process leads the projection, or may lead it. */
export class LostLeaseError extends Error {
  readonly code = 'read-store/lost-lease';
}

export interface LeadOptions<E extends Fact, D> {
  readonly projection: Projection<E, D>;
  readonly collection: string;
  readonly token: number;
  /** Returns whether the lease has certainly not expired. */
  readonly isHeld: () => boolean;
  readonly feed: LogFeed;
  readonly eventStore: EventStore;
  readonly readStore: ReadStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called when the position has changed and documents up to it are written. */
  readonly onMoved: () => void;
}

const WRITE_BATCH = 100;
/** Milliseconds until a checkpoint that moved without a write is stored. */
const STORE_WITHIN_MS = 100;
const HOUR_MS = 60 * 60 * 1000;

/** Builds one collection of documents while this process leads the projection. */
export class ProjectionLead<E extends Fact, D> {
  /** Position up to which the documents are complete. */
  at: Position | undefined;
  isLevel = false;
  parked = new Map<string, ParkedDocument>();
  private stored: Position | undefined;
  /** Position up to which an earlier leader may have written documents; `undefined` if there was none. */
  private written: Position | undefined;
  private marks: (readonly [Position, number])[] = [];
  private version = 0n;
  private timer: Timer | undefined;
  private readonly stop = new AbortController();
  private readonly turns = oneAtATime();
  private readonly fold: DocumentFold<E, D>;
  private failure: unknown;

  constructor(private readonly options: LeadOptions<E, D>) {
    const { projection, collection, readStore, clock, eventStore } = options;
    this.fold = new DocumentFold(projection, collection, readStore, {
      isParked: (id) => this.parked.has(id),
      now: () => clock.now(),
      isFirstBuild: () => this.written === undefined,
      fromLog: (id, upTo) =>
        this.written !== undefined && upTo <= this.written
          ? this.fold.step(undefined, id, checkedLog(eventStore), upTo)
          : undefined,
    });
  }

  /** Ends `run`. */
  abort(): void {
    this.stop.abort();
  }

  /**
   * Follows the log until it is aborted.
   *
   * @returns the event before which it had to stop, with all earlier ones stored; `undefined` if it was aborted
   * @throws LostLeaseError, ReadStoreUnavailableError, PositionOfOtherStoreError; then this object must not be used
   *   again
   */
  async run(): Promise<Halt | undefined> {
    const { readStore, eventStore, collection, feed } = this.options;
    try {
      this.stored = (await readStore.checkpoint(collection))?.position;
      this.at = this.stored;
      this.written = this.stored === undefined ? undefined : await eventStore.head();
      const control = await readControl(readStore, eventStore.storeId, collection);
      this.parked = new Map(Object.entries(control.parked));
      this.marks = [...control.marks];
      for await (const batch of feed.follow(this.at, this.stop.signal)) {
        const halt = await this.exclusive(() => this.take(batch));
        if (halt) return halt;
      }
      if (this.failure !== undefined) throw this.failure;
      await this.exclusive(() => this.store());
      return undefined;
    } finally {
      this.stop.abort();
      this.timer?.cancel();
    }
  }

  /** Returns whether no other process leads the projection. */
  isHeld(): boolean {
    return this.options.isHeld();
  }

  /** Runs work during which documents and position do not change. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    return this.turns('', work);
  }

  /** Rebuilds a parked document from the log. Default: all parked documents. */
  async retry(documentId?: string): Promise<Result<void, DomainError>> {
    if (documentId !== undefined && !this.parked.has(documentId)) return err(projectionErrors.notParked());
    let failed = 0;
    for (const id of documentId === undefined ? [...this.parked.keys()] : [documentId])
      if (!(await this.retryOne(id))) failed += 1;
    return failed === 0 ? ok(undefined) : err(projectionErrors.stillFailing(failed));
  }

  /** Stores the checkpoint if it has changed. */
  async store(): Promise<void> {
    this.timer?.cancel();
    this.timer = undefined;
    if (this.at !== undefined && this.at !== this.stored) await this.write([], this.at);
  }

  private async retryOne(parkedId: string): Promise<boolean> {
    const { eventStore, log, projection } = this.options;
    const before = this.at;
    if (before === undefined) return false;
    const parts: Write[] = [];
    const onPart = (write: Write) => parts.push(write);
    try {
      const id = await this.documentIdOf(parkedId);
      // The long part, concurrently.
      const early =
        id === undefined ? undefined : await this.fold.step(undefined, id, checkedLog(eventStore), before, onPart);
      await this.exclusive(async () => {
        const at = this.at ?? before;
        if (id !== undefined) {
          const document = await this.fold.step(early, id, checkedLog(eventStore, before), at, onPart);
          await this.write([...parts, this.fold.replace(id, at, document)], this.stored);
        }
        this.parked.delete(parkedId);
        await this.saveControl();
      });
      return true;
    } catch (error) {
      if (!this.options.isHeld() || error instanceof LostLeaseError) throw error;
      log.warn({ projection: projection.name, documentId: parkedId }, 'a parked document fails again');
      return false;
    }
  }

  /** Returns the ID of a parked document. If the ID could not be determined, the entry is named `event:<id>`. */
  private async documentIdOf(parkedId: string): Promise<string | undefined> {
    if (!parkedId.startsWith('event:')) return parkedId;
    for await (const { events, faults } of checkedLog(this.options.eventStore)) {
      const stored = events.find(({ id }) => `event:${id}` === parkedId);
      if (stored) return this.fold.documentIdOf(stored, faults);
    }
    return undefined;
  }

  private async take(batch: LogBatch): Promise<Halt | undefined> {
    const { log, projection, clock, onMoved } = this.options;
    const { writes, parked, halt, passed } = await this.fold.fold(batch);
    const reached = halt === undefined ? batch.position : (passed ?? this.at);
    if (parked.size > 0) {
      for (const [id, reason] of parked) {
        this.parked.set(id, reason);
        log.error(
          { projection: projection.name, documentId: id, reason: reason.reason },
          'a projection cannot apply an event; its document is parked',
        );
      }
      await this.saveControl();
    }
    if (writes.length > 0) await this.write(writes, reached);
    this.at = reached;
    this.isLevel = batch.isLevel && halt === undefined;
    if (this.at !== this.stored) this.timer ??= clock.timer(STORE_WITHIN_MS, () => this.storeSoon());
    await this.markTime();
    onMoved();
    if (halt) await this.store();
    return halt;
  }

  private storeSoon(): void {
    this.exclusive(() => this.store()).catch((error: unknown) => {
      this.failure = error; // ends the loop, which reports it
      this.stop.abort();
    });
  }

  private async write(writes: readonly Write[], position: Position | undefined): Promise<void> {
    const { readStore, collection, token, isHeld } = this.options;
    for (let start = 0; start === 0 || start < writes.length; start += WRITE_BATCH) {
      if (!isHeld()) throw new LostLeaseError('The lease has expired.');
      const isLast = start + WRITE_BATCH >= writes.length;
      const move: CheckpointMove | undefined =
        isLast && position !== undefined && position !== this.stored
          ? { name: collection, token, previous: this.stored, position }
          : undefined;
      const outcome = await readStore.apply(writes.slice(start, start + WRITE_BATCH), move);
      if (!outcome.ok) throw new LostLeaseError(outcome.error.detail);
      if (move) this.stored = position;
      if (!isLast) await new Promise(setImmediate); // lets other work run, even if the engine responds immediately
    }
  }

  private async saveControl(): Promise<void> {
    const { readStore, eventStore, collection, token, clock } = this.options;
    const time = BigInt(Math.trunc(clock.now()));
    this.version = time > this.version ? time : this.version + 1n;
    const control = { parked: Object.fromEntries(this.parked), marks: this.marks };
    await writeControl(readStore, eventStore.storeId, collection, (BigInt(token) << 44n) | this.version, control);
  }

  /** Records the position hourly, and removes tombstones up to the position of a day ago. */
  private async markTime(): Promise<void> {
    const { clock, readStore, collection } = this.options;
    const now = clock.now();
    if (this.at === undefined || now - (this.marks.at(-1)?.[1] ?? 0) < HOUR_MS) return;
    const old = this.marks.filter(([, atMs]) => atMs <= now - 24 * HOUR_MS);
    const upTo = old.at(-1)?.[0];
    if (upTo !== undefined) await readStore.sweepTombstones(collection, upTo);
    this.marks = [...this.marks.filter(([, atMs]) => atMs > now - 24 * HOUR_MS), [this.at, now]];
    await this.saveControl();
  }
}
