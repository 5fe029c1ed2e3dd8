import { Caller, Input, refuse, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { setEgressRequest } from '#deployments/contract';
import { parseEgressEntry } from '#egress';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { Controller, Inject } from '@nestjs/common';
import { EgressEntries } from './egress-entries.service.ts';
import { egressDecider, EGRESS_STREAM } from './egress.decider.ts';
import { egressErrors } from './egress.errors.ts';

@Controller()
export class EgressHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(EgressEntries) private readonly entries: EgressEntries,
  ) {}

  @Serves(setEgressRequest)
  async set(
    @Input() { entry: text, allowed }: InputOf<typeof setEgressRequest>,
    @Caller() context: ContextOf<typeof setEgressRequest>,
  ): Promise<ReplyTo<typeof setEgressRequest>> {
    const entry = parseEgressEntry(text);
    if (entry === undefined) return refuse(egressErrors.egressInvalid());
    if (allowed && entry.endsWith('/0')) return refuse(egressErrors.egressEverything(entry));
    const current = await this.entries.current();
    if (!current.ok) return refuse(current.error);
    const same = current.value.allowed.filter((stored) => stored !== entry && parseEgressEntry(stored) === entry);
    const command = { type: allowed ? 'allow' : 'deny', entry, same } as const;
    return this.commands.reply(egressDecider, EGRESS_STREAM, command, context, () => ({
      entry,
      allowed,
      dryRun: context.dryRun ?? false,
    }));
  }
}
