import { BUS, type Bus } from '#bus';
import { COMMANDS, Resumption, type CommandRunner } from '#event-sourcing';
import { idOf, type CommandContext, type Recorded } from '#kernel';
import { departRequest } from '#organizations/contract';
import { Inject, Injectable } from '@nestjs/common';
import { adminsDecider, ADMINS_STREAM } from '../admins/admins.decider.ts';
import { userEvents, type UserEvent } from '../users/user.events.ts';
import { Erasure } from './erasure.service.ts';

/**
 * Destroys the personal data of an erased user, if a crash interrupted the request. If the platform was restored from a
 * backup that was made before the erasure, also withdraws the role of a global admin, and ends the memberships. The
 * last global admin, and the last owner of an organization, are kept: nobody can log in as them.
 */
@Injectable()
export class ErasureReactor extends Resumption<UserEvent, 'user.erased.v1'> {
  readonly name = 'identity-erasure.v1';
  readonly events = userEvents;
  readonly types = ['user.erased.v1'] as const;

  constructor(
    @Inject(Erasure) private readonly erasure: Erasure,
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(BUS) private readonly bus: Bus,
  ) {
    super();
  }

  protected async resume(
    { metadata }: Recorded<Extract<UserEvent, { readonly type: 'user.erased.v1' }>>,
    context: CommandContext,
  ) {
    const userId = idOf(metadata.stream);
    await this.erasure.destroy(userId);
    const depart = { userId, check: false, keepsOwned: true };
    const departed = await this.bus.request(departRequest, depart, this.bus.own(context));
    if (!departed.ok) return departed;
    const withdraw = { type: 'withdraw-admin', userId } as const;
    return this.commands.run(adminsDecider, ADMINS_STREAM, withdraw, context, { step: withdraw.type });
  }
}
