import { Caller, Input, refuse, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { deleteClusterRequest, setClusterPolicyRequest } from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { Controller, Inject } from '@nestjs/common';
import type { WholePolicy } from '../catalog/beginnings.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { revisionMismatch } from '../shared/if-match.ts';
import { ClusterRemoval } from './cluster-removal.service.ts';
import { policyView } from './cluster-views.service.ts';
import { ClusterLookup } from './cluster-lookup.service.ts';
import { clusterDecider, clusterStream } from './cluster.decider.ts';

/** Handles policies and the removal of clusters. */
@Controller()
export class ClustersHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(ClusterLookup) private readonly clusters: ClusterLookup,
    @Inject(ClusterRemoval) private readonly removal: ClusterRemoval,
  ) {}

  @Serves(setClusterPolicyRequest)
  async setPolicy(
    @Input() { name, namespaces, clusterScoped, podSecurity }: InputOf<typeof setClusterPolicyRequest>,
    @Caller() context: ContextOf<typeof setClusterPolicyRequest>,
  ): Promise<ReplyTo<typeof setClusterPolicyRequest>> {
    const found = await this.clusters.find(name, context);
    if (!found.ok) return refuse(found.error);
    const policy: Partial<WholePolicy> = {
      ...(namespaces && { namespaces }),
      ...(clusterScoped && { clusterScoped }),
      ...(podSecurity && { podSecurity }),
    };
    const stream = clusterStream(found.value.id);
    const command = { type: 'set-policy', policy } as const;
    return this.commands.reply(clusterDecider, stream, command, context, ({ state }) =>
      policyView(state.status === 'active' ? state.policy : null),
    );
  }

  @Serves(deleteClusterRequest)
  async delete(
    @Input() { name }: InputOf<typeof deleteClusterRequest>,
    @Caller() context: ContextOf<typeof deleteClusterRequest>,
  ): Promise<ReplyTo<typeof deleteClusterRequest>> {
    const found = await this.clusters.find(name, context);
    if (!found.ok) return refuse(found.error);
    const { id, organizationId, cluster } = found.value;
    if (cluster.status === 'active' && cluster.registration.type === 'sandbox')
      return refuse(deploymentsErrors.sandboxStays('stays'));
    const mismatch = revisionMismatch(context, cluster.status === 'active' ? cluster.revision : 0);
    if (mismatch) return refuse(mismatch);
    const removed = await this.removal.remove(organizationId, { kind: 'cluster', name, id }, context);
    if (!removed.ok) return removed;
    const { position, left } = removed.value;
    const warning = `${left} accounts of members could not be deleted on the cluster and keep their permissions.`;
    return reply(
      { name, dryRun: context.dryRun ?? false },
      { ...(position !== undefined && { position }), ...(left > 0 && { warnings: [warning] }) },
    );
  }
}
