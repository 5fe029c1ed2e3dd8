import { recordOperationRequest } from '#audit/contract';
import { Caller, Input, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { Controller, Inject } from '@nestjs/common';
import { operationDecider, operationStream } from './operation.decider.ts';

@Controller()
export class OperationsHandlers {
  constructor(@Inject(COMMANDS) private readonly commands: CommandRunner) {}

  @Serves(recordOperationRequest)
  record(
    @Input() { operation, projection }: InputOf<typeof recordOperationRequest>,
    @Caller() context: ContextOf<typeof recordOperationRequest>,
  ): Promise<ReplyTo<typeof recordOperationRequest>> {
    return this.commands.reply(operationDecider, operationStream(projection), operation, context, () => ({}));
  }
}
