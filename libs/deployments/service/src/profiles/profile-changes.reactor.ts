import { Resumption } from '#event-sourcing';
import { idOf, ok, type CommandContext, type Recorded } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { catalogEvents, type CatalogEvent } from '../catalog/catalog.events.ts';
import { ProfileChanges } from './profile-changes.service.ts';

type Begun = Extract<CatalogEvent, { readonly type: 'catalog.name-claimed.v1' | 'catalog.name-retiring.v1' }>;

/** Completes creations and deletions of profiles that a crash interrupted. */
@Injectable()
export class ProfileChangesReactor extends Resumption<CatalogEvent, Begun['type']> {
  readonly name = 'deployments-profile-changes.v1';
  readonly events = catalogEvents;
  readonly types = ['catalog.name-claimed.v1', 'catalog.name-retiring.v1'] as const;

  constructor(@Inject(ProfileChanges) private readonly changes: ProfileChanges) {
    super();
  }

  protected async resume({ event, metadata }: Recorded<Begun>, context: CommandContext) {
    if (event.data.kind !== 'profile') return ok(undefined);
    const organizationId = idOf(metadata.stream);
    return event.type === 'catalog.name-claimed.v1' && event.data.kind === 'profile'
      ? this.changes.resumeCreation(organizationId, event.data, context)
      : this.changes.end(organizationId, event.data, context);
  }
}
