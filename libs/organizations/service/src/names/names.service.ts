import { createHash } from 'node:crypto';
import { COMMANDS, type CommandRunner, type Committed } from '#event-sourcing';
import { ok, type CommandContext, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { nameDecider, type Name } from './name.decider.ts';
import type { ClaimedName, NameEvent, NameKind, OrganizationChange, OrganizationDraft } from './name.events.ts';
import { comparable } from './normalize.ts';

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Returns the stream of a name. It contains a digest of a display name, which may have characters beyond ASCII. */
export const nameStream = (kind: NameKind, name: string): string =>
  `names-${kind}-${kind === 'name' ? digest(comparable(name)).slice(0, 32) : name}`;

/**
 * Returns `personal-` and five characters derived from the organization's ID: repeatable, and without personal data.
 */
export function defaultSlug(organizationId: string, attempt: number): string {
  const drawn = BigInt(`0x${digest(`${organizationId}/${attempt}`).slice(0, 24)}`);
  return `personal-${drawn.toString(36).slice(-5)}`;
}

/** A claim to make: a name, and the organization that is to hold it. */
export interface WantedName {
  readonly kind: NameKind;
  readonly name: string;
  readonly organizationId: string;
  /** Reject the claim if the organization already holds the name. */
  readonly isNew?: boolean;
  /** The creation that the claim starts, so that it can be completed after a crash. */
  /** The change that the claim starts, so that it can be completed after a crash. */
  readonly founding?: OrganizationDraft;
  readonly change?: OrganizationChange;
}

/** Claims and releases display names, slugs, and the default organization of each user. */
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

  /** Releases claims. Claims that are no longer in effect are skipped. */
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

  /** Returns the claims of those names that the organization holds. */
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

  /** Returns whether all of these claims are still in effect. */
  async areHeld(claims: readonly ClaimedName[], organizationId: string): Promise<Result<boolean, DomainError>> {
    const present = await this.claimed(claims, organizationId);
    if (!present.ok) return present;
    return ok(claims.every(({ revision }, index) => present.value[index]?.revision === revision));
  }
}
