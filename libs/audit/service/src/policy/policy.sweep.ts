import { currentTable } from '#access';
import { BUS, type Bus } from '#bus';
import { COMMANDS, type CommandRunner, type Sweep } from '#event-sourcing';
import { LOGGER, VERSION, type Logger } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { POLICY_STREAM, policyDecider } from './policy.decider.ts';

/** Records the rules of this release at start. Processes that start at the same time record them once. */
@Injectable()
export class PolicySweep implements Sweep {
  readonly name = 'audit-policy';
  readonly everyMs = 60_000;

  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async run(): Promise<void> {
    const command = { type: 'publish', release: VERSION, table: currentTable() } as const;
    const published = await this.commands.run(policyDecider, POLICY_STREAM, command, this.bus.own({}));
    if (!published.ok)
      this.logger.warn({ code: published.error.code }, 'the rules of this release are not recorded yet');
  }
}
