import { ACCESS, PROPAGATION_MS, type AccessSource } from '#access';
import { endLoginKeysRequest } from '#access-keys/contract';
import { Caller, Input, refuse, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { CLOCK, LOGGER, pause, type Clock, type Logger } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { keyRingDecider } from '../key-ring.decider.ts';
import { keyRingStream } from '../key-ring.events.ts';

@Controller()
export class LoginKeysHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /**
   * Revokes the login keys in all organizations of the person. Those of former organizations were revoked on leaving.
   */
  @Serves(endLoginKeysRequest)
  async end(
    @Input() { memberId }: InputOf<typeof endLoginKeysRequest>,
    @Caller() context: ContextOf<typeof endLoginKeysRequest>,
  ): Promise<ReplyTo<typeof endLoginKeysRequest>> {
    const directory = await this.access.current();
    if (!directory.ok) return refuse(directory.error);
    const keys: string[] = [];
    for (const organizationId of directory.value.memberships.get(memberId) ?? []) {
      const command = { type: 'revoke-keys-of', memberId, source: 'login', reason: 'logged out everywhere' } as const;
      const outcome = await this.commands.run(keyRingDecider, keyRingStream(organizationId), command, {
        ...context,
        organizationId,
      });
      if (!outcome.ok) return refuse(outcome.error);
      for (const { type, data } of outcome.value.events) if (type === 'access-key.revoked.v1') keys.push(data.keyId);
    }
    if (keys.length > 0) {
      this.log.info({ keys, actor: memberId }, 'the login keys of a person were revoked');
      await pause(this.clock, PROPAGATION_MS);
    }
    return reply({ keys });
  }
}
