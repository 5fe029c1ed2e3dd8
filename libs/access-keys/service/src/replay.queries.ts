import { replayAccessKeysRequest } from '#audit/contract';
import { DomainErrorException, Input, Serves } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { replayDocuments, replayed } from '#event-sourcing';
import { EVENT_STORE, type EventStore } from '#event-store';
import { Controller, Inject } from '@nestjs/common';
import { keysProjection } from './overview/keys.projection.ts';

const REPLAYED = [replayed('access-key', keysProjection, ({ organizationId: _, ...key }, id) => ({ [id]: key }))];

/** Folds the state of this context at an earlier time, for the audit. */
@Controller()
export class ReplayQueries {
  constructor(@Inject(EVENT_STORE) private readonly eventStore: EventStore) {}

  @Serves(replayAccessKeysRequest)
  async *replay(
    @Input() section: InputOf<typeof replayAccessKeysRequest>,
  ): AsyncGenerator<OutputOf<typeof replayAccessKeysRequest>> {
    const documents = await replayDocuments(this.eventStore, REPLAYED, section);
    if (!documents.ok) throw new DomainErrorException(documents.error);
    yield* documents.value;
  }
}
