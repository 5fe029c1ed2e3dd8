import { ACCESS, type AccessSource } from '#access';
import { explainLimit } from '#billing/contract';
import {
  BUS,
  Caller,
  Input,
  refuse,
  Serves,
  type Bus,
  type ContextOf,
  type OrganizationContext,
  type ReplyTo,
  type RequestContext,
} from '#bus';
import type { InputOf } from '#bus/contract';
import { COMMANDS, READ_MODELS, type Committed, type CommandRunner, type ReadModels } from '#event-sourcing';
import { invitationLinkRequest, ownAddressRequest, registerAddressRequest } from '#identity/contract';
import { CLOCK, err, ok, parseInstant, type Clock, type DomainError, type Result } from '#kernel';
import {
  acceptInvitationRequest,
  declineInvitationRequest,
  inviteRequest,
  resendInvitationRequest,
  revokeInvitationRequest,
  type InvitationView,
  type SentInvitation,
} from '#organizations/contract';
import { Controller, Inject } from '@nestjs/common';
import { organizationDecider } from '../organization.decider.ts';
import { organizationErrors } from '../organization.errors.ts';
import { organizationStream, type OrganizationEvent } from '../organization.events.ts';
import { isActive, type Organization } from '../organization.ts';
import type { AnswerInvitation } from './answer-invitation.ts';
import { InvitationTokens } from './invitation-tokens.service.ts';
import { InvitationViews } from './invitation-views.service.ts';
import { invitationsProjection, type ListedInvitation } from './invitations.projection.ts';
import { DEFAULT_LIFETIME, lifetimeMs } from './lifetime.ts';

/** How long the address of an invitation is stored after its end, so that lists show it. */
const KEEP_ADDRESS_MS = 30 * 86_400_000;

type State = Committed<Organization, OrganizationEvent>;

