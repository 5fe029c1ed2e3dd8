import { Caller, Input, refuse, reply, Serves, type Reply, type OrganizationContext, type ContextOf } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { applyProfileRequest, deleteProfileRequest, TIER_NAMES, type ProfileSpec } from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { CLOCK, err, ok, type Clock, type DomainError, type Position, type Result } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import type { ProfileContent } from '../catalog/beginnings.ts';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { namesOf, type Catalog } from '../catalog/catalog.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { effectiveTier } from '../resolve/resolve.ts';
import { matching, revisionMismatch } from '../shared/if-match.ts';
import type { ReadManifest } from '../shared/manifest-jobs.ts';
import { ManifestReader } from '../shared/manifest-reader.service.ts';
import { OrganizationLookup, type Membership } from '../shared/organization-lookup.service.ts';
import { Refusals } from '../shared/refusals.service.ts';
import { VaultRecords } from '../shared/vault-records.service.ts';
import { DefaultProfile } from './default-profile.service.ts';
import { profileContent } from './profile-content.service.ts';
import { ProfileViews } from './profile-views.service.ts';
import { profileDecider, profileStream, type Profile, type ProfileCommand } from './profile.decider.ts';

type Applied = OutputOf<typeof applyProfileRequest>;
type Deleted = OutputOf<typeof deleteProfileRequest>;

