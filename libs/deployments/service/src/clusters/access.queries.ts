import { Caller, Input, refuse, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import { pageOf, type InputOf } from '#bus/contract';
import { clusterAccessRequest } from '#deployments/contract';
import { READ_MODELS, type ReadModels } from '#event-sourcing';
import { Controller, Inject } from '@nestjs/common';
import { OrganizationLookup } from '../shared/organization-lookup.service.ts';
import { accessProjection } from './access.projection.ts';
import { ClusterDocuments } from './cluster-documents.service.ts';

/** Lists the members with access to a cluster. */
@Controller()
export class AccessQueries {
  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
    @Inject(ClusterDocuments) private readonly clusters: ClusterDocuments,
  ) {}

  @Serves(clusterAccessRequest)
  async list(
    @Input() { name, ...place }: InputOf<typeof clusterAccessRequest>,
    @Caller() context: ContextOf<typeof clusterAccessRequest>,
  ): Promise<ReplyTo<typeof clusterAccessRequest>> {
    const cluster = await this.clusters.find(name, context);
    if (!cluster.ok) return refuse(cluster.error);
    const found = await this.readModels.get(accessProjection, cluster.value.id, context.consistency);
    if (!found.ok) return refuse(found.error);
    const rows = found.value?.document.rows ?? [];
    const nameOf = await this.organizations.namesOf(
      rows.map(({ memberId }) => memberId),
      context,
    );
    const accounts = rows.map(({ memberId, access, since, lastIssuedAt, ending }) => ({
      id: memberId,
      who: nameOf(memberId),
      access,
      state: ending ? ('ENDING' as const) : ('ACTIVE' as const),
      code: ending?.failure ?? null,
      since,
      lastIssued: lastIssuedAt,
    }));
    const { items, ...rest } = pageOf(accounts, ({ who, id }) => `${who} ${id}`, place);
    return reply({ items: [...items], ...rest });
  }
}
