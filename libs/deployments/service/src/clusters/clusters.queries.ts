import { Caller, Input, refuse, reply, Serves, type Reply, type RequestContext } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import {
  getClusterPolicyRequest,
  getClusterRequest,
  listClustersRequest,
  type ClusterView,
} from '#deployments/contract';
import { Controller, Inject } from '@nestjs/common';
import { deploymentsErrors } from '../deployments.errors.ts';
import { People } from '../shared/people.service.ts';
import { ClusterDocuments } from './cluster-documents.service.ts';
import { ClusterViews } from './cluster-views.service.ts';

/** Clusters and their policies. */
@Controller()
export class ClustersQueries {
  constructor(
    @Inject(ClusterDocuments) private readonly clusters: ClusterDocuments,
    @Inject(ClusterViews) private readonly answers: ClusterViews,
    @Inject(People) private readonly people: People,
  ) {}

  @Serves(listClustersRequest)
  async list(
    @Input() { provider }: InputOf<typeof listClustersRequest>,
    @Caller() context: RequestContext,
  ): Promise<Reply<OutputOf<typeof listClustersRequest>>> {
    const found = await this.clusters.all(context);
    if (!found.ok) return refuse(found.error);
    const views = await this.answers.views(found.value);
    return reply(
      { items: views.filter((view) => provider === undefined || view.provider === provider) },
      found.value.length === 0 ? { warnings: [await this.noCluster(context)] } : {},
    );
  }

  private async noCluster(context: RequestContext): Promise<string> {
    const membership = await this.people.membership(context);
    const { detail, fix = '' } = membership.ok
      ? await this.people.noCluster(membership.value.slug, context)
      : membership.error;
    return `${detail} Fix: ${fix}`;
  }

  @Serves(getClusterRequest)
  async get(
    @Input() { name }: InputOf<typeof getClusterRequest>,
    @Caller() context: RequestContext,
  ): Promise<Reply<ClusterView>> {
    const found = await this.clusters.find(name, context);
    if (!found.ok) return refuse(found.error);
    const [view] = await this.answers.views([found.value]);
    return view ? reply(view, { revision: found.value.revision }) : refuse(deploymentsErrors.clusterNotFound(name, []));
  }

  @Serves(getClusterPolicyRequest)
  async policy(
    @Input() { name }: InputOf<typeof getClusterPolicyRequest>,
    @Caller() context: RequestContext,
  ): Promise<Reply<OutputOf<typeof getClusterPolicyRequest>>> {
    const found = await this.clusters.find(name, context);
    if (!found.ok) return refuse(found.error);
    const [view] = await this.answers.views([found.value]);
    return view
      ? reply(view.policy, { revision: found.value.revision })
      : refuse(deploymentsErrors.clusterNotFound(name, []));
  }
}
