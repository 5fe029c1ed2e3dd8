import { Resumption } from '#event-sourcing';
import { ok, type CommandContext, type Recorded } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { OrganizationCreation } from './creation/creation.service.ts';
import { defaultOwnerOf, nameEvents, type NameClaimed, type NameEvent } from './names/name.events.ts';
import { OrganizationChanges } from './settings/organization-change.service.ts';

/** Completes creations and changes of organizations that a crash interrupted after their first claim of a name. */
@Injectable()
export class NameClaimsReactor extends Resumption<NameEvent, NameClaimed['type']> {
  readonly name = 'organization-founding.v1';
  readonly events = nameEvents;
  readonly types = ['name.claimed.v1'] as const;

  constructor(
    @Inject(OrganizationCreation) private readonly creation: OrganizationCreation,
    @Inject(OrganizationChanges) private readonly changes: OrganizationChanges,
  ) {
    super();
  }

  protected async resume({ event, metadata: { stream, revision } }: Recorded<NameClaimed>, context: CommandContext) {
    const { kind, organizationId, founding, change } = event.data;
    if (kind === 'default') return this.creation.resumeDefault(defaultOwnerOf(stream), organizationId, context);
    if (founding) return this.creation.resume(founding, revision, context);
    if (change) return this.changes.resume(change, { kind, name: change[kind], revision }, context);
    return ok(undefined);
  }
}
