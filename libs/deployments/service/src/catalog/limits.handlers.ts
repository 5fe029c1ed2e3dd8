import { Caller, Input, refuse, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { setCatalogLimitsRequest } from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { Controller, Inject } from '@nestjs/common';
import { catalogDecider, catalogStream } from './catalog.decider.ts';

/** The limits that billing sets. */
@Controller()
export class LimitsHandlers {
  constructor(@Inject(COMMANDS) private readonly commands: CommandRunner) {}

  @Serves(setCatalogLimitsRequest)
  async limits(
    @Input() { organizationId, ...limits }: InputOf<typeof setCatalogLimitsRequest>,
    @Caller() context: ContextOf<typeof setCatalogLimitsRequest>,
  ): Promise<ReplyTo<typeof setCatalogLimitsRequest>> {
    const recorded = await this.commands.run(
      catalogDecider,
      catalogStream(organizationId),
      { type: 'set-limits', ...limits },
      { ...context, organizationId },
      { step: `limits ${JSON.stringify(limits)}` },
    );
    if (recorded.ok) return reply({ over: [] }, { position: recorded.value.position });
    const over = recorded.error.extra?.['over'];
    return recorded.error.code === 'deployments/limits-below-use' && Array.isArray(over)
      ? reply({ over: over.map(String) })
      : refuse(recorded.error);
  }
}
