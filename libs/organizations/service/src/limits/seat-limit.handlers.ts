import { Caller, Input, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { CLOCK, type Clock } from '#kernel';
import { seatUsageRequest, setSeatLimitRequest } from '#organizations/contract';
import { Controller, Inject } from '@nestjs/common';
import { organizationDecider } from '../organization.decider.ts';
import { organizationStream } from '../organization.events.ts';
import { isActive, pendingInvitations, seatsUsed } from '../organization.ts';

@Controller()
export class SeatLimitHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Serves(setSeatLimitRequest)
  async set(
    @Input() { organizationId, members }: InputOf<typeof setSeatLimitRequest>,
    @Caller() context: ContextOf<typeof setSeatLimitRequest>,
  ): Promise<ReplyTo<typeof setSeatLimitRequest>> {
    const nowMs = this.clock.now();
    const command = { type: 'set-seat-limit', limit: members, nowMs } as const;
    const stream = organizationStream(organizationId);
    return this.commands.reply(organizationDecider, stream, command, context, ({ state }) => ({
      members,
      used: isActive(state) ? seatsUsed(state, nowMs) : 0,
    }));
  }

  @Serves(seatUsageRequest)
  async usage(
    @Input() { organizationId }: InputOf<typeof seatUsageRequest>,
  ): Promise<ReplyTo<typeof seatUsageRequest>> {
    const loaded = await this.commands.load(organizationDecider, organizationStream(organizationId));
    if (!loaded.ok) return loaded;
    const { state } = loaded.value;
    if (!isActive(state)) return reply({ members: 0, pendingInvitations: 0 });
    const nowMs = this.clock.now();
    return reply({ members: seatsUsed(state, nowMs), pendingInvitations: pendingInvitations(state, nowMs) });
  }
}
