import { RightsHistory, rightsEvents, type Moment } from '#access';
import { objectEvents } from '#deployments/contract';
import { EventReader, haltRefusal, isHalt, LOG_FEED, type LogFeed } from '#event-sourcing';
import {
  EVENT_STORE,
  EventStoreUnavailableError,
  type ChainFaults,
  type EventStore,
  type StoredEvent,
} from '#event-store';
import {
  CLOCK,
  err,
  LOGGER,
  ok,
  pause,
  position,
  sequenceOf,
  type Clock,
  type DomainError,
  type Logger,
  type Position,
  type Result,
} from '#kernel';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { accessErrors } from './access.errors.ts';
import { logEndOf } from './log-time.ts';
import { ObjectHistory } from './object-history.ts';
import type { AccessPast } from './ways.ts';

/** Milliseconds that a question waits until the log has been read. */
const WAIT_MS = 4_000;
const POLL_MS = 10;
const RETRY_MS = 1_000;

/**
 * Keeps the rights of every time in memory. It reads the log from its beginning when the first question is asked, and
 * follows it from then on.
 */
@Injectable()
export class AccessHistory implements OnModuleDestroy {
  private readonly past: AccessPast = { rights: new RightsHistory(), objects: new ObjectHistory() };
  private readonly rightsReader = new EventReader(rightsEvents);
  private readonly objectReader = new EventReader(objectEvents);
  private readonly stop = new AbortController();
  private at: Position;
  /** Why the log could not be read further. */
  private failure: unknown;
  private following: Promise<void> | undefined;

  constructor(
    @Inject(LOG_FEED) private readonly feed: LogFeed,
    @Inject(EVENT_STORE) private readonly eventStore: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.at = position(eventStore.storeId, 0);
  }

  async onModuleDestroy(): Promise<void> {
    this.stop.abort();
    await this.following;
  }

  /** Returns the past, which contains everything that was recorded before the call. */
  async current(): Promise<Result<AccessPast, DomainError>> {
    this.following ??= this.follow();
    const head = await this.eventStore.head();
    const end = this.clock.monotonic() + WAIT_MS;
    while (this.at < head) {
      if (isHalt(this.failure)) return err(haltRefusal(this.failure));
      if (this.failure !== undefined) throw this.failure;
      if (this.clock.monotonic() >= end || this.stop.signal.aborted) return err(accessErrors.notYet());
      await pause(this.clock, POLL_MS, this.stop.signal);
    }
    return ok(this.past);
  }

  /**
   * Returns the moment of a time as text, after `current`.
   *
   * @param text see `parseLogTime`; undefined for now
   */
  momentOf(text: string | undefined): Result<Moment, DomainError> {
    const nowMs = this.clock.now();
    if (text === undefined) return ok({ sequence: sequenceOf(this.at), nowMs });
    const end = logEndOf(text, this.at, nowMs);
    if (!end.ok) return end;
    const { rights } = this.past;
    return ok(
      'sequence' in end.value
        ? rights.momentAt(end.value.sequence)
        : (rights.asOfTime(end.value.timeMs) ?? { sequence: 0, nowMs: end.value.timeMs }),
    );
  }

  /** Returns the position of a moment. */
  positionOf({ sequence }: Moment): Position {
    return position(this.eventStore.storeId, sequence);
  }

  private async follow(): Promise<void> {
    while (!this.stop.signal.aborted) {
      try {
        for await (const { events, faults, position: end } of this.feed.follow(this.at, this.stop.signal)) {
          for (const stored of events) {
            this.fold(stored, faults);
            this.at = stored.position;
          }
          this.at = end;
          this.failure = undefined;
        }
      } catch (error) {
        if (!(error instanceof EventStoreUnavailableError)) {
          // A damaged or newer event stays what it is, and rights that cannot be folded are not guessed.
          this.failure = error;
          const cause = error instanceof Error ? error.name : String(error); // a message may contain text of users
          return this.logger.error({ cause, at: this.at }, 'the history of permissions cannot be read further');
        }
        await pause(this.clock, RETRY_MS, this.stop.signal);
      }
    }
  }

  private fold(stored: StoredEvent, faults: ChainFaults): void {
    const { rights, objects } = this.past;
    const right = this.rightsReader.read(stored, faults);
    if (right) return rights.apply(right);
    const object = isObjectEvent(stored) ? this.objectReader.read(stored, faults) : undefined;
    if (!object) return rights.pass(stored);
    rights.note(stored);
    objects.apply(object);
  }
}

const isObjectEvent = ({ type }: StoredEvent): boolean => Object.hasOwn(objectEvents.types, type);
