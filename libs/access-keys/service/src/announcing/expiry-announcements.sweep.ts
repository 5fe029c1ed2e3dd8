import { ACCESS, type AccessSource, type Directory } from '#access';
import { BUS, type Bus } from '#bus';
import { COMMANDS, READ_MODELS, type CommandRunner, type ReadModels, type Sweep } from '#event-sourcing';
import { sendMailRequest } from '#identity/contract';
import { CLOCK, LOGGER, type Clock, type Logger } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { keyRingDecider } from '../key-ring.decider.ts';
import { keyRingStream } from '../key-ring.events.ts';
import type { ActiveKey } from '../key-ring.ts';
import { keysProjection } from '../overview/keys.projection.ts';
import { isEndingSoon, needsAnnouncement } from './announce-expiry.ts';
import { recipientsOf } from './recipients.ts';

/**
 * Sends the e-mail that a key ends in 7 days, and records it. The IDs of the messages follow from the key, so a crash in
 * between sends none twice.
 */
@Injectable()
export class ExpiryAnnouncementsSweep implements Sweep {
  readonly name = 'access-key-expiry-announcements';
  readonly everyMs = 15 * 60_000;

  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    const directory = await this.access.current();
    if (!directory.ok) return;
    const nowMs = this.clock.now();
    const organizations = new Set<string>();
    for (const key of directory.value.keysById.values())
      if (!key.revoked && key.created.source !== 'login' && isEndingSoon(key, nowMs))
        organizations.add(key.organizationId);
    for (const organizationId of organizations) {
      if (signal.aborted) return;
      await this.review(organizationId, directory.value, nowMs, signal);
    }
  }

  private async review(
    organizationId: string,
    directory: Directory,
    nowMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const loaded = await this.commands.load(keyRingDecider, keyRingStream(organizationId));
    if (!loaded.ok) {
      this.logger.warn({ organizationId, code: loaded.error.code }, 'keys that end soon could not be read');
      return;
    }
    const { state: ring } = loaded.value;
    for (const [keyId, key] of ring.keys) {
      if (signal.aborted) return;
      if (!isEndingSoon(key, nowMs)) continue;
      const listed = await this.readModels.get(keysProjection, keyId);
      if (!listed.ok || !listed.value) continue; // the next run finds it
      const about = { keyId, createdAtMs: Date.parse(listed.value.document.createdAt), nowMs };
      if (!needsAnnouncement(about, ring) || !(await this.send(organizationId, key, directory, nowMs))) continue;
      const context = this.bus.own({ organizationId });
      const command = { type: 'announce-expiry', ...about } as const;
      const recorded = await this.commands.run(keyRingDecider, keyRingStream(organizationId), command, context);
      if (recorded.ok) this.logger.info({ organizationId, keyId }, 'the end of an access key was announced');
      else this.logger.warn({ organizationId, keyId, code: recorded.error.code }, 'an announcement was not recorded');
    }
  }

  /** Returns whether identity has stored the messages to all recipients. */
  private async send(
    organizationId: string,
    { created, expiresAtMs }: ActiveKey,
    directory: Directory,
    nowMs: number,
  ): Promise<boolean> {
    const recipients = recipientsOf(created, organizationId, directory, nowMs);
    if (!recipients) return false;
    const { userIds, ...rest } = recipients;
    const { keyId, name: keyName } = created;
    const values = { ...rest, keyId, keyName, expiresAt: new Date(expiresAtMs).toISOString() };
    for (const userId of userIds) {
      const sent = await this.bus.request(
        sendMailRequest,
        { id: `key-expiry.${keyId}.${userId}`, to: { userId }, message: { template: 'key-expiry', values } },
        this.bus.own({ organizationId }),
      );
      if (!sent.ok) {
        this.logger.warn({ organizationId, keyId, code: sent.error.code }, 'the end of a key could not be announced');
        return false;
      }
      if (!sent.value.accepted)
        this.logger.warn({ organizationId, keyId }, 'the address of the owner of a key is not known');
    }
    return true;
  }
}
