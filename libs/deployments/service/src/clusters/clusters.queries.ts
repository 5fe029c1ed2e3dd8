import {
  Caller,
  Input,
  refuse,
  reply,
  Serves,
  type Reply,
  type OrganizationContext,
  type ContextOf,
  type ReplyTo,
} from '#bus';
import { pageOf, type InputOf } from '#bus/contract';
import {
  getClusterPolicyRequest,
  getClusterRequest,
  listClustersRequest,
  type ClusterView,
} from '#deployments/contract';
import { Controller, Inject } from '@nestjs/common';
import { deploymentsErrors } from '../deployments.errors.ts';
import { OrganizationLookup } from '../shared/organization-lookup.service.ts';
import { Refusals } from '../shared/refusals.service.ts';
import { ClusterDocuments } from './cluster-documents.service.ts';
import { ClusterViews } from './cluster-views.service.ts';

/** Reads clusters and their policies. */
@Controller()
export class ClustersQueries {
  constructor(
    @Inject(ClusterDocuments) private readonly clusters: ClusterDocuments,
    @Inject(ClusterViews) private readonly views: ClusterViews,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
    @Inject(Refusals) private readonly refusals: Refusals,
  ) {}

  @Serves(listClustersRequest)
  async list(
    @Input() { provider, ...place }: InputOf<typeof listClustersRequest>,
    @Caller() context: ContextOf<typeof listClustersRequest>,
  ): Promise<ReplyTo<typeof listClustersRequest>> {
    const found = await this.clusters.all(context);
    if (!found.ok) return refuse(found.error);
    const views = await this.views.views(found.value);
    const wanted = views.filter((view) => provider === undefined || view.provider === provider);
    const { items, ...rest } = pageOf(wanted, ({ name }) => name, place);
    return reply(
      { items: [...items], ...rest },
      found.value.length === 0 ? { warnings: [await this.noCluster(context)] } : {},
    );
  }

  private async noCluster(context: OrganizationContext): Promise<string> {
    const membership = await this.organizations.membership(context);
    const { detail, fix = '' } = membership.ok
      ? await this.refusals.noCluster(membership.value.slug, context)
      : membership.error;
    return `${detail} Fix: ${fix}`;
  }

  @Serves(getClusterRequest)
  async get(
    @Input() { name }: InputOf<typeof getClusterRequest>,
    @Caller() context: ContextOf<typeof getClusterRequest>,
  ): Promise<Reply<ClusterView>> {
    const found = await this.clusters.find(name, context);
    if (!found.ok) return refuse(found.error);
    const [view] = await this.views.views([found.value]);
    return view ? reply(view, { revision: found.value.revision }) : refuse(deploymentsErrors.clusterNotFound(name, []));
  }

  @Serves(getClusterPolicyRequest)
  async policy(
    @Input() { name }: InputOf<typeof getClusterPolicyRequest>,
    @Caller() context: ContextOf<typeof getClusterPolicyRequest>,
  ): Promise<ReplyTo<typeof getClusterPolicyRequest>> {
    const found = await this.clusters.find(name, context);
    if (!found.ok) return refuse(found.error);
    const [view] = await this.views.views([found.value]);
    return view
      ? reply(view.policy, { revision: found.value.revision })
      : refuse(deploymentsErrors.clusterNotFound(name, []));
  }
}
