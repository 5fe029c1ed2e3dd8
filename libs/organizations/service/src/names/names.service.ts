import { createHash } from 'node:crypto';
import { COMMANDS, type CommandRunner, type Committed } from '#event-sourcing';
import { ok, type CommandContext, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { nameDecider, type Name } from './name.decider.ts';
import type { NameEvent, NameKind, OrganizationDraft } from './name.events.ts';
import { comparable } from './normalize.ts';

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Where it stands who holds a name. Display names may hold letters beyond ASCII: their streams are named by a digest. */
export const nameStream = (kind: NameKind, name: string): string =>
  `names-${kind}-${kind === 'name' ? digest(comparable(name)).slice(0, 32) : name}`;

/** `personal-` and five letters or digits drawn from the organization's id: the same at each try, and nothing of a person. */
export function defaultSlug(organizationId: string, attempt: number): string {
  const drawn = BigInt(`0x${digest(`${organizationId}/${attempt}`).slice(0, 24)}`);
  return `personal-${drawn.toString(36).slice(-5)}`;
}

/** Who holds which display name, which slug, and whose default organization. */
@Injectable()
export class Names {
  constructor(@Inject(COMMANDS) private readonly commands: CommandRunner) {}

  /** @param draft what the claim is made for, so that it can be finished after a crash */
  claim(
    kind: NameKind,
    name: string,
    organizationId: string,
    context: CommandContext,
    draft?: OrganizationDraft,
  ): Promise<Result<Committed<Name, NameEvent>, DomainError>> {
    const command = {
      type: 'claim-name',
      kind,
      organizationId,
      shown: name,
      ...(draft && { founding: draft }),
    } as const;
    return this.commands.run(nameDecider, nameStream(kind, name), command, { ...context, organizationId });
  }

  /** Only the holder gives a name back; of anybody else it does nothing. */
  async release(
    kind: NameKind,
    name: string,
    organizationId: string,
    context: CommandContext,
  ): Promise<Result<unknown, DomainError>> {
    const held = await this.isHeldBy(kind, name, organizationId);
    if (!held.ok || !held.value) return held;
    const command = { type: 'release-name', kind, organizationId } as const;
    const own = { ...context, organizationId };
    return this.commands.run(nameDecider, nameStream(kind, name), command, own, { step: 'release' });
  }

  async isHeldBy(kind: NameKind, name: string, organizationId: string): Promise<Result<boolean, DomainError>> {
    const loaded = await this.commands.load(nameDecider, nameStream(kind, name));
    return loaded.ok ? ok(loaded.value.state.holder === organizationId) : loaded;
  }
}
