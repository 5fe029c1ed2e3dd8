import { Input, refuse, reply, Serves, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { pinSourceRequest } from '#deployments/contract';
import { Controller, Inject } from '@nestjs/common';
import { Sources } from './sources.worker.ts';

/** Handles requests to pin sources. */
@Controller()
export class PinHandlers {
  constructor(@Inject(Sources) private readonly sources: Sources) {}

  @Serves(pinSourceRequest)
  async pin(
    @Input() { source, credentials, egress }: InputOf<typeof pinSourceRequest>,
  ): Promise<ReplyTo<typeof pinSourceRequest>> {
    const pin = await this.sources.pin(source, { credentials, ...(egress && { egress }) });
    return pin.ok ? reply({ pin: pin.value }) : refuse(pin.error);
  }
}
