import { ACCESS, can, organizationNotFound, type AccessSource } from '#access';
import { Caller, Input, refuse, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import { pageOf, type InputOf } from '#bus/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { CLOCK, type Clock } from '#kernel';
import { getOrganizationRequest, listOrganizationsRequest } from '#organizations/contract';
import { Controller, Inject } from '@nestjs/common';
import { organizationDecider } from '../organization.decider.ts';
import { organizationErrors } from '../organization.errors.ts';
import { organizationStream } from '../organization.events.ts';
import { isActive } from '../organization.ts';
import { OrganizationViews } from './organization-views.service.ts';

@Controller()
export class OrganizationsQueries {
  constructor(
    @Inject(OrganizationViews) private readonly views: OrganizationViews,
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Lists the organizations of the caller, or with `all` every organization (global admin, logged in). */
  @Serves(listOrganizationsRequest)
  async list(
    @Input() { all, ...place }: InputOf<typeof listOrganizationsRequest>,
    @Caller() context: ContextOf<typeof listOrganizationsRequest>,
  ): Promise<ReplyTo<typeof listOrganizationsRequest>> {
    const directory = await this.access.current();
    if (!directory.ok) return directory;
    if (all && !context.actor.isGlobalAdmin) {
      const decision = can(context.principal, 'platform.organizations', {}, directory.value, this.clock.now());
      const isTooOld = !decision.allowed && decision.error.code === 'login/too-old';
      return refuse(isTooOld ? decision.error : organizationErrors.listNeedsAdmin());
    }

    const present = all
      ? [...directory.value.organizations.values()].filter(({ status }) => status !== 'DELETED')
      : directory.value.organizationsOf(context.actor.id, this.clock.now());
    const { items, ...rest } = pageOf(present, ({ slug }) => slug, place);
    const views = await this.views.all(
      items.map(({ id }) => id),
      context,
    );
    return views.ok ? reply({ items: views.value, ...rest }) : views;
  }

  @Serves(getOrganizationRequest)
  async get(
    @Input() _input: InputOf<typeof getOrganizationRequest>,
    @Caller() context: ContextOf<typeof getOrganizationRequest>,
  ): Promise<ReplyTo<typeof getOrganizationRequest>> {
    const views = await this.views.all([context.organizationId], context);
    if (!views.ok) return views;
    const [view] = views.value;
    const loaded = await this.commands.load(organizationDecider, organizationStream(context.organizationId));
    if (!loaded.ok) return loaded;
    const { state, revision } = loaded.value;
    if (!view || !isActive(state)) return refuse(organizationNotFound());
    // The read model may be older than the revision, with which a change of these properties is compared.
    return reply({ ...view, name: state.name, slug: state.slug, settings: state.settings }, { revision });
  }
}
