import { Resumption } from '#event-sourcing';
import { idOf, ok, type CommandContext, type Recorded } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { organizationEvents, type OrganizationEvent } from '../organization.events.ts';
import { OrganizationDeletion } from './deletion.service.ts';

type Requested = Extract<OrganizationEvent, { readonly type: 'organization.deletion-requested.v1' }>;

/** Completes deletions that a crash interrupted, or that wait for the last application. */
@Injectable()
export class DeletionReactor extends Resumption<OrganizationEvent, Requested['type']> {
  readonly name = 'organization-deletion.v1';
  readonly events = organizationEvents;
  readonly types = ['organization.deletion-requested.v1'] as const;

  constructor(@Inject(OrganizationDeletion) private readonly deletion: OrganizationDeletion) {
    super();
  }

  protected async resume({ event, metadata }: Recorded<Requested>, context: CommandContext) {
    const { name, slug } = event.data;
    if (name === undefined || slug === undefined) return ok(undefined);
    return this.deletion.finish(idOf(metadata.stream), { name, slug }, context);
  }
}
