import { organizationNotFound } from '#access';
import { Caller, Input, refuse, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { changeOrganizationRequest } from '#organizations/contract';
import { Controller, Inject } from '@nestjs/common';
import { isActive } from '../organization.ts';
import { OrganizationViews } from '../overview/organization-views.service.ts';
import { OrganizationChanges } from './organization-change.service.ts';

@Controller()
export class SettingsHandlers {
  constructor(
    @Inject(OrganizationChanges) private readonly changes: OrganizationChanges,
    @Inject(OrganizationViews) private readonly views: OrganizationViews,
  ) {}

  @Serves(changeOrganizationRequest)
  async change(
    @Input() { name, slug, settings = {} }: InputOf<typeof changeOrganizationRequest>,
    @Caller() context: ContextOf<typeof changeOrganizationRequest>,
  ): Promise<ReplyTo<typeof changeOrganizationRequest>> {
    const wanted = { ...(name !== undefined && { name }), ...(slug !== undefined && { slug }), settings };
    const changed = await this.changes.change(wanted, context);
    if (!changed.ok) return changed;
    const views = await this.views.all([context.organizationId], context);
    if (!views.ok) return views;
    const [view] = views.value;
    const { state, meta } = changed.value;
    if (!view || !isActive(state)) return refuse(organizationNotFound());
    // The read model may be stale, and does not contain the result of a dry run.
    return reply({ ...view, name: state.name, slug: state.slug, settings: state.settings }, meta);
  }
}
