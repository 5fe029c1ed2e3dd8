import { Caller, Input, refuse, reply, Serves, type Reply, type ContextOf, type ReplyTo } from '#bus';
import { pageOf, type InputOf, type OutputOf } from '#bus/contract';
import {
  getProfileRequest,
  getTierRequest,
  listProfilesRequest,
  listTiersRequest,
  TIERS,
  type ProfileView,
  type Tier,
} from '#deployments/contract';
import { READ_MODELS, type ReadModels } from '#event-sourcing';
import { Controller, Inject } from '@nestjs/common';
import { deploymentsErrors } from '../deployments.errors.ts';
import { tierOf } from '../resolve/resolve.ts';
import { allDocuments } from '../shared/pages.service.ts';
import { DefaultProfile } from './default-profile.service.ts';
import { ProfileViews } from './profile-views.service.ts';
import { profilesProjection } from './profiles.projection.ts';

/** Reads profiles and tiers. */
@Controller()
export class ProfilesQueries {
  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(ProfileViews) private readonly views: ProfileViews,
    @Inject(DefaultProfile) private readonly defaults: DefaultProfile,
  ) {}

  @Serves(listProfilesRequest)
  async list(
    @Input() place: InputOf<typeof listProfilesRequest>,
    @Caller() context: ContextOf<typeof listProfilesRequest>,
  ): Promise<ReplyTo<typeof listProfilesRequest>> {
    const { organizationId } = context;
    const made = await this.defaults.ensure(organizationId, context);
    const found = await allDocuments(
      this.readModels,
      profilesProjection,
      { where: { organizationId: organizationId }, sort: { field: 'name', direction: 'ascending' } },
      context.consistency ?? made,
    );
    if (!found.ok) return refuse(found.error);
    const { items, ...rest } = pageOf(found.value, ({ name }) => name, place);
    return reply({ items: await this.views.views(items, context), ...rest });
  }

  @Serves(getProfileRequest)
  async get(
    @Input() { name }: InputOf<typeof getProfileRequest>,
    @Caller() context: ContextOf<typeof getProfileRequest>,
  ): Promise<Reply<ProfileView>> {
    const { organizationId } = context;
    const made = await this.defaults.ensure(organizationId, context);
    const found = await allDocuments(
      this.readModels,
      profilesProjection,
      { where: { organizationId: organizationId } },
      context.consistency ?? made,
    );
    if (!found.ok) return refuse(found.error);
    const profile = found.value.find((one) => one.name === name);
    const [view] = profile ? await this.views.views([profile], context) : [];
    return view && profile
      ? reply(view, { revision: profile.revision })
      : refuse(deploymentsErrors.profileNotFound(name, found.value.map((one) => one.name).sort()));
  }

  @Serves(listTiersRequest)
  tiers(): ReplyTo<typeof listTiersRequest> {
    return reply({ items: TIERS.map(tierView) });
  }

  @Serves(getTierRequest)
  tier(@Input() { tier: name }: InputOf<typeof getTierRequest>): ReplyTo<typeof getTierRequest> {
    const tier = tierOf(name);
    return tier
      ? reply(tierView(tier))
      : refuse(
          deploymentsErrors.tierNotFound(
            name,
            TIERS.map((known) => known.name),
          ),
        );
  }
}

const tierView = ({
  name,
  replicas,
  autoscaling,
  cpu,
  memory,
  spread,
  priority,
}: Tier): OutputOf<typeof getTierRequest> => ({
  tier: name,
  replicas: `${replicas.min}/${replicas.max}`,
  autoscaling: autoscaling ? `yes (${autoscaling.cpu}/${autoscaling.memory})` : 'no',
  cpu: `${cpu.request}/${cpu.limit}`,
  memory: `${memory.request}/${memory.limit}`,
  spread: spread ? 'yes, hard' : 'no',
  priority,
});
