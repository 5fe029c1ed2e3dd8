import { Input, reply, Serves, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { countApplicationsRequest } from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { Controller, Inject } from '@nestjs/common';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { countedOf } from '../catalog/catalog.ts';

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
    const { application } = catalog.value.state.entries;
    return reply({ applications: application.size, clusters: countedOf('cluster', catalog.value.state) });
  }
}
