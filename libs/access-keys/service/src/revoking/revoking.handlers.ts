import { ACCESS, can, PROPAGATION_MS, type AccessSource } from '#access';
import { revokeKeyRequest } from '#access-keys/contract';
import { Caller, Input, refuse, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { COMMANDS, READ_MODELS, type CommandRunner, type ReadModels } from '#event-sourcing';
import {
  CLOCK,
  LOGGER,
  ok,
  pause,
  type Clock,
  type DomainError,
  type Logger,
  type Position,
  type Result,
} from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { keyRingDecider } from '../key-ring.decider.ts';
import { keyErrors } from '../key-ring.errors.ts';
import { keyRingStream } from '../key-ring.events.ts';
import { KeyViews } from '../overview/key-views.service.ts';
import { keysProjection, type ListedKey } from '../overview/keys.projection.ts';

@Controller()
export class RevokingHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly log: Logger,
    @Inject(KeyViews) private readonly views: KeyViews,
  ) {}

  /** Revokes a key, and responds when no instance accepts it. For a key that is revoked already, returns its view. */
  @Serves(revokeKeyRequest)
  async revoke(
    @Input() { key: keyId, reason }: InputOf<typeof revokeKeyRequest>,
    @Caller() context: ContextOf<typeof revokeKeyRequest>,
  ): Promise<ReplyTo<typeof revokeKeyRequest>> {
    const { organizationId, principal } = context;
    const directory = await this.access.current();
    if (!directory.ok) return refuse(directory.error);

    const mayOthers = can(principal, 'keys.others', { organizationId }, directory.value, this.clock.now()).allowed;
    const stream = keyRingStream(organizationId);
    const command = { type: 'revoke-key', keyId, reason: reason ?? 'revoked by a member', mayOthers } as const;
    const outcome = await this.commands.run(
      keyRingDecider,
      stream,
      command,
      context,
      context.ifMatch === undefined ? {} : { ifMatch: context.ifMatch },
    );
    if (!outcome.ok && outcome.error.code !== 'access-keys/not-found') return refuse(outcome.error);
    const { repeated = true, meta = {} } = outcome.ok ? outcome.value : {};
    if (!repeated && !context.dryRun) {
      this.log.info({ keyId, organizationId, actor: context.actor.id }, 'an access key was revoked');
      await pause(this.clock, PROPAGATION_MS);
    }

    const found = await this.listed(keyId, organizationId, meta.position);
    if (!found.ok) return refuse(found.error);
    const key = found.value;
    if (key === undefined || key.organizationId !== organizationId || (key.memberId !== context.actor.id && !mayOthers))
      return refuse(keyErrors.notFound());
    return reply(await this.views.one(key, context), meta);
  }

  /** Returns the key from the read model, which includes revoked keys, once it has caught up with the stream. */
  private async listed(
    keyId: string,
    organizationId: string,
    position: Position | undefined,
  ): Promise<Result<ListedKey | undefined, DomainError>> {
    const stream =
      position === undefined
        ? await this.commands.load(keyRingDecider, keyRingStream(organizationId))
        : ok({ position });
    if (!stream.ok) return stream;
    const found = await this.readModels.get(keysProjection, keyId, stream.value.position);
    return found.ok ? ok(found.value?.document) : found;
  }
}
