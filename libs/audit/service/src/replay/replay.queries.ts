import {
  replayAccessKeysRequest,
  replayBillingRequest,
  replayDeploymentsRequest,
  replayOrganizationsRequest,
  replayRequest,
} from '#audit/contract';
import { BUS, Caller, Cancelled, DomainErrorException, Input, Serves, type Bus, type ContextOf } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { EVENT_STORE, type EventStore } from '#event-store';
import { CLOCK, position, type Clock } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { LogReaders } from '../access/log-readers.service.ts';
import { logEndOf, type LogEnd } from '../access/log-time.ts';

/** The contexts that have objects of organizations, in the order of the answer. */
const CONTEXTS = [
  replayOrganizationsRequest,
  replayAccessKeysRequest,
  replayBillingRequest,
  replayDeploymentsRequest,
] as const;

/** Folds an organization's events into its state. Each context folds its own, with the projections of its lists. */
@Controller()
export class ReplayQueries {
  constructor(
    @Inject(BUS) private readonly bus: Bus,
    @Inject(EVENT_STORE) private readonly eventStore: EventStore,
    @Inject(LogReaders) private readonly readers: LogReaders,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Serves(replayRequest)
  async *replay(
    @Input() { until }: InputOf<typeof replayRequest>,
    @Caller() context: ContextOf<typeof replayRequest>,
    @Cancelled() signal: AbortSignal,
  ): AsyncGenerator<OutputOf<typeof replayRequest>> {
    const { organizationId } = context;
    const isReader = await this.readers.checkWholeLog(context);
    if (!isReader.ok) throw new DomainErrorException(isReader.error);
    const head = await this.eventStore.head();
    const end = until === undefined ? undefined : logEndOf(until, head, this.clock.now());
    if (end?.ok === false) throw new DomainErrorException(end.error);
    const section = {
      organizationId,
      asOf: new Date(await this.timeOf(end?.value)).toISOString(),
      position: end && 'sequence' in end.value ? position(this.eventStore.storeId, end.value.sequence) : head,
      ...(end && 'timeMs' in end.value && { time: new Date(end.value.timeMs).toISOString() }),
    };
    for (const contract of CONTEXTS) yield* this.bus.stream(contract, section, this.bus.own(context), signal);
  }

  /**
   * Returns the time of an end of the log, in milliseconds since 1970: now without one; for a sequence, when its event or,
   * if there is none, the next one was recorded.
   */
  private async timeOf(end: LogEnd | undefined): Promise<number> {
    if (end === undefined) return this.clock.now();
    if ('timeMs' in end) return end.timeMs;
    const { sequence } = end;
    const after = position(this.eventStore.storeId, Math.max(0, sequence - 1));
    for await (const { recordedAt } of this.eventStore.readAll({ after, limit: 1 })) return Date.parse(recordedAt);
    return this.clock.now();
  }
}
