import {
  EventStoreUnavailableError,
  isSameEvent,
  type AppendError,
  type Appended,
  type EventStore,
  type SealedEvent,
} from '#event-store';
import { chance, err, pause, type Clock, type Ids, type Result } from '#kernel';

/** Milliseconds before each retry of an append whose outcome is unknown. */
const RETRY_AFTER_MS = [20, 80, 320] as const;

/** Appends to an event store whose acknowledgement may be lost. */
export class ReliableAppend {
  constructor(
    private readonly options: { readonly eventStore: EventStore; readonly clock: Clock; readonly ids: Ids },
  ) {}

  /**
   * Appends events, and retries with identical events if the acknowledgement was lost. The success of a retry is
   * verified by reading the events, because some engines report success if other events have the same IDs.
   *
   * @param expected revision of the last event in the stream
   */
  async append(
    stream: string,
    sealed: readonly SealedEvent[],
    expected: number,
  ): Promise<Result<Appended, AppendError>> {
    const { eventStore, clock } = this.options;
    for (let lost = 0; ; lost += 1) {
      try {
        const outcome = await eventStore.append(stream, sealed, expected);
        if (!outcome.ok || lost === 0 || (await this.isStored(stream, sealed, expected))) return outcome;
        return err({ code: 'event-store/revision-conflict', expected, actual: expected + sealed.length });
      } catch (error) {
        const pauseMs = RETRY_AFTER_MS[lost];
        if (!(error instanceof EventStoreUnavailableError) || error.isDiskFull || pauseMs === undefined) throw error;
        await pause(clock, pauseMs + this.jitter(pauseMs / 2));
      }
    }
  }

  /** Waits before a retry after conflicts. The more conflicts, the longer; the first retry is immediate. */
  async backOff(conflicts: number): Promise<void> {
    if (conflicts > 1) await pause(this.options.clock, this.jitter(Math.min(2 ** conflicts, 50)));
  }

  private async isStored(stream: string, sealed: readonly SealedEvent[], expected: number): Promise<boolean> {
    let index = 0;
    for await (const stored of this.options.eventStore.read(stream, { from: expected + 1, limit: sealed.length })) {
      const event = sealed[index];
      if (event === undefined || !isSameEvent(stored, event)) return false;
      index += 1;
    }
    return index === sealed.length;
  }

  private jitter(upToMs: number): number {
    return chance(this.options.ids) * upToMs;
  }
}
