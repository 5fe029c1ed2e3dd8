import { COMMANDS, finishOrUndo, ownerFirst, type CommandRunner, type Committed } from '#event-sourcing';
import { err, ok, type CommandContext, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import type { Named, NewName } from '../catalog/catalog.events.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { matching } from '../shared/if-match.ts';
import { profileDecider, profileStream, type Profile, type ProfileCommand } from './profile.decider.ts';
import type { ProfileEvent } from './profile.events.ts';

/** A profile to create. */
export type NewProfile = Extract<NewName, { readonly kind: 'profile' }>;
type Applied = Committed<Profile, ProfileEvent>;
type Context = CommandContext & { readonly ifMatch?: number };

/** Writes profiles: first to the catalog, which owns name, limit and target, then to the profile's own stream. */
@Injectable()
export class ProfileChanges {
  constructor(@Inject(COMMANDS) private readonly commands: CommandRunner) {}

  /**
   * @returns `deployments/stale-revision` if another profile got the name in the meantime, which this change then
   *   applies to
   */
  apply(
    organizationId: string,
    profile: NewProfile,
    mayChange: Extract<ProfileCommand, { type: 'apply' }>['mayChange'],
    context: Context,
  ): Promise<Result<Applied, DomainError>> {
    const { id, name } = profile;
    const stream = catalogStream(organizationId);
    return ownerFirst({
      start: async () => {
        const claim = { type: 'claim', claim: profile } as const;
        const claimed = await this.commands.run(catalogDecider, stream, claim, context, { step: 'claim' });
        if (!claimed.ok) return claimed;
        const owner = claimed.value.state.entries.profile.get(name);
        return owner && owner.id !== id ? err(deploymentsErrors.staleRevision()) : ok(undefined);
      },
      finish: () => this.finish(profile, mayChange, context),
      undo: () => this.discard(organizationId, profile, context),
    });
  }

  delete(organizationId: string, profile: Named, context: CommandContext): Promise<Result<Deleted, DomainError>> {
    const retire = { type: 'retire', ...namedOf(profile) } as const;
    return ownerFirst({
      start: () =>
        this.commands.run(catalogDecider, catalogStream(organizationId), retire, context, { step: 'retire' }),
      finish: () => this.end(organizationId, profile, context),
    });
  }

  /** Completes an interrupted creation. Does nothing if the profile's stream has begun. */
  async resumeCreation(
    organizationId: string,
    profile: NewProfile,
    context: CommandContext,
  ): Promise<Result<unknown, DomainError>> {
    const present = await this.commands.load(profileDecider, profileStream(profile.id));
    if (!present.ok || present.value.state.status === 'active') return present;
    if (present.value.state.status === 'deleted') return this.end(organizationId, profile, context);
    return finishOrUndo<unknown, unknown>(
      {
        finish: () => this.finish(profile, 'all', context),
        undo: () => this.discard(organizationId, profile, context),
      },
      undefined,
    );
  }

  private finish(
    { id, intent }: NewProfile,
    mayChange: Extract<ProfileCommand, { type: 'apply' }>['mayChange'],
    context: Context,
  ): Promise<Result<Applied, DomainError>> {
    const command = { type: 'apply', content: intent, mayChange } as const;
    return this.commands.run(profileDecider, profileStream(id), command, context, {
      step: 'apply',
      ...matching(context),
    });
  }

  /** Ends a profile that has only a name. One whose stream has begun is unchanged. */
  private async discard(
    organizationId: string,
    profile: Named,
    context: CommandContext,
  ): Promise<Result<unknown, DomainError>> {
    const present = await this.commands.load(profileDecider, profileStream(profile.id));
    if (!present.ok || present.value.state.status === 'active') return present;
    return this.end(organizationId, profile, context);
  }

  /** Ends a profile. Each step is idempotent, so this also completes an interrupted deletion. */
  async end(organizationId: string, profile: Named, context: CommandContext): Promise<Result<Deleted, DomainError>> {
    const deleted = await this.commands.run(profileDecider, profileStream(profile.id), { type: 'delete' }, context);
    if (!deleted.ok) return deleted;
    const release = { type: 'release', ...namedOf(profile) } as const;
    return this.commands.run(catalogDecider, catalogStream(organizationId), release, context, { step: 'release' });
  }
}

type Deleted = Pick<Committed<unknown, unknown>, 'meta'>;

const namedOf = ({ kind, name, id }: Named): Named => ({ kind, name, id });
