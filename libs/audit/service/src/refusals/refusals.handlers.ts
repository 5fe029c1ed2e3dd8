import { recordRefusalsRequest } from '#audit/contract';
import { Caller, Input, refuse, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { LOGGER, type Logger } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { readDecider } from './read.decider.ts';
import { readStream } from './read.events.ts';
import { refusalDecider } from './refusal.decider.ts';
import { refusalStream } from './refusal.events.ts';

@Controller()
export class RefusalsHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  @Serves(recordRefusalsRequest)
  async record(
    @Input() { organizationId, adminReads, ...counted }: InputOf<typeof recordRefusalsRequest>,
    @Caller() context: ContextOf<typeof recordRefusalsRequest>,
  ): Promise<ReplyTo<typeof recordRefusalsRequest>> {
    const owned = { ...context, ...(organizationId !== undefined && { organizationId }) };
    if (organizationId !== undefined && adminReads.length > 0) {
      const command = { type: 'record-reads', minute: counted.minute, reads: adminReads } as const;
      const recorded = await this.commands.run(readDecider, readStream(organizationId, counted.minute), command, owned);
      if (!recorded.ok) return refuse(recorded.error);
    }
    const stream = refusalStream(organizationId, counted.minute);
    return this.commands.reply(
      refusalDecider,
      stream,
      { type: 'record-refusals', ...counted },
      owned,
      ({ events, repeated }) => {
        for (const { type, data } of repeated ? [] : events)
          if (type === 'refusals.dropped.v1')
            this.log.warn({ organizationId, ...data }, 'more refusals in a minute than are recorded');
        return {};
      },
    );
  }
}
