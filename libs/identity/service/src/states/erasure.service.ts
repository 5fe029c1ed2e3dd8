import { BUILT_IN_ISSUER, type BuiltInIssuer } from '#identity/issuer';
import type { CommandContext, DomainError, Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { PEOPLE, type People } from '../people/people.service.ts';
import { CONSOLE_SESSIONS, type ConsoleSessions } from '../sessions/console-sessions.service.ts';
import { LAST_LOGINS, type LastLogins } from '../users/last-logins.service.ts';

/** Ends logins of people, and destroys their personal data. */
@Injectable()
export class Erasure {
  constructor(
    @Inject(PEOPLE) private readonly people: People,
    @Inject(LAST_LOGINS) private readonly lastLogins: LastLogins,
    @Inject(BUILT_IN_ISSUER) private readonly builtIn: BuiltInIssuer | null,
    @Inject(CONSOLE_SESSIONS) private readonly sessions: ConsoleSessions,
  ) {}

  /** Ends the person's sessions in the console, and sessions and refresh tokens at the built-in issuer. */
  async endSessions(userId: string, context: CommandContext): Promise<Result<unknown, DomainError>> {
    const accountId = await this.accountOf(userId);
    if (accountId !== undefined) await this.builtIn?.issuer.sessions.end(accountId);
    return this.sessions.endAll(userId, { reason: 'suspended' }, context);
  }

  /**
   * Destroys everything that identifies the person. The record with the account's ID is destroyed last, so that a repeat
   * after a crash finds the account.
   */
  async destroy(userId: string): Promise<void> {
    const accountId = await this.accountOf(userId);
    if (accountId !== undefined) await this.builtIn?.issuer.accounts.remove(accountId);
    await this.sessions.forget(userId);
    await this.lastLogins.forget(userId);
    await this.people.erase(userId);
  }

  private async accountOf(userId: string): Promise<string | undefined> {
    const person = await this.people.get(userId);
    return person && this.builtIn?.issuer.issuer === person.issuer ? person.subject : undefined;
  }
}
