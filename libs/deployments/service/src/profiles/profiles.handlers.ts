import { Caller, Input, refuse, reply, Serves, type Reply, type OrganizationContext, type ContextOf } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { applyProfileRequest, deleteProfileRequest, TIER_NAMES, type ProfileSpec } from '#deployments/contract';
import { COMMANDS, type CommandRunner, type Committed } from '#event-sourcing';
import { CLOCK, type Clock, type DomainError } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import type { ProfileContent } from '../catalog/beginnings.ts';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { namesOf } from '../catalog/catalog.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { effectiveTier } from '../resolve/resolve.ts';
import { revisionMismatch } from '../shared/if-match.ts';
import type { ReadManifest } from '../shared/manifest-jobs.service.ts';
import { ManifestReader } from '../shared/manifest-reader.service.ts';
import { OrganizationLookup, type Membership } from '../shared/organization-lookup.service.ts';
import { Refusals } from '../shared/refusals.service.ts';
import { VaultRecords } from '../shared/vault-records.service.ts';
import { DefaultProfile } from './default-profile.service.ts';
import { profileContent } from './profile-content.service.ts';
import { ProfileTarget } from './profile-target.service.ts';
import { ProfileViews } from './profile-views.service.ts';
import { ProfileChanges } from './profile-changes.service.ts';
import { profileDecider, profileStream, type Profile } from './profile.decider.ts';
import type { ProfileEvent } from './profile.events.ts';

type Applied = OutputOf<typeof applyProfileRequest>;
type Deleted = OutputOf<typeof deleteProfileRequest>;

/** How often a profile is written again because others change its name at the same time. */
const TRIES = 20;

/** Handles the apply and deletion of profiles. */
@Controller()
export class ProfilesHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(ProfileChanges) private readonly changes: ProfileChanges,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(ManifestReader) private readonly manifests: ManifestReader,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
    @Inject(Refusals) private readonly refusals: Refusals,
    @Inject(VaultRecords) private readonly records: VaultRecords,
    @Inject(DefaultProfile) private readonly defaults: DefaultProfile,
    @Inject(ProfileTarget) private readonly target: ProfileTarget,
    @Inject(ProfileViews) private readonly views: ProfileViews,
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
    if (!applied.ok) return refuse(await this.refusals.explain(applied.error, context));
    const { warnings } = read.value;
    return warnings ? { ...applied, value: { ...applied.value, warnings: [...warnings] } } : applied;
  }

  @Serves(deleteProfileRequest)
  async delete(
    @Input() { name }: InputOf<typeof deleteProfileRequest>,
    @Caller() context: ContextOf<typeof deleteProfileRequest>,
  ): Promise<Reply<Deleted>> {
    const membership = await this.organizations.membership(context);
    if (!membership.ok) return refuse(membership.error);
    const { organizationId } = membership.value;
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    if (!catalog.ok) return refuse(catalog.error);
    const entry = catalog.value.state.entries.profile.get(name);
    if (!entry) return refuse(deploymentsErrors.profileNotFound(name, namesOf(catalog.value.state, 'profile')));
    const mismatch = await this.mismatch(entry.id, context);
    if (mismatch) return refuse(mismatch);
    const deleted = await this.changes.delete(organizationId, entry, context);
    return deleted.ok ? reply({ name, dryRun: context.dryRun ?? false }, deleted.value.meta) : deleted;
  }

  /** Writes first to the catalog, which decides about name, limit and target, and then to the profile's own stream. */
  private async write(
    spec: ProfileSpec,
    pointer: string,
    membership: Membership,
    context: OrganizationContext,
    triesLeft = TRIES,
  ): Promise<Reply<Applied>> {
    const { organizationId, isAdmin } = membership;
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    if (!catalog.ok) return refuse(catalog.error);
    const cluster = await this.target.of(spec, catalog.value.state, pointer);
    if (!cluster.ok) return refuse(cluster.error);
    const id = catalog.value.state.entries.profile.get(spec.profileName)?.id ?? this.commands.newId(context, 0);
    const mismatch = await this.mismatch(id, context);
    if (mismatch) return refuse(mismatch);
    // If billing does not respond, a reactor resolves the tier later.
    const planTier =
      spec.availabilityTier === undefined ? await this.organizations.defaultTier(organizationId, context) : undefined;
    const tier = planTier?.ok ? planTier.value : null;
    const content = await profileContent(this.records, id, cluster.value, spec, tier);
    if (!content.ok) return refuse(content.error);
    const mayChange = isAdmin ? 'all' : 'defaults';

    // Errors of the profile's own stream are found before the catalog is written.
    const command = { type: 'apply', content: content.value, mayChange } as const;
    const planned = await this.commands.plan(profileDecider, profileStream(id), command, context);
    if (!planned.ok) return refuse(planned.error);
    const named = { kind: 'profile', name: spec.profileName, id } as const;
    const profile = { ...named, counted: true, refers: cluster.value.id, intent: content.value };
    const applied = await this.changes.apply(organizationId, profile, mayChange, context);
    if (applied.ok) return this.answer(organizationId, id, content.value, applied.value, context);
    // Another request was faster, so this is a change of its profile.
    const isStale = applied.error.code === deploymentsErrors.staleRevision().code;
    return isStale && triesLeft > 0 ? this.write(spec, pointer, membership, context, triesLeft - 1) : applied;
  }

  /** Returns the error if `If-Match` does not allow the change of a profile. */
  private async mismatch(id: string, context: OrganizationContext): Promise<DomainError | undefined> {
    if (context.ifMatch === undefined) return undefined;
    const profile = await this.commands.load(profileDecider, profileStream(id));
    if (!profile.ok) return profile.error;
    const { state } = profile.value;
    return revisionMismatch(context, state.status === 'active' ? state.revision : 0);
  }

  private async answer(
    organizationId: string,
    id: string,
    content: ProfileContent,
    { state, events, meta }: Committed<Profile, ProfileEvent>,
    context: OrganizationContext,
  ): Promise<Reply<Applied>> {
    const { dryRun = false } = context;
    const created = events.some(({ type }) => type === 'profile.created.v1');
    const revision = state.status === 'active' ? state.revision : 0;
    const fresh = {
      id,
      organizationId,
      name: content.name,
      createdAt: new Date(this.clock.now()).toISOString(),
      content: state.status === 'active' ? state.content : content,
      revision,
    };
    const profile = await this.views.afterWrite(fresh, context);
    const said = created ? 'created' : events.length > 0 ? 'configured' : 'unchanged';
    return reply({ profile, outcome: said, dryRun }, { ...meta, revision, ...(created && !dryRun && { created }) });
  }
}

function tierError(name: string, { spec, pointer }: ReadManifest<ProfileSpec>): DomainError | undefined {
  return effectiveTier(spec, TIER_NAMES[0]) === undefined
    ? deploymentsErrors.manifestInvalid(`profile/${name}`, [
        { pointer: `${pointer}/availabilityTier`, message: `must be one of ${TIER_NAMES.join(', ')}` },
      ])
    : undefined;
}
