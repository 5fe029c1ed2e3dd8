import { ACCESS, parseAccessKey, type AccessSource, type DirectoryKey } from '#access';
import { keyInUrlRequest, reportLeakedKeyRequest } from '#access-keys/contract';
import { Caller, Input, refuse, reply, Serves, type ContextOf, type ReplyTo, type RequestContext } from '#bus';
import type { InputOf } from '#bus/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { LOGGER, ok, type DomainError, type Logger, type Result } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { keyRingDecider } from '../key-ring.decider.ts';
import { keyRingStream } from '../key-ring.events.ts';
import { leakedKeysStream } from './leaked-key.events.ts';
import { leakedKeysDecider } from './leaked-keys.decider.ts';

const REASONS = { url: 'found in a URL', report: 'reported as leaked' } as const;
const SYSTEM = { id: 'system:access-keys', kind: 'system', isGlobalAdmin: false } as const;

@Controller()
export class LeaksHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** Flags the key, and revokes it if its organization is configured to do so. */
  @Serves(keyInUrlRequest)
  async inUrl(
    @Input() { keyId }: InputOf<typeof keyInUrlRequest>,
    @Caller() context: ContextOf<typeof keyInUrlRequest>,
  ): Promise<ReplyTo<typeof keyInUrlRequest>> {
    const directory = await this.access.current();
    if (!directory.ok) return refuse(directory.error);
    const key = directory.value.keysById.get(keyId);
    if (key?.organizationId !== context.organizationId) return reply({ revoked: false });
    const revokes = directory.value.organizations.get(key.organizationId)?.settings.revokeLeakedKeys ?? false;
    const revoked = await this.leaked(key, 'url', revokes, context);
    return revoked.ok ? reply({ revoked: revoked.value }) : refuse(revoked.error);
  }

  /** Revokes a key for anybody who has it. The response does not reveal whether the text is a key. */
  @Serves(reportLeakedKeyRequest)
  async report(
    @Input() { key: text }: InputOf<typeof reportLeakedKeyRequest>,
    @Caller() context: ContextOf<typeof reportLeakedKeyRequest>,
  ): Promise<ReplyTo<typeof reportLeakedKeyRequest>> {
    if (!parseAccessKey(text)) return reply({});
    const directory = await this.access.current();
    if (!directory.ok) return refuse(directory.error);
    const key = directory.value.keys.get(createHash('sha256').update(text).digest('hex'));
    const done = key && (await this.leaked(key, 'report', true, context));
    return done?.ok === false ? refuse(done.error) : reply({});
  }

  /** Returns whether the key was revoked. */
  private async leaked(
    { organizationId, revoked: isRevoked, created: { keyId } }: DirectoryKey,
    where: 'url' | 'report',
    revokes: boolean,
    { commandId, correlationId }: RequestContext,
  ): Promise<Result<boolean, DomainError>> {
    if (isRevoked) return ok(false);
    const context = { actor: SYSTEM, commandId, correlationId, organizationId };
    const flag = { type: 'flag-leaked-key', keyId, where } as const;
    const flagged = await this.commands.run(leakedKeysDecider, leakedKeysStream(organizationId), flag, context);
    if (!flagged.ok) return flagged;
    const revoke = { type: 'revoke-key', keyId, reason: REASONS[where], mayOthers: true } as const;
    const revoked = revokes
      ? await this.commands.run(keyRingDecider, keyRingStream(organizationId), revoke, context)
      : undefined;
    if (revoked?.ok === false && revoked.error.code !== 'access-keys/not-found') return revoked;
    if (flagged.value.events.length > 0 || revoked?.ok)
      this.log.warn({ keyId, organizationId, where, revoked: revoked?.ok ?? false }, 'an access key leaked');
    return ok(revoked?.ok ?? false);
  }
}
