import { Input, reply, Serves, type Reply } from '#bus';
import type { InputOf } from '#bus/contract';
import {
  ensureSandboxRequest,
  sandboxAddressRequest,
  type SandboxAddress,
  type SandboxConnection,
} from '#sandbox-cluster/contract';
import { Controller, Inject } from '@nestjs/common';
import { SANDBOXES, type SandboxServer } from './sandboxes.service.ts';

@Controller()
export class SandboxesHandlers {
  constructor(@Inject(SANDBOXES) private readonly server: SandboxServer) {}

  @Serves(ensureSandboxRequest)
  async ensure(@Input() { organizationId }: InputOf<typeof ensureSandboxRequest>): Promise<Reply<SandboxConnection>> {
    return reply(await this.server.connectionOf(organizationId));
  }

  @Serves(sandboxAddressRequest)
  async address(@Input() { organizationId }: InputOf<typeof sandboxAddressRequest>): Promise<Reply<SandboxAddress>> {
    return reply(await this.server.addressOf(organizationId));
  }
}
