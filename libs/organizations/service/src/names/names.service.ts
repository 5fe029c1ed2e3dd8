import { createHash } from 'node:crypto';
import { COMMANDS, type CommandRunner, type Committed } from '#event-sourcing';
import { ok, type CommandContext, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { nameDecider, type Name } from './name.decider.ts';
import type { ClaimedName, NameEvent, NameKind, OrganizationChange, OrganizationDraft } from './name.events.ts';
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

export interface WantedName {
  readonly kind: NameKind;
  readonly name: string;
  readonly organizationId: string;
  /** Refused where the organization holds it already. */
  readonly isNew?: boolean;
  /** What the name is claimed for, so that it can be finished after a crash. */
  readonly founding?: OrganizationDraft;
  readonly change?: OrganizationChange;
}

/** Who holds which display name, which slug, and whose default organization. */
@Injectable()
export class Names {
  constructor(@Inject(COMMANDS) private readonly commands: CommandRunner) {}

  claim(
    { name, ...wanted }: WantedName,
    context: CommandContext,
  ): Promise<Result<Committed<Name, NameEvent>, DomainError>> {
    const { kind, organizationId } = wanted;
    const command = { type: 'claim-name', shown: name, ...wanted } as const;
    return this.commands.run(nameDecider, nameStream(kind, name), command, { ...context, organizationId });
  }

  /** Gives claims back. One that does not hold any more is passed over. */
  async releaseAll(
    claims: readonly ClaimedName[],
    organizationId: string,
    context: CommandContext,
  ): Promise<Result<unknown, DomainError>> {
    for (const claim of claims) {
      const { kind, name, revision } = claim;
      const held = await this.areHeld([claim], organizationId);
      if (!held.ok) return held;
      const command = { type: 'release-name', kind, organizationId, revision } as const;
      const own = { ...context, organizationId };
      const released = held.value
        ? await this.commands.run(nameDecider, nameStream(kind, name), command, own, { step: 'release' })
        : held;
      if (!released.ok) return released;
    }
    return ok(undefined);
  }

  /** The claims by which an organization holds names; those that it does not hold are left out. */
  async claimed(
    names: readonly Pick<ClaimedName, 'kind' | 'name'>[],
    organizationId: string,
  ): Promise<Result<readonly ClaimedName[], DomainError>> {
    const claims: ClaimedName[] = [];
    for (const { kind, name } of names) {
      const loaded = await this.commands.load(nameDecider, nameStream(kind, name));
      if (!loaded.ok) return loaded;
      const { holder, revision } = loaded.value.state;
      if (holder === organizationId) claims.push({ kind, name, revision });
    }
    return ok(claims);
  }

  /** Whether an organization holds names by exactly these claims. */
  async areHeld(claims: readonly ClaimedName[], organizationId: string): Promise<Result<boolean, DomainError>> {
    const present = await this.claimed(claims, organizationId);
    if (!present.ok) return present;
    return ok(claims.every(({ revision }, index) => present.value[index]?.revision === revision));
  }
}
