import type { Reactor } from '#event-sourcing';
import type { CommandContext, DomainError, EventMetadata, Recorded, Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { defaultOwnerOf, nameEvents, type NameEvent } from '../names/name.events.ts';
import { ORGANIZATION_CREATION, type OrganizationCreation } from './creation.service.ts';

type NameClaimed = Extract<NameEvent, { readonly type: 'name.claimed.v1' }>;

/**
 * Finishes what a crash left half done: whoever claimed a name died before the organization's own stream began. Runs
 * after every claim; where the caller has finished already, nothing is recorded.
 */
@Injectable()
export class CreationReactor implements Reactor<NameEvent, 'name.claimed.v1'> {
  readonly name = 'organization-founding.v1';
  readonly events = nameEvents;
  readonly types = ['name.claimed.v1'] as const;

  constructor(@Inject(ORGANIZATION_CREATION) private readonly founder: OrganizationCreation) {}

  async react({ event, metadata }: Recorded<NameClaimed>): Promise<void> {
    const { kind, organizationId, founding } = event.data;
    const context = contextOf(metadata);
    if (kind === 'default')
      return settle(await this.founder.finishDefault(defaultOwnerOf(metadata.stream), organizationId, context));
    if (kind !== 'name' || founding === undefined) return;
    const held = await this.founder.holdsName(founding);
    if (!held.ok) return settle(held);
    if (held.value) settle(await this.founder.finish(founding, context));
  }
}

/** The half that is left is done in the name of whoever began it, under the same command. */
const contextOf = ({ actor, commandId, correlationId, id, organizationId }: EventMetadata): CommandContext => ({
  actor: { id: actor, kind: actor.startsWith('system:') ? 'system' : 'person', isGlobalAdmin: false },
  commandId,
  correlationId,
  causationId: id,
  ...(organizationId !== undefined && { organizationId }),
});

/** What is unavailable now is tried again; any other refusal is an answer that its caller has had already. */
function settle(outcome: Result<unknown, DomainError>): void {
  if (!outcome.ok && (outcome.error.kind === 'unavailable' || outcome.error.code === 'event-sourcing/contended'))
    throw new Error(outcome.error.code);
}
