import { COMMANDS, Resumption, type CommandRunner } from '#event-sourcing';
import type { CommandContext, Recorded } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { adminsDecider, adminsEvents, ADMINS_STREAM, type AdminsEvent } from '../admins/admins.decider.ts';
import { userDecider } from '../users/user.decider.ts';
import { userStream } from '../users/user.events.ts';

/** Updates a user's stream from the stream of global admins, if a crash occurred between the two writes. */
@Injectable()
export class GlobalRolesReactor extends Resumption<AdminsEvent> {
  readonly name = 'identity-global-roles.v1';
  readonly events = adminsEvents;
  readonly types = ['global-admin.granted.v1', 'global-admin.withdrawn.v1'] as const;

  constructor(@Inject(COMMANDS) private readonly commands: CommandRunner) {
    super();
  }

  protected async resume({ event }: Recorded<AdminsEvent>, context: CommandContext) {
    const { userId } = event.data;
    const admins = await this.commands.load(adminsDecider, ADMINS_STREAM);
    if (!admins.ok) return admins;
    // Uses the current state, not this event: an older event must not undo a newer one.
    const globalRole = admins.value.state.has(userId) ? 'admin' : 'developer';
    return this.commands.run(userDecider, userStream(userId), { type: 'set-global-role', globalRole }, context);
  }
}
