import { PROPAGATION_MS } from '#access';
import { BUS, Caller, Input, refuse, reply, Serves, type Bus, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { eraseUserRequest, setUserStateRequest } from '#identity/contract';
import { CLOCK, err, ok, pause, type Clock, type CommandContext, type DomainError, type Result } from '#kernel';
import { departRequest } from '#organizations/contract';
import { Controller, Inject } from '@nestjs/common';
import { adminsDecider, ADMINS_STREAM } from '../admins/admins.decider.ts';
import { identityErrors } from '../identity.errors.ts';
import { PEOPLE, type People } from '../people/people.service.ts';
import { LAST_LOGINS, type LastLogins } from '../users/last-logins.service.ts';
import { userDecider, type User, type UserCommand } from '../users/user.decider.ts';
import { userStream } from '../users/user.events.ts';
import { Erasure } from './erasure.service.ts';

type ActiveUser = Extract<User, { readonly status: 'active' }>;
type StateContext = ContextOf<typeof setUserStateRequest>;

/** Suspends, restores, and erases users. */
@Controller()
export class StatesHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(PEOPLE) private readonly people: People,
    @Inject(LAST_LOGINS) private readonly lastLogins: LastLogins,
    @Inject(Erasure) private readonly erasure: Erasure,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Suspends or restores a user. A global admin loses that role first, in the stream that keeps the last one; it is not
   * granted again by a restore. Responds when no instance accepts the user's credentials.
   */
  @Serves(setUserStateRequest)
  async set(
    @Input() { user, state }: InputOf<typeof setUserStateRequest>,
    @Caller() context: StateContext,
  ): Promise<ReplyTo<typeof setUserStateRequest>> {
    const found = await this.userNamed(user);
    if (!found.ok) return refuse(found.error);
    const { id } = found.value;
    const { ifMatch } = context;
    const command = { type: 'set-state', state } as const;
    const planned = await this.run(id, command, { ...context, dryRun: true }, ifMatch === undefined ? {} : { ifMatch });
    if (!planned.ok) return planned;
    const demoted = state === 'SUSPENDED' ? await this.demote(id, context) : ok(undefined);
    if (!demoted.ok) return demoted;
    const set = await this.run(id, command, context);
    if (!set.ok) return set;
    if (state === 'SUSPENDED' && !context.dryRun) {
      const ended = await this.erasure.endSessions(id, context);
      if (!ended.ok) return refuse(ended.error);
      await pause(this.clock, PROPAGATION_MS);
    }
    const now = set.value.state;
    const globalRole = now.status === 'active' ? now.globalRole : 'developer';
    const email = (await this.people.get(id))?.email ?? null;
    return reply({ id, email, globalRole, state, lastLogin: await this.lastLogins.of(id) }, set.value.meta);
  }

  /**
   * Erases a user. The user is suspended first, so that nothing new comes to depend on them; then every organization
   * lets them go, which the last owner cannot; then the erasure is recorded, and completed even after a crash.
   */
  @Serves(eraseUserRequest)
  async erase(
    @Input() { user }: InputOf<typeof eraseUserRequest>,
    @Caller() context: ContextOf<typeof eraseUserRequest>,
  ): Promise<ReplyTo<typeof eraseUserRequest>> {
    const found = await this.userNamed(user);
    if (!found.ok) return refuse(found.error);
    const { id } = found.value;
    const { ifMatch } = context;
    const command = { type: 'erase', at: new Date(this.clock.now()).toISOString() } as const;
    const planned = await this.run(id, command, { ...context, dryRun: true }, ifMatch === undefined ? {} : { ifMatch });
    if (!planned.ok) return planned;
    const demotable = await this.demote(id, { ...context, dryRun: true });
    if (!demotable.ok) return demotable;
    const own = this.bus.own(context);
    const checked = await this.bus.request(departRequest, { userId: id, check: true }, own);
    if (!checked.ok) return refuse(checked.error);
    const { organizations } = checked.value;
    if (context.dryRun) return reply({ id, organizations }, planned.value.meta);

    const demoted = await this.demote(id, context);
    if (!demoted.ok) return demoted;
    const suspended = await this.run(id, { type: 'set-state', state: 'SUSPENDED' }, context);
    if (!suspended.ok) return suspended;
    const ended = await this.erasure.endSessions(id, context);
    if (!ended.ok) return refuse(ended.error);
    const departed = await this.bus.request(departRequest, { userId: id, check: false }, own);
    if (!departed.ok) return refuse(departed.error);
    const erased = await this.run(id, command, context);
    if (!erased.ok) return erased;
    await this.erasure.destroy(id);
    await pause(this.clock, PROPAGATION_MS);
    return reply({ id, organizations }, erased.value.meta);
  }

  private run(id: string, command: UserCommand, context: CommandContext, options: { readonly ifMatch?: number } = {}) {
    return this.commands.run(userDecider, userStream(id), command, context, { step: stepOf(command), ...options });
  }

  /** Takes the role of a global admin. The last one keeps it. */
  private async demote(userId: string, context: CommandContext): Promise<Result<unknown, DomainError>> {
    const withdrawn = await this.commands.run(
      adminsDecider,
      ADMINS_STREAM,
      { type: 'withdraw-admin', userId },
      context,
      { step: 'withdraw-admin' },
    );
    return withdrawn.ok ? this.run(userId, { type: 'set-global-role', globalRole: 'developer' }, context) : withdrawn;
  }

  private async userNamed(user: string): Promise<Result<ActiveUser & { readonly id: string }, DomainError>> {
    const id = user.includes('@') ? await this.people.byAddress(user) : user;
    if (id === undefined) return err(identityErrors.noSuchUser());
    const loaded = await this.commands.load(userDecider, userStream(id));
    if (!loaded.ok) return loaded;
    const { state } = loaded.value;
    return state.status === 'active' ? ok({ ...state, id }) : err(identityErrors.noSuchUser());
  }
}

const stepOf = (command: UserCommand): string =>
  command.type === 'set-state' ? `state ${command.state}` : command.type;