@Controller()
export class ProfilesHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(ManifestReader) private readonly manifests: ManifestReader,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
    @Inject(Refusals) private readonly refusals: Refusals,
    @Inject(VaultRecords) private readonly records: VaultRecords,
    @Inject(DefaultProfile) private readonly defaults: DefaultProfile,
    @Inject(ProfileViews) private readonly answers: ProfileViews,
  ) {}

  @Serves(applyProfileRequest)
  async apply(
    @Input() { name, manifest }: InputOf<typeof applyProfileRequest>,
    @Caller() context: ContextOf<typeof applyProfileRequest>,
  ): Promise<Reply<Applied>> {
    const membership = await this.organizations.membership(context);
    if (!membership.ok) return refuse(membership.error);
    const read = await this.manifests.profile(name, manifest);
    if (!read.ok) return refuse(read.error);
    const unknownTier = tierError(name, read.value);
    if (unknownTier) return refuse(unknownTier);
    await this.defaults.ensure(membership.value.organizationId, context);
    const applied = await this.write(read.value.spec, read.value.pointer, membership.value, context);
    return applied.ok ? applied : refuse(await this.refusals.explain(applied.error, context));
  }

  @Serves(deleteProfileRequest)
  async delete(
    @Input() { name }: InputOf<typeof deleteProfileRequest>,
    @Caller() context: ContextOf<typeof deleteProfileRequest>,
  ): Promise<Reply<Deleted>> {
    const membership = await this.organizations.membership(context);
    if (!membership.ok) return refuse(membership.error);
    const stream = catalogStream(membership.value.organizationId);
    const catalog = await this.commands.load(catalogDecider, stream);
    if (!catalog.ok) return refuse(catalog.error);
    const entry = catalog.value.state.entries.profile.get(name);
    if (!entry) return refuse(deploymentsErrors.profileNotFound(name, namesOf(catalog.value.state, 'profile')));
    const mismatch = await this.mismatch(entry.id, context);
    if (mismatch) return refuse(mismatch);
    const named = { kind: 'profile', name, id: entry.id } as const;
    if (context.dryRun) {
      const planned = await this.commands.plan(catalogDecider, stream, { type: 'retire', ...named }, context);
      return planned.ok ? reply({ name, dryRun: true }) : refuse(planned.error);
    }
    const retired = await this.commands.run(catalogDecider, stream, { type: 'retire', ...named }, context, {
      step: 'retire',
    });
    if (!retired.ok) return refuse(retired.error);
    const deleted = await this.commands.run(profileDecider, profileStream(entry.id), { type: 'delete' }, context);
    if (!deleted.ok) return refuse(deleted.error);
    const released = await this.commands.run(catalogDecider, stream, { type: 'release', ...named }, context, {
      step: 'release',
    });
    return released.ok ? reply({ name, dryRun: false }, { position: released.value.position }) : refuse(released.error);
  }

  /** The catalog first: it decides about the name, the limit and the target; then the profile's own stream. */
  private async write(
    spec: ProfileSpec,
    pointer: string,
    membership: Membership,
    context: OrganizationContext,
  ): Promise<Reply<Applied>> {
    const { organizationId, isAdmin } = membership;
    const stream = catalogStream(organizationId);
    const catalog = await this.commands.load(catalogDecider, stream);
    if (!catalog.ok) return refuse(catalog.error);
    const clusterId = clusterOf(spec, catalog.value.state, pointer);
    if (!clusterId.ok) return refuse(clusterId.error);
    const id = catalog.value.state.entries.profile.get(spec.profileName)?.id ?? this.commands.newId(context, 0);
    const mismatch = await this.mismatch(id, context);
    if (mismatch) return refuse(mismatch);
    const content = await profileContent(this.records, id, clusterId.value, spec);
    if (!content.ok) return refuse(content.error);
    const command = { type: 'apply', content: content.value, mayChange: isAdmin ? 'all' : 'defaults' } as const;

    // What the profile's own stream refuses is found out before the catalog is written to.
    const planned = await this.commands.plan(profileDecider, profileStream(id), command, context);
    if (!planned.ok) return refuse(planned.error);
    const claim = {
      type: 'claim',
      claim: {
        kind: 'profile',
        name: spec.profileName,
        id,
        counted: true,
        refers: clusterId.value,
        intent: content.value,
      },
    } as const;
    if (context.dryRun) {
      const claimed = await this.commands.plan(catalogDecider, stream, claim, context);
      return claimed.ok
        ? this.answer(organizationId, id, content.value, { ...planned.value, dryRun: true }, context)
        : refuse(claimed.error);
    }
    const claimed = await this.commands.run(catalogDecider, stream, claim, context, { step: 'claim' });
    if (!claimed.ok) return refuse(claimed.error);
    const owner = claimed.value.state.entries.profile.get(spec.profileName);
    if (owner && owner.id !== id) return this.write(spec, pointer, membership, context); // somebody was faster: this is a change of theirs
    return this.record(organizationId, id, command, context);
  }

  /** Why `If-Match` does not let this change of a profile begin. */
  private async mismatch(id: string, context: OrganizationContext): Promise<DomainError | undefined> {
    if (context.ifMatch === undefined) return undefined;
    const profile = await this.commands.load(profileDecider, profileStream(id));
    if (!profile.ok) return profile.error;
    const { state } = profile.value;
    return revisionMismatch(context, state.status === 'active' ? state.revision : 0);
  }

  private async record(
    organizationId: string,
    id: string,
    command: Extract<ProfileCommand, { type: 'apply' }>,
    context: OrganizationContext,
  ): Promise<Reply<Applied>> {
    const recorded = await this.commands.run(profileDecider, profileStream(id), command, context, {
      step: 'apply',
      ...matching(context),
    });
    if (!recorded.ok) return refuse(recorded.error);
    return this.answer(organizationId, id, command.content, { ...recorded.value, dryRun: false }, context);
  }

  private async answer(
    organizationId: string,
    id: string,
    content: ProfileContent,
    outcome: {
      readonly state: Profile;
      readonly events: readonly { readonly type: string }[];
      readonly position?: Position;
      readonly dryRun: boolean;
    },
    context: OrganizationContext,
  ): Promise<Reply<Applied>> {
    const { state, events, dryRun } = outcome;
    const created = events.some(({ type }) => type === 'profile.created.v1');
    const revision = state.status === 'active' ? state.revision : 0;
    const fresh = {
      id,
      organizationId,
      name: content.name,
      createdAt: new Date(this.clock.now()).toISOString(),
      content,
      revision,
    };
    const profile = await this.answers.afterWrite(fresh, context);
    const said = created ? 'created' : events.length > 0 ? 'configured' : 'unchanged';
    return reply(
      { profile, outcome: said, dryRun },
      {
        revision,
        ...(outcome.position !== undefined && { position: outcome.position }),
        ...(created && !dryRun && { created }),
      },
    );
  }
}

function tierError(name: string, { spec, pointer }: ReadManifest<ProfileSpec>): DomainError | undefined {
  return effectiveTier(spec, TIER_NAMES[0]) === undefined
    ? deploymentsErrors.manifestInvalid(`profile/${name}`, [
        { pointer: `${pointer}/availabilityTier`, message: `must be one of ${TIER_NAMES.join(', ')}` },
      ])
    : undefined;
}

function clusterOf(spec: ProfileSpec, catalog: Catalog, pointer: string): Result<string, DomainError> {
  const entry = catalog.entries.cluster.get(spec.clusterName);
  return entry && !entry.retiring
    ? ok(entry.id)
    : err(
        deploymentsErrors.clusterUnknown(
          spec.profileName,
          spec.clusterName,
          namesOf(catalog, 'cluster'),
          `${pointer}/clusterName`,
        ),
      );
}
