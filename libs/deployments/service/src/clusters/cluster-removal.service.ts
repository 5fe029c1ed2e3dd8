import type { RequestContext } from '#bus';
import { ok, type DomainError, type Position, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import type { Named } from '../catalog/catalog.events.ts';
import { AccessEnds } from './access-ends.service.ts';
import { ClusterChanges } from './cluster-changes.service.ts';
import { Heartbeats } from './heartbeats.service.ts';

/** A removed cluster. */
export interface RemovedCluster {
  /** Absent after a dry run. */
  readonly position: Position | undefined;
  /** Number of accounts of members that could not be deleted on the cluster. */
  readonly left: number;
}

/** Removes registered clusters from the platform, after the access of members to them was ended. */
@Injectable()
export class ClusterRemoval {
  constructor(
    @Inject(ClusterChanges) private readonly changes: ClusterChanges,
    @Inject(AccessEnds) private readonly ends: AccessEnds,
    @Inject(Heartbeats) private readonly heartbeats: Heartbeats,
  ) {}

  async remove(
    organizationId: string,
    cluster: Named,
    context: RequestContext,
  ): Promise<Result<RemovedCluster, DomainError>> {
    const { id } = cluster;
    let left = 0;
    const deleted = await this.changes.delete(organizationId, cluster, context, async () => {
      if (context.dryRun) return ok(undefined);
      const pending = await this.ends.endEverything({ organizationId, clusterId: id }, context);
      if (pending.ok) left = pending.value.length;
      return pending;
    });
    if (!deleted.ok) return deleted;
    if (!context.dryRun) await this.heartbeats.forget(id);
    return ok({ position: deleted.value.meta.position, left });
  }
}
