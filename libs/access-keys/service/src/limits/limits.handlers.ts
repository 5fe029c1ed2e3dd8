import { setKeyLimitsRequest } from '#access-keys/contract';
import { Caller, Input, refuse, reply, Serves, type Reply, type RequestContext } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { CLOCK, type Clock } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { keyRingDecider } from '../key-ring.decider.ts';
import { keyRingStream } from '../key-ring.events.ts';
import { countedKeys } from '../key-ring.ts';

@Controller()
export class LimitsHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Serves(setKeyLimitsRequest)
  async set(
    @Input() { organizationId, activeKeys, lifetimeDays }: InputOf<typeof setKeyLimitsRequest>,
    @Caller() context: RequestContext,
  ): Promise<Reply<OutputOf<typeof setKeyLimitsRequest>>> {
    const nowMs = this.clock.now();
    const command = { type: 'set-key-limits', limits: { activeKeys, lifetimeDays }, nowMs } as const;
    const outcome = await this.commands.run(keyRingDecider, keyRingStream(organizationId), command, {
      ...context,
      organizationId,
    });
    if (!outcome.ok) return refuse(outcome.error);
    return reply({ activeKeys, used: countedKeys(outcome.value.state, nowMs) }, { position: outcome.value.position });
  }
}
