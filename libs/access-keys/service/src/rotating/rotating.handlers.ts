import { ACCESS, can, PROPAGATION_MS, type AccessSource } from '#access';
import { rotateKeyRequest } from '#access-keys/contract';
import { Caller, Input, refuse, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { CLOCK, LOGGER, pause, type Clock, type Logger } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { ISSUING, shownOnce, type Issuing } from '../issuing/issuing.service.ts';
import { KeyViews } from '../overview/key-views.service.ts';
import { parseGrace } from './grace.ts';

@Controller()
export class RotatingHandlers {
  constructor(
    @Inject(ISSUING) private readonly issuing: Issuing,
    @Inject(KeyViews) private readonly views: KeyViews,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /**
   * Replaces a key. The first response contains the new secret; the response to a repeated request only identifies the
   * new key. Without a grace period, the response is sent when no instance accepts the replaced key.
   */
  @Serves(rotateKeyRequest)
  async rotate(
    @Input() { key: keyId, grace }: InputOf<typeof rotateKeyRequest>,
    @Caller() context: ContextOf<typeof rotateKeyRequest>,
  ): Promise<ReplyTo<typeof rotateKeyRequest>> {
    const { organizationId, actor } = context;
    const graceMs = parseGrace(grace);
    if (!graceMs.ok) return refuse(graceMs.error);
    const directory = await this.access.current();
    if (!directory.ok) return refuse(directory.error);

    const nowMs = this.clock.now();
    const issued = await this.issuing.issue(organizationId, context, (minted) => ({
      type: 'rotate-key',
      keyId,
      minted,
      graceMs: graceMs.value,
      // Asked for a login: with a key, the decision is that a login is required, not that the key is of somebody else.
      mayService: can({ kind: 'login', userId: actor.id }, 'keys.service', { organizationId }, directory.value, nowMs)
        .allowed,
      nowMs,
    }));
    if (!issued.ok) return refuse(issued.error);

    const { key, secret, meta, replaced } = issued.value;
    if (replaced === undefined) throw new Error('a key was rotated without an event that says so');
    if (secret !== null) {
      this.log.info({ keyId, replacedBy: key.id, organizationId, actor: actor.id }, 'an access key was rotated');
      if (graceMs.value === 0) await pause(this.clock, PROPAGATION_MS);
    }
    return reply(
      { ...(await this.views.one(key, context)), secret, replaced },
      { ...meta, created: true, ...(meta.repeated && { warnings: [shownOnce(key.id)] }) },
    );
  }
}
