import { Caller, Input, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { COMMANDS, ownerFirst, type CommandRunner } from '#event-sourcing';
import { IDENTITY_CONFIG, resolveUserRequest, type Claims, type IdentityConfig } from '#identity/contract';
import { err, IDS, ok, type CommandContext, type DomainError, type Ids, type Result } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { adminsDecider, ADMINS_STREAM } from '../admins/admins.decider.ts';
import { identityErrors } from '../identity.errors.ts';
import { normalizedAddress } from '../people/address.ts';
import { PEOPLE, type People } from '../people/people.service.ts';
import { LAST_LOGINS, type LastLogins } from './last-logins.service.ts';
import { subjectDecider } from './subject.decider.ts';
import { userDecider } from './user.decider.ts';
import { userStream } from './user.events.ts';

const PLATFORM = { id: 'system:identity', kind: 'system', isGlobalAdmin: false } as const;

@Controller()
export class RegistrationHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(PEOPLE) private readonly people: People,
    @Inject(IDS) private readonly ids: Ids,
    @Inject(IDENTITY_CONFIG) private readonly config: IdentityConfig,
    @Inject(LAST_LOGINS) private readonly lastLogins: LastLogins,
  ) {}

  /** Which user a verified token is about. The first one registers the user, however many come at the same moment. */
  @Serves(resolveUserRequest)
  async resolve(
    @Input() claims: InputOf<typeof resolveUserRequest>,
    @Caller() context: ContextOf<typeof resolveUserRequest>,
  ): Promise<ReplyTo<typeof resolveUserRequest>> {
    const own = { ...context, actor: PLATFORM };
    // A crash between the two is finished by the next request with the token: nobody needs the user before.
    const resolved = await ownerFirst({
      begin: () => this.claim(claims, own),
      finish: (userId) => this.register(userId, claims, own),
    });
    if (!resolved.ok) return resolved;
    await this.lastLogins.note(resolved.value.userId);
    return reply(resolved.value);
  }

  /** The user whom a token's subject is. */
  private async claim(claims: Claims, context: CommandContext): Promise<Result<string, DomainError>> {
    const stream = await this.people.subjectStream(claims);
    const known = await this.commands.load(subjectDecider, stream);
    if (!known.ok) return known;
    if (known.value.state.userId !== undefined) return ok(known.value.state.userId);
    const command = { type: 'claim-subject', userId: this.ids.uuid() } as const;
    const claimed = await this.commands.run(subjectDecider, stream, command, context);
    return claimed.ok ? ok(claimed.value.state.userId ?? command.userId) : claimed;
  }

  /** The rest of a registration, whoever began it; for a known user: what changed about the person. */
  private async register(
    userId: string,
    claims: Claims,
    context: CommandContext,
  ): Promise<Result<{ readonly userId: string; readonly registered: boolean }, DomainError>> {
    const loaded = await this.commands.load(userDecider, userStream(userId));
    if (!loaded.ok) return loaded;
    const { state } = loaded.value;
    if (state.status === 'erased') return err(identityErrors.erased());

    // The record is written before the event that names the user.
    await this.people.keep(userId, claims);
    const isAdmin = this.isListedAdmin(claims);
    if (state.status === 'active' && (state.isRoleDecided || !isAdmin || state.globalRole === 'admin'))
      return ok({ userId, registered: false });

    if (isAdmin) {
      const granted = await this.commands.run(adminsDecider, ADMINS_STREAM, { type: 'grant-admin', userId }, context);
      if (!granted.ok) return granted;
    }
    const globalRole = isAdmin ? 'admin' : 'developer';
    const command =
      state.status === 'absent'
        ? ({ type: 'register', globalRole } as const)
        : ({ type: 'set-global-role', globalRole } as const);
    const recorded = await this.commands.run(userDecider, userStream(userId), command, context, { step: command.type });
    if (!recorded.ok) return recorded;
    return ok({ userId, registered: recorded.value.events.some(({ type }) => type === 'user.registered.v1') });
  }

  /** Only an address that its issuer has verified makes anybody an admin. */
  private isListedAdmin({ email, emailVerified }: Claims): boolean {
    if (email === undefined || emailVerified !== true) return false;
    return this.config.adminEmails.some((listed) => normalizedAddress(listed) === normalizedAddress(email));
  }
}