@Controller()
export class InvitationsHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(InvitationTokens) private readonly tokens: InvitationTokens,
    @Inject(InvitationViews) private readonly views: InvitationViews,
  ) {}

  /** Invites a person. The e-mail is sent by a reactor that follows the event, so that no mail server delays this. */
  @Serves(inviteRequest)
  async invite(
    @Input() { email, role, audit, auditUntil, expires }: InputOf<typeof inviteRequest>,
    @Caller() context: ContextOf<typeof inviteRequest>,
  ): Promise<ReplyTo<typeof inviteRequest>> {
    const livesMs = lifetimeMs(expires);
    if (livesMs === undefined) return refuse(organizationErrors.invitationLifetime());
    const untilMs = auditUntil === undefined ? undefined : parseInstant(auditUntil);
    if (auditUntil !== undefined && untilMs === undefined) return refuse(organizationErrors.auditUntil());
    const nowMs = this.clock.now();
    const keepUntil = new Date(nowMs + livesMs + KEEP_ADDRESS_MS).toISOString();
    const address = await this.bus.request(registerAddressRequest, { email, keepUntil }, this.bus.own(context));
    if (!address.ok) return refuse(address.error);

    const invitationId = `inv_${this.commands.newId(context, 0).replaceAll('-', '').slice(0, 16)}`;
    const token = await this.tokens.tokenOf(invitationId, context.commandId);
    const command = {
      type: 'invite-member',
      invitationId,
      addressId: address.value.addressId,
      userId: address.value.userId ?? undefined,
      role,
      audit,
      ...(untilMs !== undefined && { auditUntil: new Date(untilMs).toISOString() }),
      expiresAt: new Date(nowMs + livesMs).toISOString(),
      tokenDigest: this.tokens.digestOf(token),
      nowMs,
    } as const;
    const response = await this.commands.reply(
      organizationDecider,
      organizationStream(context.organizationId),
      command,
      context,
      (committed) => this.sent(invitationId, token, committed, context),
      { creates: 'organization.member-invited.v1' },
    );
    return explainLimit(this.bus, response, context);
  }

  /** Sends an invitation again with a new token, for as long as a new invitation is valid. */
  @Serves(resendInvitationRequest)
  async resend(
    @Input() { id: invitationId }: InputOf<typeof resendInvitationRequest>,
    @Caller() context: ContextOf<typeof resendInvitationRequest>,
  ): Promise<ReplyTo<typeof resendInvitationRequest>> {
    const nowMs = this.clock.now();
    const kept = await this.keepAddress(invitationId, nowMs, context);
    if (!kept.ok) return refuse(kept.error);
    const token = await this.tokens.tokenOf(invitationId, context.commandId);
    const command = {
      type: 'resend-invitation',
      invitationId,
      expiresAt: new Date(nowMs + DEFAULT_LIFETIME).toISOString(),
      tokenDigest: this.tokens.digestOf(token),
      nowMs,
    } as const;
    const stream = organizationStream(context.organizationId);
    const response = await this.commands.reply(organizationDecider, stream, command, context, (committed) =>
      this.sent(invitationId, token, committed, context),
    );
    return explainLimit(this.bus, response, context);
  }

  @Serves(revokeInvitationRequest)
  async revoke(
    @Input() { id: invitationId }: InputOf<typeof revokeInvitationRequest>,
    @Caller() context: ContextOf<typeof revokeInvitationRequest>,
  ): Promise<ReplyTo<typeof revokeInvitationRequest>> {
    const command = { type: 'revoke-invitation', invitationId, nowMs: this.clock.now() } as const;
    const stream = organizationStream(context.organizationId);
    return this.commands.reply(organizationDecider, stream, command, context, (committed) =>
      this.view(invitationId, committed, context),
    );
  }

  @Serves(acceptInvitationRequest)
  async accept(
    @Input() { token }: InputOf<typeof acceptInvitationRequest>,
    @Caller() context: ContextOf<typeof acceptInvitationRequest>,
  ): Promise<ReplyTo<typeof acceptInvitationRequest>> {
    return this.answer('accept-invitation', token, context);
  }

  @Serves(declineInvitationRequest)
  async decline(
    @Input() { token }: InputOf<typeof declineInvitationRequest>,
    @Caller() context: ContextOf<typeof declineInvitationRequest>,
  ): Promise<ReplyTo<typeof declineInvitationRequest>> {
    return this.answer('decline-invitation', token, context);
  }

  private async answer(
    type: AnswerInvitation['type'],
    token: string,
    context: RequestContext,
  ): Promise<ReplyTo<typeof acceptInvitationRequest>> {
    const directory = await this.access.current();
    if (!directory.ok) return refuse(directory.error);
    const own = await this.bus.request(ownAddressRequest, { userId: context.actor.id }, this.bus.own(context));
    if (!own.ok) return refuse(own.error);
    const addressId = own.value.addressId ?? undefined;
    const found = await this.byToken(token, addressId, context);
    if (!found.ok) return refuse(found.error);
    const { invitation, tokenDigest } = found.value;
    const { organizationId, id: invitationId } = invitation;
    const command = {
      type,
      invitationId,
      addressId,
      ...(tokenDigest !== undefined && { tokenDigest }),
      isInviterGlobalAdmin: directory.value.users.get(invitation.invitedBy)?.globalRole === 'admin',
      nowMs: this.clock.now(),
    } as const;
    const response = await this.commands.reply(
      organizationDecider,
      organizationStream(organizationId),
      command,
      { ...context, organizationId },
      async () => {
        const [view] = await this.views.forInvited([invitation], directory.value, context);
        return view ?? null;
      },
    );
    if (!response.ok) return response;
    const { value } = response;
    return value === null ? refuse(organizationErrors.noSuchInvitation()) : { ...response, value };
  }

  /** Returns the invitation of a token, or by its ID if it is for the caller's address. */
  private async byToken(
    token: string,
    addressId: string | undefined,
    context: RequestContext,
  ): Promise<Result<{ readonly invitation: ListedInvitation; readonly tokenDigest?: string }, DomainError>> {
    const tokenDigest = this.tokens.digestOf(token);
    const query = { where: { tokenDigest }, limit: 1 };
    const byDigest = await this.readModels.find(invitationsProjection, query, context.consistency);
    if (!byDigest.ok) return byDigest;
    const invitation = byDigest.value.items[0]?.document;
    if (invitation) return ok({ invitation, tokenDigest });
    const byId = await this.readModels.get(invitationsProjection, token, context.consistency);
    if (!byId.ok) return byId;
    const listed = byId.value?.document;
    // An ID is not a secret, so it must not show that somebody else's invitation exists.
    return listed && listed.addressId === addressId
      ? ok({ invitation: listed })
      : err(organizationErrors.noSuchInvitation());
  }

  /** Stores the address of an invitation for longer, before it is sent again. */
  private async keepAddress(
    invitationId: string,
    nowMs: number,
    context: OrganizationContext,
  ): Promise<Result<void, DomainError>> {
    const found = await this.readModels.get(invitationsProjection, invitationId, context.consistency);
    if (!found.ok) return found;
    const listed = found.value?.document;
    if (listed?.organizationId !== context.organizationId) return ok(undefined); // the stream decides about it
    const [view] = await this.views.forAdmins([listed], context);
    if (!view?.email) return err(organizationErrors.addressGone());
    const keepUntil = new Date(nowMs + DEFAULT_LIFETIME + KEEP_ADDRESS_MS).toISOString();
    const input = { email: view.email, keepUntil };
    const kept = await this.bus.request(registerAddressRequest, input, this.bus.own(context));
    return kept.ok ? ok(undefined) : kept;
  }

  /** Returns an invitation that was just sent, with its link if the inviter has to hand it over. */
  private async sent(
    invitationId: string,
    token: string,
    committed: State,
    context: OrganizationContext,
  ): Promise<SentInvitation> {
    const view = await this.view(invitationId, committed, context);
    if (committed.repeated) return { ...view, link: null };
    const found = await this.bus.request(invitationLinkRequest, { token }, this.bus.own(context));
    return { ...view, link: found.ok ? found.value.link : null };
  }

  private async view(
    invitationId: string,
    { state }: Pick<State, 'state'>,
    context: OrganizationContext,
  ): Promise<InvitationView> {
    const invitation = isActive(state) ? state.invitations.get(invitationId) : undefined;
    if (!invitation) throw new Error('the command did not record its invitation');
    const { expiresAtMs, auditUntil = null, ...rest } = invitation;
    const before = await this.readModels.get(invitationsProjection, invitationId);
    const createdAt = before.ok ? before.value?.document.createdAt : undefined;
    const listed = {
      ...rest,
      id: invitationId,
      organizationId: context.organizationId,
      auditUntil,
      createdAt: createdAt ?? new Date(this.clock.now()).toISOString(),
      expiresAt: new Date(expiresAtMs).toISOString(),
    };
    const [view] = await this.views.forAdmins([listed], context);
    if (!view) throw new Error('an invitation has one view');
    return view;
  }
}
