import { organizationEvents, type OrganizationEvent } from '#access';
import { COMMANDS, reactionContext, type CommandRunner, type Reactor } from '#event-sourcing';
import { idOf, LOGGER, type Logger, type Recorded } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { keyRingDecider } from '../key-ring.decider.ts';
import { keyRingStream } from '../key-ring.events.ts';

type Departure = Extract<
  OrganizationEvent,
  { readonly type: 'organization.member-removed.v1' | 'organization.deleted.v1' }
>;

/**
 * Revokes the keys of a member who left, and of a deleted organization. They are rejected immediately at each check;
 * the revocation ensures that none becomes valid again if the member returns.
 */
@Injectable()
export class DeparturesReactor implements Reactor<OrganizationEvent, Departure['type']> {
  readonly name = 'access-key-departures.v1';
  readonly events = organizationEvents;
  readonly types = ['organization.member-removed.v1', 'organization.deleted.v1'] as const;

  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  async react({ event, metadata }: Recorded<Departure>): Promise<void> {
    const organizationId = idOf(metadata.stream);
    const command =
      event.type === 'organization.member-removed.v1'
        ? ({ type: 'revoke-keys-of', memberId: event.data.memberId, reason: 'the member was removed' } as const)
        : ({ type: 'revoke-keys-of', reason: 'the organization was deleted' } as const);
    const outcome = await this.commands.run(
      keyRingDecider,
      keyRingStream(organizationId),
      command,
      reactionContext('access-keys', metadata),
    );
    if (!outcome.ok) throw new Error(outcome.error.code);
    for (const { type, data } of outcome.value.events)
      if (type === 'access-key.revoked.v1')
        this.log.info({ keyId: data.keyId, organizationId, reason: data.reason }, 'an access key was revoked');
  }
}
