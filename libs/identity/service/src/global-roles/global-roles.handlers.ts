import { Caller, Input, refuse, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { COMMANDS, ownerFirst, type CommandRunner } from '#event-sourcing';
import { setGlobalRoleRequest } from '#identity/contract';
import { err, ok, type DomainError, type Result } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { adminsDecider, ADMINS_STREAM } from '../admins/admins.decider.ts';
import { identityErrors } from '../identity.errors.ts';
import { PEOPLE, type People } from '../people/people.service.ts';
import { LAST_LOGINS, type LastLogins } from '../users/last-logins.service.ts';
import { userDecider } from '../users/user.decider.ts';
import { userStream } from '../users/user.events.ts';

@Controller()
export class GlobalRolesHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(PEOPLE) private readonly people: People,
    @Inject(LAST_LOGINS) private readonly lastLogins: LastLogins,
  ) {}

  /** Sets the role in the stream of all global admins first, then in the user's own. */
  @Serves(setGlobalRoleRequest)
  async set(
    @Input() { user, role }: InputOf<typeof setGlobalRoleRequest>,
    @Caller() context: ContextOf<typeof setGlobalRoleRequest>,
  ): Promise<ReplyTo<typeof setGlobalRoleRequest>> {
    const found = await this.userNamed(user);
    if (!found.ok) return refuse(found.error);
    const { id: userId, isSuspended } = found.value;
    if (isSuspended && role === 'admin') return refuse(identityErrors.isSuspended());
    const change = { type: role === 'admin' ? 'grant-admin' : 'withdraw-admin', userId } as const;
    const { ifMatch } = context;
    const setRole = (callContext: typeof context, options: { readonly ifMatch?: number } = {}) =>
      this.commands.run(
        userDecider,
        userStream(userId),
        { type: 'set-global-role', globalRole: role },
        callContext,
        options,
      );
    if (ifMatch !== undefined) {
      const matched = await setRole({ ...context, dryRun: true }, { ifMatch }); // before anything is written
      if (!matched.ok) return matched;
    }
    const set = await ownerFirst({
      start: () => this.commands.run(adminsDecider, ADMINS_STREAM, change, context),
      finish: () => setRole(context),
    });
    if (!set.ok) return set;
    const email = (await this.people.get(userId))?.email ?? null;
    const lastLogin = await this.lastLogins.of(userId);
    return reply(
      { id: userId, email, globalRole: role, state: isSuspended ? 'SUSPENDED' : 'ACTIVE', lastLogin },
      set.value.meta,
    );
  }

  private async userNamed(
    user: string,
  ): Promise<Result<{ readonly id: string; readonly isSuspended: boolean }, DomainError>> {
    const userId = user.includes('@') ? await this.people.byAddress(user) : user;
    if (userId === undefined) return err(identityErrors.noSuchUser());
    const loaded = await this.commands.load(userDecider, userStream(userId));
    if (!loaded.ok) return loaded;
    const { state } = loaded.value;
    return state.status === 'active'
      ? ok({ id: userId, isSuspended: state.isSuspended })
      : err(identityErrors.noSuchUser());
  }
}
