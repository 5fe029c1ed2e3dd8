import { asRequested, type DirectoryDeletion } from '#access';
import { BUS, type Bus, type RequestContext } from '#bus';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { LOGGER, type DomainError, type Logger, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { ApplicationDeletion } from '../applications/application-deletion.service.ts';
import { applicationDecider, applicationStream } from '../applications/application.decider.ts';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import type { Catalog, Entry } from '../catalog/catalog.ts';
import { ClusterRemoval } from '../clusters/cluster-removal.service.ts';
import { ProfileChanges } from '../profiles/profile-changes.service.ts';
import { needsRequest } from './needs-request.ts';

/**
 * Deletes what an organization has, for its deletion with `cascade`: the applications, and once none is left, the
 * profiles and the registered clusters. It decides from the state of the streams what is left to do, so a run continues
 * where a crash ended another one.
 */
@Injectable()
export class OrganizationClearing {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(ApplicationDeletion) private readonly deletion: ApplicationDeletion,
    @Inject(ProfileChanges) private readonly profiles: ProfileChanges,
    @Inject(ClusterRemoval) private readonly clusters: ClusterRemoval,
  ) {}

  /** Does what can be done now. Deletions of applications take longer, and the next run continues after them. */
  async clear(organizationId: string, deletion: DirectoryDeletion, signal: AbortSignal): Promise<void> {
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    if (!catalog.ok) return this.report(organizationId, catalog.error);
    for (const step of this.steps(organizationId, deletion, catalog.value.state)) {
      if (signal.aborted) return;
      // Each object has a context with a command ID of its own: several of them are written to the same stream.
      const done = await step(asRequested(deletion, this.bus.own({ organizationId })));
      if (!done.ok) this.report(organizationId, done.error);
    }
  }

  private steps(organizationId: string, { orphan }: DirectoryDeletion, { entries }: Catalog): readonly Step[] {
    const applications = [...entries.application.values()];
    if (applications.length > 0)
      return applications.map((entry) => (context) => this.deleteApplication(organizationId, entry, orphan, context));
    return [
      ...[...entries.profile.values()].map(
        (entry): Step =>
          (context) =>
            this.profiles.delete(organizationId, entry, context),
      ),
      ...[...entries.cluster.values()]
        .filter(({ counted }) => counted)
        .map(
          (entry): Step =>
            (context) =>
              this.clusters.remove(organizationId, entry, context),
        ),
    ];
  }

  private async deleteApplication(
    organizationId: string,
    { id, name }: Entry,
    orphan: boolean,
    context: RequestContext,
  ): Promise<Result<unknown, DomainError>> {
    const loaded = await this.commands.load(applicationDecider, applicationStream(id));
    if (!loaded.ok || !needsRequest(loaded.value.state, orphan)) return loaded;
    // Only an owner or a global admin can request the deletion of the organization.
    return this.deletion.request({ organizationId, name, orphan, noHooks: false, isAdmin: true }, context);
  }

  private report(organizationId: string, { code }: DomainError): void {
    this.logger.warn({ organizationId, code }, 'a part of a deleted organization could not be deleted yet');
  }
}

type Step = (context: RequestContext) => Promise<Result<unknown, DomainError>>;
