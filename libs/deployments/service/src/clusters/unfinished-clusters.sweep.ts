import type { RequestContext } from '#bus';
import { COMMANDS, type CommandRunner, type Sweep } from '#event-sourcing';
import { ok, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { Unfinished, UNFINISHED_EVERY_MS } from '../shared/unfinished.service.ts';
import { clusterNameDecider, clusterNameStream } from './cluster-name.decider.ts';
import { clusterDecider, clusterStream } from './cluster.decider.ts';
import { clustersProjection, type ClusterDocument } from './clusters.projection.ts';

/** Finishes registrations and removals of clusters that were interrupted. */
@Injectable()
export class UnfinishedClustersSweep implements Sweep {
  readonly name = 'deployments-unfinished-clusters';
  readonly everyMs = UNFINISHED_EVERY_MS;

  constructor(
    @Inject(Unfinished) private readonly unfinished: Unfinished,
    @Inject(COMMANDS) private readonly commands: CommandRunner,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    await this.unfinished.each(clustersProjection, { unfinished: true }, signal, async (document, context) => {
      const { id: clusterId, organizationId, name, intent, createdAt } = document;
      if (!intent || this.unfinished.isYoung(createdAt)) return ok(undefined);
      const claim = { type: 'claim', organizationId, clusterId, name } as const;
      const owned = await this.commands.run(clusterNameDecider, clusterNameStream(intent.uid), claim, context);
      // Only another organization's claim is final: what is unavailable now may succeed at the next run.
      if (!owned.ok) return owned.error.code === 'deployments/cluster-taken' ? this.drop(document, context) : owned;
      const register = { type: 'register', registration: intent } as const;
      return this.commands.run(clusterDecider, clusterStream(clusterId), register, context);
    });
    await this.unfinished.each(clustersProjection, { retiring: true }, signal, async (document, context) => {
      const { id: clusterId, registration } = document;
      if (!registration) return this.drop(document, context);
      const release = { type: 'release', clusterId } as const;
      const freed = await this.commands.run(clusterNameDecider, clusterNameStream(registration.uid), release, context);
      return freed.ok ? this.drop(document, context) : freed;
    });
  }

  private async drop(
    { id, organizationId, name }: ClusterDocument,
    context: RequestContext,
  ): Promise<Result<unknown, DomainError>> {
    const deleted = await this.commands.run(clusterDecider, clusterStream(id), { type: 'delete' }, context);
    if (!deleted.ok) return deleted;
    const release = { type: 'release', kind: 'cluster', name, id } as const;
    return this.commands.run(catalogDecider, catalogStream(organizationId), release, context);
  }
}
