import { replayOrganizationsRequest } from '#audit/contract';
import { DomainErrorException, Input, Serves } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { replayDocuments, replayed } from '#event-sourcing';
import { EVENT_STORE, type EventStore } from '#event-store';
import { Controller, Inject } from '@nestjs/common';
import { membersProjection } from './members/members.projection.ts';
import { organizationsProjection } from './overview/organizations.projection.ts';

const REPLAYED = [
  replayed('organization', organizationsProjection, ({ services, ...summary }, id) => ({
    [id]: { id, ...summary, services: services.length },
  })),
  replayed('member', membersProjection, ({ members }) =>
    Object.fromEntries(members.map((member) => [member.id, { ...member }])),
  ),
];

/** Folds the state of this context at an earlier time, for the audit. */
@Controller()
export class ReplayQueries {
  constructor(@Inject(EVENT_STORE) private readonly eventStore: EventStore) {}

  @Serves(replayOrganizationsRequest)
  async *replay(
    @Input() section: InputOf<typeof replayOrganizationsRequest>,
  ): AsyncGenerator<OutputOf<typeof replayOrganizationsRequest>> {
    const documents = await replayDocuments(this.eventStore, REPLAYED, section);
    if (!documents.ok) throw new DomainErrorException(documents.error);
    yield* documents.value;
  }
}
