import { ACCESS, type AccessSource } from '#access';
import { Caller, Input, refuse, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import { pageOf, type InputOf } from '#bus/contract';
import { COMMANDS, READ_MODELS, type CommandRunner, type ReadModels } from '#event-sourcing';
import { CLOCK, type Clock } from '#kernel';
import { findInvitationRequest, listInvitationsRequest, listOwnInvitationsRequest } from '#organizations/contract';
import { Controller, Inject } from '@nestjs/common';
import { organizationDecider } from '../organization.decider.ts';
import { organizationErrors } from '../organization.errors.ts';
import { organizationStream } from '../organization.events.ts';
import { isActive, isPending } from '../organization.ts';
import { InvitationTokens } from './invitation-tokens.service.ts';
import { InvitationViews } from './invitation-views.service.ts';
import { invitationsProjection } from './invitations.projection.ts';
import { endedError } from './invite-member.ts';

@Controller()
export class InvitationsQueries {
  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(InvitationTokens) private readonly tokens: InvitationTokens,
    @Inject(InvitationViews) private readonly views: InvitationViews,
  ) {}

  @Serves(listInvitationsRequest)
  async list(
    @Input() { limit, cursor }: InputOf<typeof listInvitationsRequest>,
    @Caller() context: ContextOf<typeof listInvitationsRequest>,
  ): Promise<ReplyTo<typeof listInvitationsRequest>> {
    const query = {
      where: { organizationId: context.organizationId },
      sort: { field: 'createdAt', direction: 'descending' },
      limit,
      ...(cursor !== undefined && { cursor }),
    } as const;
    const found = await this.readModels.find(invitationsProjection, query, context.consistency);
    if (!found.ok) return refuse(found.error);
    const { items, next } = found.value;
    const views = await this.views.forAdmins(
      items.map(({ document }) => document),
      context,
    );
    return reply({ items: views, ...(next !== undefined && { next }) });
  }

  @Serves(listOwnInvitationsRequest)
  async own(
    @Input() place: InputOf<typeof listOwnInvitationsRequest>,
    @Caller() context: ContextOf<typeof listOwnInvitationsRequest>,
  ): Promise<ReplyTo<typeof listOwnInvitationsRequest>> {
    const directory = await this.access.current();
    if (!directory.ok) return refuse(directory.error);
    const pending = await this.views.pendingOf(context.actor.id, directory.value, context);
    if (!pending.ok) return refuse(pending.error);
    const { items, ...rest } = pageOf(pending.value, ({ createdAt, id }) => `${createdAt} ${id}`, place);
    return reply({ items: await this.views.forInvited(items, directory.value, context), ...rest });
  }

  /** Returns the invitation of a token if it can be accepted now, according to the organization's stream. */
  @Serves(findInvitationRequest)
  async find(
    @Input() { token }: InputOf<typeof findInvitationRequest>,
  ): Promise<ReplyTo<typeof findInvitationRequest>> {
    const tokenDigest = this.tokens.digestOf(token);
    const found = await this.readModels.find(invitationsProjection, { where: { tokenDigest }, limit: 1 });
    if (!found.ok) return refuse(found.error);
    const listed = found.value.items[0]?.document;
    if (!listed) return refuse(organizationErrors.noSuchInvitation());
    const loaded = await this.commands.load(organizationDecider, organizationStream(listed.organizationId));
    if (!loaded.ok) return refuse(loaded.error);
    const { state } = loaded.value;
    const invitation = isActive(state) ? state.invitations.get(listed.id) : undefined;
    if (!isActive(state) || invitation?.tokenDigest !== tokenDigest)
      return refuse(organizationErrors.noSuchInvitation());
    if (invitation.state !== 'PENDING') return refuse(endedError(invitation.state));
    if (!isPending(invitation, this.clock.now())) return refuse(organizationErrors.invitationExpired());
    return reply({ addressId: invitation.addressId, organization: state.name, role: invitation.role });
  }
}
