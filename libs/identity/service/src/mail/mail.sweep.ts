import type { Sweep } from '#event-sourcing';
import { Inject, Injectable } from '@nestjs/common';
import { MailDelivery } from './mail-delivery.service.ts';

/** Sends messages that wait: after a crash, after a failure of the mail server, and when many are stored at once. */
@Injectable()
export class MailSweep implements Sweep {
  readonly name = 'identity-mail';
  readonly everyMs = 15_000;

  constructor(@Inject(MailDelivery) private readonly delivery: MailDelivery) {}

  run(signal: AbortSignal): Promise<void> {
    return this.delivery.deliverDue(signal);
  }
}
