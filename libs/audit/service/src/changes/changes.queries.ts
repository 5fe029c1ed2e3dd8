import { ACCESS, type AccessSource } from '#access';
import { CHANGES_ITEM_EVERY_MS, organizationChangesRequest } from '#audit/contract';
import { Caller, Cancelled, DomainErrorException, Input, orThrow, Serves, type ContextOf } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { EVENT_STORE, type EventStore } from '#event-store';
import { EventReader, haltRefusal, isHalt, LOG_FEED, type LogBatch, type LogFeed } from '#event-sourcing';
import { CLOCK, EVERY_EVENT, keptPosition, type Clock, type Position, type Recorded } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { ChangeNames } from './change-names.service.ts';
import { changedObject, type ChangedObject } from './changed-object.ts';
import { changesErrors } from './changes.errors.ts';
import { orSilence } from './or-silence.service.ts';
import { sees } from './seen-changes.ts';

type Item = OutputOf<typeof organizationChangesRequest>;
type Context = ContextOf<typeof organizationChangesRequest>;

/** Interval of checks whether an item is due, in milliseconds. */
const CHECK_MS = 1_000;
/** Events of the log that a reader may have missed. Reading everything again is then cheaper. */
const MAX_MISSED = 10_000;

interface Follower {
  readonly from: Position;
  /** The end of the log when the stream was opened. */
  readonly head: Position;
  readonly follow: boolean;
}

interface FoundChange extends ChangedObject {
  readonly recorded: Recorded;
}

/** Follows the changes of an organization in the shared feed of the log. An error is returned before the first item. */
@Controller()
export class ChangesQueries {
  private readonly reader = new EventReader(EVERY_EVENT);

  constructor(
    @Inject(EVENT_STORE) private readonly eventStore: EventStore,
    @Inject(LOG_FEED) private readonly feed: LogFeed,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(ChangeNames) private readonly names: ChangeNames,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Serves(organizationChangesRequest)
  async changes(
    @Input() { after, follow }: InputOf<typeof organizationChangesRequest>,
    @Caller() context: Context,
    @Cancelled() signal: AbortSignal,
  ): Promise<AsyncIterable<Item>> {
    const kept = orThrow(keptPosition(after ?? context.consistency, this.eventStore.storeId));
    const head = await this.eventStore.head();
    return this.items({ from: kept ?? head, head, follow }, context, signal);
  }

  private async *items({ from, head, follow }: Follower, context: Context, signal: AbortSignal): AsyncGenerator<Item> {
    let at = from;
    let missed = 0;
    let isCurrent = at >= head;
    let sentMs = this.clock.monotonic();
    if (isCurrent) yield this.current(at);
    if (isCurrent && !follow) return;
    const batches = orSilence((ending) => this.feed.follow(from, ending), { clock: this.clock, ms: CHECK_MS, signal });
    try {
      for await (const batch of batches) {
        const found = batch ? this.foundIn(batch, context.organizationId) : [];
        for await (const item of this.shown(found, context)) {
          yield item;
          sentMs = this.clock.monotonic();
        }
        if (batch) at = batch.position;
        if (!isCurrent) missed += batch?.events.length ?? 0;
        const isReached = !isCurrent && at >= head;
        isCurrent ||= isReached;
        if (!isCurrent && missed > MAX_MISSED) throw new DomainErrorException(changesErrors.tooManyMissed(MAX_MISSED));
        if (isReached || this.clock.monotonic() - sentMs >= CHANGES_ITEM_EVERY_MS - CHECK_MS) {
          yield this.current(at);
          sentMs = this.clock.monotonic();
        }
        if (isCurrent && !follow) return;
      }
    } catch (error) {
      throw isHalt(error) ? new DomainErrorException(haltRefusal(error)) : error;
    }
  }

  private current(at: Position): Item {
    return { kind: 'current', position: at, time: new Date(this.clock.now()).toISOString() };
  }

  /** Returns the changes of an organization in a section of the log. */
  private foundIn({ events, faults }: LogBatch, organizationId: string): readonly FoundChange[] {
    const found: FoundChange[] = [];
    for (const stored of events) {
      if (stored.organizationId !== organizationId) continue;
      const recorded = this.reader.read(stored, faults);
      if (!recorded) continue;
      this.names.learn(recorded, organizationId);
      const changed = changedObject(recorded, organizationId);
      if (changed) found.push({ ...changed, recorded });
    }
    return found;
  }

  /** Yields the changes that the caller may know about, by the rights of now, which include these changes. */
  private async *shown(found: readonly FoundChange[], context: Context): AsyncGenerator<Item> {
    const last = found.at(-1);
    if (!last) return;
    const directory = orThrow(await this.access.current(last.recorded.metadata.position));
    for (const { recorded, ...change } of found) {
      if (!sees(context, change, directory, this.clock.now())) continue;
      const { position, recordedAt: time } = recorded.metadata;
      const { kind, id } = change;
      const name = await this.names.of(change, context.organizationId);
      yield { position, time, kind, id, name, action: recorded.event.type.replace(/\.v\d+$/, '') };
    }
  }
}
