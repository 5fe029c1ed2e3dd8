import { COMMANDS, type CommandRunner, type Reactor } from '#event-sourcing';
import type { Recorded } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { userDecider } from '../users/user.decider.ts';
import { userStream } from '../users/user.events.ts';
import { adminsDecider, adminsEvents, ADMINS_STREAM, type AdminsEvent } from './admins.decider.ts';

/** Brings a user's own stream to what the stream of global admins says, when a crash came between the two. */
@Injectable()
export class GlobalRolesReactor implements Reactor<AdminsEvent> {
  readonly name = 'identity-global-roles.v1';
  readonly events = adminsEvents;
  readonly types = ['global-admin.granted.v1', 'global-admin.withdrawn.v1'] as const;

  constructor(@Inject(COMMANDS) private readonly commands: CommandRunner) {}

  async react({ event, metadata }: Recorded<AdminsEvent>): Promise<void> {
    const { userId } = event.data;
    const admins = await this.commands.load(adminsDecider, ADMINS_STREAM);
    if (!admins.ok) throw new Error(admins.error.code);
    // What the stream says now, not what this event said: an older event must not undo a newer one.
    const globalRole = admins.value.state.has(userId) ? 'admin' : 'developer';
    const outcome = await this.commands.run(
      userDecider,
      userStream(userId),
      { type: 'set-global-role', globalRole },
      {
        actor: { id: metadata.actor, kind: 'system', isGlobalAdmin: false },
        commandId: metadata.commandId,
        correlationId: metadata.correlationId,
        causationId: metadata.id,
      },
    );
    if (!outcome.ok && outcome.error.kind === 'unavailable') throw new Error(outcome.error.code);
  }
}
