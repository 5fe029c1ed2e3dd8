import { Input, reply, Serves, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { clientAddressesRequest, keepClientAddressRequest } from '#identity/contract';
import { Controller, Inject } from '@nestjs/common';
import { userDecider } from '../users/user.decider.ts';
import { userStream } from '../users/user.events.ts';
import { CLIENT_ADDRESSES, type ClientAddresses } from './client-addresses.service.ts';

@Controller()
export class ClientAddressesHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(CLIENT_ADDRESSES) private readonly addresses: ClientAddresses,
  ) {}

  @Serves(keepClientAddressRequest)
  async keep(
    @Input() { userId, address }: InputOf<typeof keepClientAddressRequest>,
  ): Promise<ReplyTo<typeof keepClientAddressRequest>> {
    const loaded = await this.commands.load(userDecider, userStream(userId));
    if (!loaded.ok) return loaded;
    const { status } = loaded.value.state;
    if (status === 'erased' || status === 'absent') return reply({ id: null });
    return reply({ id: (await this.addresses.keep(userId, address)) ?? null });
  }

  @Serves(clientAddressesRequest)
  async find(
    @Input() { records }: InputOf<typeof clientAddressesRequest>,
  ): Promise<ReplyTo<typeof clientAddressesRequest>> {
    const found: Record<string, string> = {};
    for (const { userId, id } of records) {
      const address = await this.addresses.get(userId, id);
      if (address !== undefined) found[id] = address;
    }
    return reply({ addresses: found });
  }
}
