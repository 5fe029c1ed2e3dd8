import { Caller, Input, refuse, reply, Serves, type Reply, type RequestContext } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
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
    @Caller() context: RequestContext,
  ): Promise<Reply<OutputOf<typeof resolveUserRequest>>> {
    const stream = await this.people.subjectStream(claims);
    const known = await this.commands.load(subjectDecider, stream);
    if (!known.ok) return refuse(known.error);

    let userId = known.value.state.userId;
    if (userId === undefined) {
      const claimed = await this.commands.run(
        subjectDecider,
        stream,
        { type: 'claim-subject', userId: this.ids.uuid() },
        { ...context, actor: PLATFORM },
      );
      if (!claimed.ok) return refuse(claimed.error);
      userId = claimed.value.state.userId;
    }
    if (userId === undefined) throw new Error('a subject was claimed for nobody');
    const settled = await this.settle(userId, claims, { ...context, actor: PLATFORM });
    if (!settled.ok) return refuse(settled.error);
    await this.lastLogins.note(userId);
    return reply({ userId, registered: settled.value });
  }

  /** The rest of a registration, whoever began it; for a known user: what changed about the person. */
  private async settle(userId: string, claims: Claims, context: CommandContext): Promise<Result<boolean, DomainError>> {
    const loaded = await this.commands.load(userDecider, userStream(userId));
    if (!loaded.ok) return loaded;
    const { state } = loaded.value;
    if (state.status === 'erased') return err(identityErrors.erased());

    // The record is written before the event that names the user.
    await this.people.keep(userId, claims);
    const isAdmin = this.isListedAdmin(claims);
    if (state.status === 'active' && (state.isRoleDecided || !isAdmin || state.globalRole === 'admin'))
      return ok(false);

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
    return recorded.ok ? ok(recorded.value.events.some(({ type }) => type === 'user.registered.v1')) : recorded;
  }

  /** Only an address that its issuer has verified makes anybody an admin. */
  private isListedAdmin({ email, emailVerified }: Claims): boolean {
    if (email === undefined || emailVerified !== true) return false;
    return this.config.adminEmails.some((listed) => normalizedAddress(listed) === normalizedAddress(email));
  }
}
