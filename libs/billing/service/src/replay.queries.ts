import { replayBillingRequest } from '#audit/contract';
import { DomainErrorException, Input, Serves } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { replayDocuments, replayed } from '#event-sourcing';
import { EVENT_STORE, type EventStore } from '#event-store';
import { Controller, Inject } from '@nestjs/common';
import { subscriptionsProjection } from './overview/subscriptions.projection.ts';

const REPLAYED = [
  replayed('subscription', subscriptionsProjection, (subscription, id) => ({ [id]: { ...subscription } })),
];

/** Folds the state of this context at an earlier time, for the audit. */
@Controller()
export class ReplayQueries {
  constructor(@Inject(EVENT_STORE) private readonly eventStore: EventStore) {}

  @Serves(replayBillingRequest)
  async *replay(
    @Input() section: InputOf<typeof replayBillingRequest>,
  ): AsyncGenerator<OutputOf<typeof replayBillingRequest>> {
    const documents = await replayDocuments(this.eventStore, REPLAYED, section);
    if (!documents.ok) throw new DomainErrorException(documents.error);
    yield* documents.value;
  }
}
