import { Caller, Input, refuse, reply, Serves, type Reply, type RequestContext } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { setSeatLimitRequest } from '#organizations/contract';
import { Controller, Inject } from '@nestjs/common';
import { organizationDecider } from '../organization.decider.ts';
import { seatsUsed } from '../organization.ts';
import { organizationStream } from '../organization.events.ts';

@Controller()
export class LimitsHandlers {
  constructor(@Inject(COMMANDS) private readonly commands: CommandRunner) {}

  @Serves(setSeatLimitRequest)
  async set(
    @Input() { organizationId, members }: InputOf<typeof setSeatLimitRequest>,
    @Caller() context: RequestContext,
  ): Promise<Reply<OutputOf<typeof setSeatLimitRequest>>> {
    const command = { type: 'set-seat-limit', limit: members } as const;
    const outcome = await this.commands.run(organizationDecider, organizationStream(organizationId), command, {
      ...context,
      organizationId,
    });
    if (!outcome.ok) return refuse(outcome.error);
    const { state, position } = outcome.value;
    return reply({ members, used: 'members' in state ? seatsUsed(state.members) : 0 }, { position });
  }
}
