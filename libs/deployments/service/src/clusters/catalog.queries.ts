import { Input, reply, Serves, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { countApplicationsRequest } from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { Controller, Inject } from '@nestjs/common';
import { clusterDecider, clusterStream } from './cluster.decider.ts';
import { isOwnCluster } from './registration.ts';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';

/** Counts the objects of an organization. */
@Controller()
export class CatalogQueries {
  constructor(@Inject(COMMANDS) private readonly commands: CommandRunner) {}

  /** Counts from the stream that decides about applications. Those being deleted count until their name is released. */
  @Serves(countApplicationsRequest)
  async countApplications(
    @Input() { organizationId }: InputOf<typeof countApplicationsRequest>,
  ): Promise<ReplyTo<typeof countApplicationsRequest>> {
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    if (!catalog.ok) return catalog;
    const { application, cluster } = catalog.value.state.entries;
    let clusters = 0;
    for (const { id } of cluster.values()) {
      const loaded = await this.commands.load(clusterDecider, clusterStream(id));
      if (!loaded.ok) return loaded;
      const { state } = loaded.value;
      if (state.status === 'active' && !isOwnCluster(state.registration)) clusters += 1;
    }
    return reply({ applications: application.size, clusters });
  }
}
