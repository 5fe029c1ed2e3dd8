import { Resumption } from '#event-sourcing';
import { idOf, type CommandContext, type Recorded } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { organizationEvents, type OrganizationEvent } from '../organization.events.ts';
import { OrganizationDeletion } from './deletion.service.ts';

type Deleted = Extract<OrganizationEvent, { readonly type: 'organization.deleted.v1' }>;

/** Releases the names of deleted organizations, if a crash prevented it. */
@Injectable()
export class DeletionReactor extends Resumption<OrganizationEvent, Deleted['type']> {
  readonly name = 'organization-deletion.v1';
  readonly events = organizationEvents;
  readonly types = ['organization.deleted.v1'] as const;

  constructor(@Inject(OrganizationDeletion) private readonly deletion: OrganizationDeletion) {
    super();
  }

  protected resume({ metadata }: Recorded<Deleted>, context: CommandContext) {
    return this.deletion.releaseNames(idOf(metadata.stream), context);
  }
}
