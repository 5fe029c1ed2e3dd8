import { ACCESS, type AccessKeyCreated, type AccessSource } from '#access';
import type { ReplyMeta } from '#bus/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import {
  CLOCK,
  IDS,
  ok,
  pause,
  type Clock,
  type CommandContext,
  type DomainError,
  type Ids,
  type Result,
} from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { keyRingDecider, type KeyRingCommand } from '../key-ring.decider.ts';
import { keyRingStream } from '../key-ring.events.ts';
import type { ListedKey } from '../overview/keys.projection.ts';
import { mintKey, type Minted } from './mint.service.ts';

export const ISSUING = Symbol('issuing of keys');

type Issuance = Extract<KeyRingCommand, { readonly type: 'create-key' | 'create-login-key' | 'rotate-key' }>;

export interface Issued {
  readonly key: ListedKey;
  /** The complete key, or `null` when the command had run before. */
  readonly secret: string | null;
  /** The key that a rotation replaced, and until when it works, RFC 3339. */
  readonly replaced?: { readonly id: string; readonly worksUntil: string };
  readonly meta: ReplyMeta;
}

/** Returns the warning of a response that repeats the creation of a key. */
export const shownOnce = (keyId: string): string =>
  `The secret of ${keyId} was shown once, in the first response, and cannot be shown again.`;

/** How long to wait until the directory of this process has a new key. Before that, the key is rejected. */
const ACCEPT_ATTEMPTS = 50;
const ACCEPT_POLL_MS = 10;

@Injectable()
export class Issuing {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  /**
   * Creates a key and waits until this process accepts it.
   *
   * @param commandFor returns the command that records the generated key
   */
  async issue(
    organizationId: string,
    context: CommandContext,
    commandFor: (minted: Minted['key']) => Issuance,
  ): Promise<Result<Issued, DomainError>> {
    const minted = mintKey(this.ids, this.commands, context);
    const command = commandFor(minted.key);
    const outcome = await this.commands.run(keyRingDecider, keyRingStream(organizationId), command, {
      ...context,
      organizationId,
    });
    if (!outcome.ok) return outcome;
    const { events, repeated, meta } = outcome.value;
    const created = events.flatMap((event) => (event.type === 'access-key.created.v1' ? [event.data] : []))[0];
    if (!created) throw new Error('a key was issued without an event that says so');
    if (!repeated) await this.waitUntilAccepted(created.keyId);
    const key = listed(created, organizationId, command.nowMs);
    const [rotated] = events.flatMap((event) => (event.type === 'access-key.rotated.v1' ? [event.data] : []));
    const replaced = rotated && { id: rotated.keyId, worksUntil: rotated.worksUntil };
    return ok({ key, secret: repeated ? null : minted.text, meta, ...(replaced && { replaced }) });
  }

  private async waitUntilAccepted(keyId: string): Promise<void> {
    for (let tries = 0; tries < ACCEPT_ATTEMPTS; tries++) {
      const directory = await this.access.current();
      if (!directory.ok || directory.value.keysById.has(keyId)) return;
      await pause(this.clock, ACCEPT_POLL_MS);
    }
  }
}

function listed(
  { keyId, expiresAt, memberId, memberKind, name, masked, source, role }: AccessKeyCreated,
  organizationId: string,
  nowMs: number,
): ListedKey {
  const createdAt = new Date(nowMs).toISOString();
  return {
    id: keyId,
    organizationId,
    memberId,
    memberKind,
    name,
    masked,
    source,
    role,
    createdAt,
    expiresAt: expiresAt ?? null,
    revokedAt: null,
    worksUntil: null,
    leakedAt: null,
  };
}
