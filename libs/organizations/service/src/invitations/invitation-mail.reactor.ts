import { BUS, type Bus } from '#bus';
import { COMMANDS, type CommandRunner, type Reactor } from '#event-sourcing';
import { sendMailRequest } from '#identity/contract';
import { CLOCK, idOf, LOGGER, type Clock, type Logger, type Recorded } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { organizationDecider } from '../organization.decider.ts';
import { organizationEvents, type OrganizationEvent } from '../organization.events.ts';
import { isActive, isPending } from '../organization.ts';
import { InvitationTokens } from './invitation-tokens.service.ts';

type Sent = Extract<
  OrganizationEvent,
  { readonly type: 'organization.member-invited.v1' | 'organization.invitation-resent.v1' }
>;

/** Sends the e-mail of an invitation through identity, which knows the address. */
@Injectable()
export class InvitationMailReactor implements Reactor<OrganizationEvent, Sent['type']> {
  readonly name = 'invitation-mail.v1';
  readonly events = organizationEvents;
  readonly types = ['organization.member-invited.v1', 'organization.invitation-resent.v1'] as const;

  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(InvitationTokens) private readonly tokens: InvitationTokens,
  ) {}

  async react({ event, metadata }: Recorded<Sent>): Promise<void> {
    const organizationId = idOf(metadata.stream);
    const { invitationId, tokenDigest, expiresAt, invitedBy } = event.data;
    const loaded = await this.commands.load(organizationDecider, metadata.stream);
    if (!loaded.ok) throw new Error(loaded.error.code);
    const { state } = loaded.value;
    const invitation = isActive(state) ? state.invitations.get(invitationId) : undefined;
    // It was answered, revoked, or sent again in the meantime.
    if (!isActive(state) || invitation?.tokenDigest !== tokenDigest || !isPending(invitation, this.clock.now())) return;
    const token = await this.tokens.tokenOf(invitationId, metadata.commandId);
    if (this.tokens.digestOf(token) !== tokenDigest) {
      // The key was lost with its vault. Sending the invitation again creates a valid token.
      this.logger.warn({ organizationId, invitationId }, 'the link of an invitation cannot be derived anymore');
      return;
    }
    const { name: organization } = state;
    const { role, addressId } = invitation;
    const values = { organization, role, invitedBy, token, expiresAt };
    const sent = await this.bus.request(
      sendMailRequest,
      { id: `invitation.${metadata.id}`, to: { addressId }, message: { template: 'invitation', values } },
      this.bus.own({ organizationId, correlationId: metadata.correlationId }),
    );
    if (!sent.ok) throw new Error(sent.error.code);
    if (!sent.value.accepted)
      this.logger.warn({ organizationId, invitationId }, 'the address of an invitation is no longer stored');
  }
}
