import type { DirectoryFact } from '#access';
import { COMMANDS, type CommandRunner, type Reactor } from '#event-sourcing';
import { idOf, type Recorded } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { keyRingDecider } from '../key-ring.decider.ts';
import { keyRingStream } from '../key-ring.events.ts';

/**
 * Revokes the keys of a member who left and of an organization that was deleted. They are refused at once by whoever
 * checks them; this makes sure that none lives again when the member comes back.
 */
@Injectable()
export class DeparturesReactor implements Reactor<DirectoryFact> {
  readonly name = 'access-key-departures.v1';
  readonly types = ['organization.member-removed.v1', 'organization.deleted.v1'] as const;

  constructor(@Inject(COMMANDS) private readonly commands: CommandRunner) {}

  async react({ event, metadata }: Recorded<DirectoryFact>): Promise<void> {
    if (event.type !== 'organization.member-removed.v1' && event.type !== 'organization.deleted.v1') return;
    const organizationId = idOf(metadata.stream);
    const command =
      event.type === 'organization.member-removed.v1'
        ? ({ type: 'revoke-keys-of', memberId: event.data.memberId, reason: 'the member was removed' } as const)
        : ({ type: 'revoke-keys-of', reason: 'the organization was deleted' } as const);
    const outcome = await this.commands.run(keyRingDecider, keyRingStream(organizationId), command, {
      actor: { id: 'system:access-keys', kind: 'system', isGlobalAdmin: false },
      commandId: metadata.commandId,
      correlationId: metadata.correlationId,
      causationId: metadata.id,
      organizationId,
    });
    if (!outcome.ok) throw new Error(outcome.error.code);
  }
}
