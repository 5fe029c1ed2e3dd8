import type { OrganizationContext } from '#bus';
import { COMMANDS, READ_MODELS, type CommandRunner, type ReadModels } from '#event-sourcing';
import type { ProfileView } from '#deployments/contract';
import { Inject, Injectable } from '@nestjs/common';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { referringTo } from '../catalog/catalog.ts';
import { clustersProjection } from '../clusters/clusters.projection.ts';
import { OrganizationLookup } from '../shared/organization-lookup.service.ts';
import { profilesProjection, type ProfileDocument } from './profiles.projection.ts';

/** Part of a profile's document that views show. */
export type ShownProfile = Pick<
  ProfileDocument,
  'id' | 'organizationId' | 'name' | 'createdAt' | 'content' | 'revision'
>;

/** Builds views of profiles. */
@Injectable()
export class ProfileViews {
  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
  ) {}

  async views(profiles: readonly ShownProfile[], context: OrganizationContext): Promise<ProfileView[]> {
    const needsPlan = profiles.find(({ content }) => content?.tier === null);
    const defaultTier = needsPlan
      ? (await this.organizations.planOf(needsPlan.organizationId, context)).defaultTier
      : '-';
    return Promise.all(profiles.map((profile) => this.view(profile, defaultTier)));
  }

  /** Returns the profile that was written, with its time of creation if that is already known. */
  async afterWrite(profile: ShownProfile, context: OrganizationContext): Promise<ProfileView> {
    const read = await this.readModels.get(profilesProjection, profile.id);
    const createdAt = read.ok && read.value ? read.value.document.createdAt : profile.createdAt;
    const [view] = await this.views([{ ...profile, createdAt }], context);
    if (!view) throw new Error(`profile ${profile.id} has no view`);
    return view;
  }

  private async view(
    { id, organizationId, name, createdAt, content, revision }: ShownProfile,
    defaultTier: string,
  ): Promise<ProfileView> {
    const cluster = content ? await this.readModels.get(clustersProjection, content.clusterId) : undefined;
    const registration = cluster?.ok ? cluster.value?.document.registration : undefined;
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    return {
      id,
      name,
      cluster: content?.clusterName ?? '-',
      provider: registration?.provider ?? '-',
      region: registration?.region ?? null,
      tier: content ? (content.tier ?? defaultTier) : '-',
      protected: content?.protected ?? false,
      apps: catalog.ok ? referringTo(catalog.value.state, 'application', id).length : 0,
      revision,
      createdAt,
      description: content?.description ?? null,
      settings: [...(content?.settings ?? [])],
    };
  }
}
