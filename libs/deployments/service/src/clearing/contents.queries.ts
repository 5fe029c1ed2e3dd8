import { Input, refuse, reply, Serves, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { MAX_LISTED, organizationContentsRequest, type OrganizationContents } from '#deployments/contract';
import { COMMANDS, READ_MODELS, type CommandRunner, type ReadModels } from '#event-sourcing';
import { Controller, Inject } from '@nestjs/common';
import { applicationsProjection } from '../applications/applications.projection.ts';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import type { Entry } from '../catalog/catalog.ts';
import { everyDocument } from '../shared/pages.service.ts';

/** Lists what an organization has. */
@Controller()
export class ContentsQueries {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
  ) {}

  /** Counts from the stream that decides about names, and reads from the read model what deletions wait for. */
  @Serves(organizationContentsRequest)
  async contents(
    @Input() { organizationId }: InputOf<typeof organizationContentsRequest>,
  ): Promise<ReplyTo<typeof organizationContentsRequest>> {
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    if (!catalog.ok) return refuse(catalog.error);
    const { application, profile, cluster } = catalog.value.state.entries;
    const waits: OrganizationContents['waits'] = [];
    const documents = everyDocument(this.readModels, applicationsProjection, {
      where: { organizationId, deleted: false },
      sort: { field: 'name', direction: 'ascending' },
    });
    for await (const found of documents) {
      if (!found.ok) return refuse(found.error);
      const { name, status, problem, message, fix } = found.value;
      if (status !== 'DELETING' || !application.has(name)) continue;
      waits.push({ application: name, reason: problem ?? message ?? 'is being deleted', fix });
      if (waits.length === MAX_LISTED) break;
    }
    return reply({
      applications: listed(application.values()),
      profiles: listed(profile.values()),
      clusters: listed([...cluster.values()].filter(({ counted }) => counted)),
      waits,
    });
  }
}

function listed(entries: Iterable<Entry>): OrganizationContents['applications'] {
  const names = [...entries].map(({ name }) => name).sort();
  return { count: names.length, names: names.slice(0, MAX_LISTED) };
}
