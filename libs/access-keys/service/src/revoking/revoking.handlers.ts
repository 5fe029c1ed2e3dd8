import { ACCESS, can, organizationNotFound, type AccessSource } from '#access';
import { revokeKeyRequest, type AccessKeyView } from '#access-keys/contract';
import { BUS, Caller, Input, refuse, reply, Serves, type Bus, type Reply, type RequestContext } from '#bus';
import type { InputOf } from '#bus/contract';
import { COMMANDS, READ_MODELS, type CommandRunner, type ReadModels } from '#event-sourcing';
import { CLOCK, ok, pause, type Clock, type DomainError, type Position, type Result } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { keyRingDecider } from '../key-ring.decider.ts';
import { keyErrors } from '../key-ring.errors.ts';
import { keyRingStream } from '../key-ring.events.ts';
import { keyView } from '../overview/key-view.ts';
import { keysProjection, type ListedKey } from '../overview/keys.projection.ts';
import { ownersOf } from '../overview/owners.queries.ts';
import { USAGE, type Usage } from '../usage/usage.handlers.ts';

/**
 * A directory trusts itself only while it has read up to a head asked for at most this long ago: so this long after a
 * revocation every instance either knows it or refuses everything.
 */
const KNOWN_EVERYWHERE_MS = 200;

@Controller()
export class RevokingHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(USAGE) private readonly usage: Usage,
  ) {}

  /** Answers when no instance accepts the key any more. A key that is revoked already is simply shown. */
  @Serves(revokeKeyRequest)
  async revoke(
    @Input() { key: keyId, reason }: InputOf<typeof revokeKeyRequest>,
    @Caller() context: RequestContext,
  ): Promise<Reply<AccessKeyView>> {
    const { organizationId, principal } = context;
    if (organizationId === undefined) return refuse(organizationNotFound());
    const directory = await this.access.current();
    if (!directory.ok) return refuse(directory.error);

    const mayOthers = can(principal, 'keys.others', { organizationId }, directory.value, this.clock.now()).allowed;
    const stream = keyRingStream(organizationId);
    const command = { type: 'revoke-key', keyId, reason: reason ?? 'revoked by hand', mayOthers } as const;
    if (context.dryRun) {
      const planned = await this.commands.plan(keyRingDecider, stream, command, context);
      return planned.ok || planned.error.code === 'access-keys/not-found'
        ? this.show(keyId, organizationId, mayOthers, context)
        : refuse(planned.error);
    }
    const outcome = await this.commands.run(keyRingDecider, stream, command, context);
    if (!outcome.ok && outcome.error.code !== 'access-keys/not-found') return refuse(outcome.error);
    if (outcome.ok && !outcome.value.repeated) await pause(this.clock, KNOWN_EVERYWHERE_MS);
    return this.show(keyId, organizationId, mayOthers, context, outcome.ok ? outcome.value.position : undefined);
  }

  private async show(
    keyId: string,
    organizationId: string,
    mayOthers: boolean,
    context: RequestContext,
    position?: Position,
  ): Promise<Reply<AccessKeyView>> {
    const found = await this.listed(keyId, organizationId, position);
    if (!found.ok) return refuse(found.error);
    const key = found.value;
    if (key === undefined || key.organizationId !== organizationId || (key.memberId !== context.actor.id && !mayOthers))
      return refuse(keyErrors.notFound());
    const owners = await ownersOf(this.bus, [key], context);
    const view = keyView(key, { nowMs: this.clock.now(), owner: owners(key), lastUsed: await this.usage.of(keyId) });
    return reply(view, position === undefined ? {} : { position });
  }

  /** The stream forgets revoked keys; the read model remembers them, as soon as it is level with the stream. */
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
