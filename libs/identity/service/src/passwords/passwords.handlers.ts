import { Caller, Input, refuse, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { IDENTITY_CONFIG, passwordLinkRequest, type IdentityConfig } from '#identity/contract';
import { BUILT_IN_ISSUER, type BuiltInIssuer, type Issuer } from '#identity/issuer';
import { Controller, Inject } from '@nestjs/common';
import { identityErrors } from '../identity.errors.ts';
import { MailDelivery } from '../mail/mail-delivery.service.ts';
import { writePasswordLink } from '../mail/mail.templates.ts';
import { PEOPLE, type People } from '../people/people.service.ts';
import { PasswordLinks } from './password-links.service.ts';

@Controller()
export class PasswordsHandlers {
  constructor(
    @Inject(PasswordLinks) private readonly links: PasswordLinks,
    @Inject(PEOPLE) private readonly people: People,
    @Inject(MailDelivery) private readonly delivery: MailDelivery,
    @Inject(IDENTITY_CONFIG) private readonly config: IdentityConfig,
    @Inject(BUILT_IN_ISSUER) private readonly builtIn: BuiltInIssuer | null,
  ) {}

  /** Creates a link to set a new password. A mail server sends it to the account's address; else the admin gets it. */
  @Serves(passwordLinkRequest)
  async create(
    @Input() { user }: InputOf<typeof passwordLinkRequest>,
    @Caller() context: ContextOf<typeof passwordLinkRequest>,
  ): Promise<ReplyTo<typeof passwordLinkRequest>> {
    if (!this.builtIn) return refuse(identityErrors.passwordsElsewhere(this.config.issuer));
    const account = await this.accountOf(user, this.builtIn.issuer);
    if (!account) return refuse(identityErrors.noSuchAccount());
    const created = await this.links.create(account.id, context);
    if (!created.ok) return created;
    const { link, expiresAt } = created.value;
    const { reachesPeople: mailed } = this.delivery;
    if (!mailed || link === null) return reply({ link, expiresAt, mailed }, { created: true });
    await this.delivery.accept({
      id: `password-link.${context.commandId.slice(0, 32)}`,
      to: account.email,
      ...writePasswordLink(link, expiresAt),
    });
    return reply({ link: null, expiresAt, mailed }, { created: true });
  }

  /** Returns the account of an address, also before its first login, or that of a user. */
  private async accountOf(user: string, { accounts, issuer }: Issuer) {
    if (user.includes('@')) return accounts.byAddress(user);
    const person = await this.people.get(user);
    return person?.issuer === issuer ? accounts.find(person.subject) : undefined;
  }
}
