import { Resumption } from '#event-sourcing';
import { ok, type CommandContext, type Recorded } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { defaultOwnerOf, nameEvents, type NameClaimed, type NameEvent } from '../names/name.events.ts';
import { OrganizationCreation } from './creation.service.ts';

/** Finishes creations of organizations that a crash has cut behind the claim of a name. */
@Injectable()
export class CreationReactor extends Resumption<NameEvent, NameClaimed['type']> {
  readonly name = 'organization-founding.v1';
  readonly events = nameEvents;
  readonly types = ['name.claimed.v1'] as const;

  constructor(@Inject(OrganizationCreation) private readonly creation: OrganizationCreation) {
    super();
  }

  protected async resume({ event, metadata }: Recorded<NameClaimed>, context: CommandContext) {
    const { kind, organizationId, founding: draft } = event.data;
    if (kind === 'default')
      return this.creation.resumeDefault(defaultOwnerOf(metadata.stream), organizationId, context);
    return draft ? this.creation.resume(draft, context) : ok(undefined);
  }
}
