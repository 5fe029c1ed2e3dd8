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
import type { InputOf, OutputOf } from '#bus/contract';
import { deleteClusterRequest, setClusterPolicyRequest } from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { err, ok, type DomainError, type Result } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import type { WholePolicy } from '../catalog/beginnings.ts';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { namesOf } from '../catalog/catalog.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { revisionMismatch } from '../shared/if-match.ts';
import { AccessEnds } from './access-ends.service.ts';
import { clusterNameDecider, clusterNameStream } from './cluster-name.decider.ts';
import { policyView } from './cluster-views.service.ts';
import { clusterDecider, clusterStream, type Cluster } from './cluster.decider.ts';
import { Heartbeats } from './heartbeats.service.ts';

/** Policy and removal of clusters. */
@Controller()
export class ClustersHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(Heartbeats) private readonly heartbeats: Heartbeats,
    @Inject(AccessEnds) private readonly ends: AccessEnds,
  ) {}

  @Serves(setClusterPolicyRequest)
  async setPolicy(
    @Input() { name, namespaces, clusterScoped, podSecurity }: InputOf<typeof setClusterPolicyRequest>,
    @Caller() context: ContextOf<typeof setClusterPolicyRequest>,
  ): Promise<ReplyTo<typeof setClusterPolicyRequest>> {
    const found = await this.find(name, context);
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
    const found = await this.find(name, context);
    if (!found.ok) return refuse(found.error);
    const { id, organizationId, cluster } = found.value;
    if (cluster.status === 'active' && cluster.registration.type === 'sandbox')
      return refuse(deploymentsErrors.sandboxStays('stays'));
    const mismatch = revisionMismatch(context, cluster.status === 'active' ? cluster.revision : 0);
    if (mismatch) return refuse(mismatch);
    const stream = catalogStream(organizationId);
    const named = { kind: 'cluster', name, id } as const;
    if (context.dryRun) {
      const planned = await this.commands.plan(catalogDecider, stream, { type: 'retire', ...named }, context);
      return planned.ok ? reply({ name, dryRun: true }) : refuse(planned.error);
    }
    const retired = await this.commands.run(catalogDecider, stream, { type: 'retire', ...named }, context, {
      step: 'retire',
    });
    if (!retired.ok) return refuse(retired.error);
    const pending = await this.ends.endEverything({ organizationId, clusterId: id }, context);
    if (!pending.ok) return refuse(pending.error);
    const deleted = await this.finishDeletion(organizationId, id, name, cluster, context);
    if (!deleted.ok || pending.value.length === 0) return deleted;
    const left = `${pending.value.length} accounts of members could not be deleted on the cluster and stay there with their rights.`;
    return { ...deleted, meta: { ...deleted.meta, warnings: [left] } };
  }

  private async finishDeletion(
    organizationId: string,
    id: string,
    name: string,
    cluster: Cluster,
    context: OrganizationContext,
  ): Promise<Reply<OutputOf<typeof deleteClusterRequest>>> {
    const ended = await this.commands.run(clusterDecider, clusterStream(id), { type: 'delete' }, context);
    if (!ended.ok) return refuse(ended.error);
    if (cluster.status === 'active') {
      const freed = await this.commands.run(
        clusterNameDecider,
        clusterNameStream(cluster.registration.uid),
        { type: 'release', clusterId: id },
        context,
        { step: 'release' },
      );
      if (!freed.ok) return refuse(freed.error);
    }
    const released = await this.commands.run(
      catalogDecider,
      catalogStream(organizationId),
      { type: 'release', kind: 'cluster', name, id },
      context,
      { step: 'release' },
    );
    if (!released.ok) return refuse(released.error);
    await this.heartbeats.forget(id);
    return reply({ name, dryRun: false }, { position: released.value.position });
  }

  private async find(
    name: string,
    context: OrganizationContext,
  ): Promise<Result<{ readonly id: string; readonly organizationId: string; readonly cluster: Cluster }, DomainError>> {
    const { organizationId } = context;
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    if (!catalog.ok) return catalog;
    const entry = catalog.value.state.entries.cluster.get(name);
    if (!entry) return err(deploymentsErrors.clusterNotFound(name, namesOf(catalog.value.state, 'cluster')));
    const loaded = await this.commands.load(clusterDecider, clusterStream(entry.id));
    return loaded.ok ? ok({ id: entry.id, organizationId: organizationId, cluster: loaded.value.state }) : loaded;
  }
}
