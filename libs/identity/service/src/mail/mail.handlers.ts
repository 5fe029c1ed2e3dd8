import { Input, reply, Serves, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import {
  addressesRequest,
  IDENTITY_CONFIG,
  invitationLinkRequest,
  ownAddressRequest,
  registerAddressRequest,
  sendMailRequest,
  type IdentityConfig,
} from '#identity/contract';
import { BUILT_IN_ISSUER, type BuiltInIssuer } from '#identity/issuer';
import { Controller, Inject } from '@nestjs/common';
import { PEOPLE, type People } from '../people/people.service.ts';
import { MailDelivery } from './mail-delivery.service.ts';
import { write } from './mail.templates.ts';

/** E-mail of other contexts, and the addresses of people who were invited. */
@Controller()
export class MailHandlers {
  constructor(
    @Inject(PEOPLE) private readonly people: People,
    @Inject(MailDelivery) private readonly delivery: MailDelivery,
    @Inject(IDENTITY_CONFIG) private readonly config: IdentityConfig,
    @Inject(BUILT_IN_ISSUER) private readonly builtIn: BuiltInIssuer | null,
  ) {}

  @Serves(sendMailRequest)
  async send(@Input() { id, to, message }: InputOf<typeof sendMailRequest>): Promise<ReplyTo<typeof sendMailRequest>> {
    const address =
      'addressId' in to ? await this.people.addressOf(to.addressId) : (await this.people.get(to.userId))?.email;
    if (address == null) return reply({ accepted: false });
    const causedBy = message.template === 'invitation' ? await this.people.get(message.values.invitedBy) : undefined;
    const written = write(message, {
      publicUrl: this.config.publicUrl,
      from: causedBy?.email ?? causedBy?.name ?? undefined,
      invitationLink: (token) => this.linkOf(token),
      to: address,
    });
    await this.delivery.accept({ id, to: address, ...written });
    return reply({ accepted: true });
  }

  @Serves(invitationLinkRequest)
  link(@Input() { token }: InputOf<typeof invitationLinkRequest>): Promise<ReplyTo<typeof invitationLinkRequest>> {
    return Promise.resolve(reply({ link: this.delivery.reachesPeople ? null : this.linkOf(token) }));
  }

  @Serves(registerAddressRequest)
  async register(
    @Input() { email, keepUntil }: InputOf<typeof registerAddressRequest>,
  ): Promise<ReplyTo<typeof registerAddressRequest>> {
    const addressId = await this.people.registerAddress(email, Date.parse(keepUntil));
    return reply({ addressId, userId: (await this.people.byAddress(email)) ?? null });
  }

  @Serves(addressesRequest)
  async addresses(
    @Input() { addressIds }: InputOf<typeof addressesRequest>,
  ): Promise<ReplyTo<typeof addressesRequest>> {
    const addresses: { addressId: string; email: string }[] = [];
    for (const addressId of addressIds) {
      const email = await this.people.addressOf(addressId);
      if (email !== undefined) addresses.push({ addressId, email });
    }
    return reply({ addresses });
  }

  @Serves(ownAddressRequest)
  async own(@Input() { userId }: InputOf<typeof ownAddressRequest>): Promise<ReplyTo<typeof ownAddressRequest>> {
    return reply({ addressId: (await this.people.verifiedAddressId(userId)) ?? null });
  }

  /**
   * Returns the page of the built-in issuer, where new people set a password. With another issuer, the page of the
   * console, or the command that accepts the invitation if the console has no login.
   */
  private linkOf(token: string): string {
    if (this.builtIn) return `${this.builtIn.issuer.issuer}/invitation/${token}`;
    const { publicUrl, consoleClientId } = this.config;
    return consoleClientId === undefined
      ? `astroctl org accept ${token} --api-url ${publicUrl}`
      : `${publicUrl}/invite/${token}`;
  }
}
