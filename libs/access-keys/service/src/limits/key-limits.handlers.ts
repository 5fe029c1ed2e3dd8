import { keyUsageRequest, setKeyLimitsRequest } from '#access-keys/contract';
import { Caller, Input, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { CLOCK, type Clock } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { keyRingDecider } from '../key-ring.decider.ts';
import { keyRingStream } from '../key-ring.events.ts';
import { countedKeys } from '../key-ring.ts';

@Controller()
export class KeyLimitsHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Serves(setKeyLimitsRequest)
  async set(
    @Input() { organizationId, activeKeys, lifetimeDays }: InputOf<typeof setKeyLimitsRequest>,
    @Caller() context: ContextOf<typeof setKeyLimitsRequest>,
  ): Promise<ReplyTo<typeof setKeyLimitsRequest>> {
    const nowMs = this.clock.now();
    const command = { type: 'set-key-limits', limits: { activeKeys, lifetimeDays }, nowMs } as const;
    return this.commands.reply(keyRingDecider, keyRingStream(organizationId), command, context, ({ state }) => ({
      activeKeys,
      used: countedKeys(state, nowMs),
    }));
  }

  @Serves(keyUsageRequest)
  async usage(@Input() { organizationId }: InputOf<typeof keyUsageRequest>): Promise<ReplyTo<typeof keyUsageRequest>> {
    const loaded = await this.commands.load(keyRingDecider, keyRingStream(organizationId));
    return loaded.ok ? reply({ activeKeys: countedKeys(loaded.value.state, this.clock.now()) }) : loaded;
  }
}
