import { Caller, Input, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { setCatalogLimitsRequest } from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { Controller, Inject } from '@nestjs/common';
import { catalogDecider, catalogStream } from './catalog.decider.ts';

/** Sets the limits that billing sends. */
@Controller()
export class LimitsHandlers {
  constructor(@Inject(COMMANDS) private readonly commands: CommandRunner) {}

  @Serves(setCatalogLimitsRequest)
  async limits(
    @Input() { organizationId, ...limits }: InputOf<typeof setCatalogLimitsRequest>,
    @Caller() context: ContextOf<typeof setCatalogLimitsRequest>,
  ): Promise<ReplyTo<typeof setCatalogLimitsRequest>> {
    const command = { type: 'set-limits', ...limits } as const;
    const options = { step: `limits ${JSON.stringify(limits)}` };
    return this.commands.reply(catalogDecider, catalogStream(organizationId), command, context, () => limits, options);
  }
}
