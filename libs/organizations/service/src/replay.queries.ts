import { replayOrganizationsRequest } from '#audit/contract';
import { Caller, DomainErrorException, Input, Serves, type ContextOf } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { replayDocuments, replayed } from '#event-sourcing';
import { EVENT_STORE, type EventStore } from '#event-store';
import { Controller, Inject } from '@nestjs/common';
import { InvitationViews } from './invitations/invitation-views.service.ts';
import { invitationsProjection } from './invitations/invitations.projection.ts';
import { membersProjection } from './members/members.projection.ts';
import { isPending } from './organization.ts';
import { organizationsProjection } from './overview/organizations.projection.ts';

/**
 * Returns what is replayed. Invitations end without an event, so only those are shown that could be accepted at the time.
 *
 * @param asOfMs milliseconds since 1970
 */
const replayedAt = (asOfMs: number) => [
  replayed('organization', organizationsProjection, ({ services, ...summary }, id) => ({
    [id]: { id, ...summary, services: services.length },
  })),
  replayed('member', membersProjection, ({ members }) =>
    Object.fromEntries(members.map((member) => [member.id, { ...member }])),
  ),
  replayed(
    'invitation',
    invitationsProjection,
    ({ organizationId: _, tokenDigest: _digest, invitedBy: invitedById, ...invitation }, id) => {
      const { state, expiresAt } = invitation;
      return isPending({ state, expiresAtMs: Date.parse(expiresAt) }, asOfMs)
        ? { [id]: { ...invitation, invitedById } }
        : {};
    },
  ),
];

/** Folds the state of this context at an earlier time, for the audit. */
@Controller()
export class ReplayQueries {
  constructor(
    @Inject(EVENT_STORE) private readonly eventStore: EventStore,
    @Inject(InvitationViews) private readonly views: InvitationViews,
  ) {}

  @Serves(replayOrganizationsRequest)
  async *replay(
    @Input() { asOf, ...section }: InputOf<typeof replayOrganizationsRequest>,
    @Caller() context: ContextOf<typeof replayOrganizationsRequest>,
  ): AsyncGenerator<OutputOf<typeof replayOrganizationsRequest>> {
    const documents = await replayDocuments(this.eventStore, replayedAt(Date.parse(asOf)), section);
    if (!documents.ok) throw new DomainErrorException(documents.error);
    const emails = await this.views.emailsOf(documents.value.flatMap(addressesOf), context);
    for (const document of documents.value) {
      const [addressId] = addressesOf(document);
      const { addressId: _, ...value } = document.value;
      yield addressId === undefined
        ? document
        : { ...document, value: { ...value, email: emails.get(addressId) ?? null } };
    }
  }
}

/** Returns the ID of the address of an invitation; nothing for other documents. */
const addressesOf = ({ value: { addressId } }: { readonly value: Readonly<Record<string, unknown>> }): string[] =>
  typeof addressId === 'string' ? [addressId] : [];
