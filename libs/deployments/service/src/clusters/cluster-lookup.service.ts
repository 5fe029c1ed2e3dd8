import type { OrganizationContext } from '#bus';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { err, ok, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { namesOf } from '../catalog/catalog.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { clusterDecider, clusterStream, type Cluster } from './cluster.decider.ts';

export interface FoundCluster {
  readonly id: string;
  readonly organizationId: string;
  readonly cluster: Cluster;
}

/** Finds clusters by name, in their present state according to their streams. */
@Injectable()
export class ClusterLookup {
  constructor(@Inject(COMMANDS) private readonly commands: CommandRunner) {}

  async find(name: string, { organizationId }: OrganizationContext): Promise<Result<FoundCluster, DomainError>> {
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    if (!catalog.ok) return catalog;
    const entry = catalog.value.state.entries.cluster.get(name);
    if (!entry) return err(deploymentsErrors.clusterNotFound(name, namesOf(catalog.value.state, 'cluster')));
    const loaded = await this.commands.load(clusterDecider, clusterStream(entry.id));
    return loaded.ok ? ok({ id: entry.id, organizationId, cluster: loaded.value.state }) : loaded;
  }
}
