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

  /** Returns the user of a verified token, and registers a new user once, even for simultaneous requests. */
  @Serves(resolveUserRequest)
  async resolve(
    @Input() claims: InputOf<typeof resolveUserRequest>,
    @Caller() context: ContextOf<typeof resolveUserRequest>,
  ): Promise<ReplyTo<typeof resolveUserRequest>> {
    const own = { ...context, actor: PLATFORM };
    // If a crash occurs between the two, the next request with the token completes the registration.
    const resolved = await ownerFirst({
      start: () => this.claim(claims, own),
      finish: (userId) => this.register(userId, claims, own),
    });
    if (!resolved.ok) return resolved;
    await this.lastLogins.note(resolved.value.userId);
    return reply(resolved.value);
  }

  /** Returns the user assigned to the token's subject. */
  private async claim(claims: Claims, context: CommandContext): Promise<Result<string, DomainError>> {
    const stream = await this.people.subjectStream(claims);
    const known = await this.commands.load(subjectDecider, stream);
    if (!known.ok) return known;
    const { userId } = known.value.state;
    if (userId !== undefined && !(await this.isFormer(userId, claims))) return ok(userId);
    const replacing = userId === undefined ? {} : { replacing: userId };
    const command = { type: 'claim-subject', userId: this.ids.uuid(), ...replacing } as const;
    const claimed = await this.commands.run(subjectDecider, stream, command, context);
    return claimed.ok ? ok(claimed.value.state.userId ?? command.userId) : claimed;
  }

  /** Returns whether the user was erased before the token was issued. Then the token belongs to a new user. */
  private async isFormer(userId: string, { issuedAt = 0 }: Claims): Promise<boolean> {
    const loaded = await this.commands.load(userDecider, userStream(userId));
    const state = loaded.ok ? loaded.value.state : undefined;
    return state?.status === 'erased' && state.at !== undefined && issuedAt * 1_000 > Date.parse(state.at);
  }

  /** Completes a registration, also one that another request started. For a registered user, stores changed claims. */
  private async register(
    userId: string,
    claims: Claims,
    context: CommandContext,
  ): Promise<Result<{ readonly userId: string; readonly registered: boolean }, DomainError>> {
    const loaded = await this.commands.load(userDecider, userStream(userId));
    if (!loaded.ok) return loaded;
    const { state } = loaded.value;
    if (state.status === 'erased') return err(identityErrors.erased());

    // The record is written before the event that contains the user's ID.
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

  /** Returns whether the configuration lists the address as an admin's, and the issuer has verified it. */
  private isListedAdmin({ email, emailVerified }: Claims): boolean {
    if (email === undefined || emailVerified !== true) return false;
    return this.config.adminEmails.some((listed) => normalizedAddress(listed) === normalizedAddress(email));
  }
}
