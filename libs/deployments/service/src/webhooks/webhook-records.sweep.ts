import { COMMANDS, type CommandRunner, type Sweep } from '#event-sourcing';
import { UNNAMED_EVERY_MS } from '#vault';
import { Inject, Injectable } from '@nestjs/common';
import { applicationDecider, applicationStream } from '../applications/application.decider.ts';
import { UnnamedRecords } from '../shared/unnamed-records.service.ts';
import { readWebhookRecord, WEBHOOK_RECORDS } from '../shared/webhook-records.ts';

/** Removes records of webhooks that were deleted, and of those whose creation was interrupted or rejected. */
@Injectable()
export class WebhookRecordsSweep implements Sweep {
  readonly name = 'deployments-webhook-records';
  readonly everyMs = UNNAMED_EVERY_MS;

  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(UnnamedRecords) private readonly unnamed: UnnamedRecords,
  ) {}

  run(signal: AbortSignal): Promise<void> {
    return this.unnamed.remove([WEBHOOK_RECORDS], signal, (name) => this.isNamed(name));
  }

  private async isNamed(name: string): Promise<boolean> {
    const record = readWebhookRecord(name);
    if (!record) return false;
    const loaded = await this.commands.load(applicationDecider, applicationStream(record.applicationId));
    return !loaded.ok || loaded.value.state.webhooks.has(record.id);
  }
}
