import { createHash } from 'node:crypto';
import { BUS, type Bus } from '#bus';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import {
  BUILT_IN_ISSUER,
  isPasswordForm,
  type BuiltInIssuer,
  type PasswordPage,
  type PasswordPages,
} from '#identity/issuer';
import { CLOCK, err, IDS, ok, type Clock, type CommandContext, type DomainError, type Ids, type Result } from '#kernel';
import { findInvitationRequest } from '#organizations/contract';
import { SERVICE_SETTINGS, type ServiceSettings } from '#runtime';
import { Inject, Injectable } from '@nestjs/common';
import { identityErrors } from '../identity.errors.ts';
import { PEOPLE, type People } from '../people/people.service.ts';
import { passwordDecider, passwordStream } from './password.decider.ts';

const LIFETIME_MS = 24 * 3_600_000;
const SECRET_BYTES = 32;
const TOKEN = /^([0-9a-f-]{36})\.([A-Za-z0-9_-]{43})$/;

const digestOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/**
 * Links with which people set a password at the built-in issuer: one that a global admin creates, for an existing account;
 * and that of an invitation, which creates the account of the invited address, and never changes an existing one.
 */
@Injectable()
export class PasswordLinks implements PasswordPages {
  constructor(
    @Inject(BUILT_IN_ISSUER) private readonly builtIn: BuiltInIssuer | null,
    @Inject(SERVICE_SETTINGS) private readonly settings: ServiceSettings,
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(PEOPLE) private readonly people: People,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  /**
   * Creates a link for an account. It replaces an earlier one.
   *
   * @returns the link, which is `null` for a repeated command: only its digest is stored
   */
  async create(
    accountId: string,
    context: CommandContext,
  ): Promise<Result<{ readonly link: string | null; readonly expiresAt: string }, DomainError>> {
    const secret = Buffer.from(this.ids.random(SECRET_BYTES)).toString('base64url');
    const expiresAt = new Date(this.clock.now() + LIFETIME_MS).toISOString();
    const command = { type: 'create-link', tokenDigest: digestOf(secret), expiresAt } as const;
    const created = await this.commands.run(passwordDecider, passwordStream(accountId), command, context);
    if (!created.ok) return created;
    const { events, repeated } = created.value;
    const [event] = events;
    return ok({
      link: repeated ? null : `${this.builtIn?.issuer.issuer}/password/${accountId}.${secret}`,
      expiresAt: event?.type === 'password-link.created.v1' ? event.data.expiresAt : expiresAt,
    });
  }

  async find(kind: PasswordPage['kind'], token: string): Promise<Result<PasswordPage, DomainError>> {
    const { issuer } = this.builtIn ?? {};
    if (!issuer) return err(identityErrors.noSuchLink());
    if (kind === 'invitation') return this.invitationPage(token, issuer.accounts);
    const [, accountId = '', secret = ''] = TOKEN.exec(token) ?? [];
    const account = await issuer.accounts.find(accountId);
    if (!account) return err(identityErrors.noSuchLink());
    const command = { type: 'use-link', tokenDigest: digestOf(secret), nowMs: this.clock.now() } as const;
    const planned = await this.commands.plan(passwordDecider, passwordStream(accountId), command, this.bus.own({}));
    return planned.ok ? ok({ kind, email: account.email, hasAccount: true }) : planned;
  }

  async setPassword(
    kind: PasswordPage['kind'],
    token: string,
    password: string,
  ): Promise<Result<PasswordPage, DomainError>> {
    const page = await this.find(kind, token);
    if (!page.ok) return page;
    // Checked before the link is used, which cannot be undone.
    if (!isPasswordForm(password)) return err(identityErrors.passwordForm());
    const { issuer } = this.builtIn ?? {};
    if (!issuer) return err(identityErrors.noSuchLink());
    const { email } = page.value;
    if (kind === 'invitation') {
      if (page.value.hasAccount) return err(identityErrors.hasAccount());
      const created = await issuer.accounts.create({ email, password });
      return created.ok ? page : err(identityErrors.hasAccount());
    }
    const [, accountId = '', secret = ''] = TOKEN.exec(token) ?? [];
    const command = { type: 'use-link', tokenDigest: digestOf(secret), nowMs: this.clock.now() } as const;
    const used = await this.commands.run(passwordDecider, passwordStream(accountId), command, this.bus.own({}));
    if (!used.ok) return used;
    const { dataFolder } = this.settings;
    const changed = await issuer.changePassword({ email, password, dataFolder });
    return changed.ok ? page : changed;
  }

  private async invitationPage(
    token: string,
    accounts: BuiltInIssuer['issuer']['accounts'],
  ): Promise<Result<PasswordPage, DomainError>> {
    const found = await this.bus.request(findInvitationRequest, { token }, this.bus.own({}));
    if (!found.ok) return found;
    const { addressId, organization, role } = found.value;
    const email = await this.people.addressOf(addressId);
    if (email === undefined) return err(identityErrors.noSuchLink());
    const hasAccount = (await accounts.byAddress(email)) !== undefined;
    return ok({ kind: 'invitation', email, hasAccount, invitation: { organization, role } });
  }
}
