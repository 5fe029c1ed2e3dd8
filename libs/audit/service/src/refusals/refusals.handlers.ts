import { recordRefusalsRequest } from '#audit/contract';
import { Caller, Input, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { LOGGER, type Logger } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
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
    @Input() { organizationId, ...counted }: InputOf<typeof recordRefusalsRequest>,
    @Caller() context: ContextOf<typeof recordRefusalsRequest>,
  ): Promise<ReplyTo<typeof recordRefusalsRequest>> {
    const owned = { ...context, ...(organizationId !== undefined && { organizationId }) };
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
