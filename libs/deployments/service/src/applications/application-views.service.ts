import type { OrganizationContext } from '#bus';
import { READ_MODELS, type ReadModels } from '#event-sourcing';
import type { ApplicationView } from '#deployments/contract';
import { CLOCK, ok, type Clock, type DomainError, type Position, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { SILENT } from '../clusters/cluster.events.ts';
import { clustersProjection } from '../clusters/clusters.projection.ts';
import { OrganizationLookup } from '../shared/organization-lookup.service.ts';
import { applicationView, mayWait } from './application-view.ts';
import type { ApplicationEvent } from './application.events.ts';
import type { Application } from './application.ts';
import { documentAfter } from './application-after.ts';
import type { ApplicationDocument } from './application-document.ts';
import { applicationsProjection } from './applications.projection.ts';

/** Builds views of applications: adds names of people and the state of clusters to the documents at read time. */
@Injectable()
export class ApplicationViews {
  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
  ) {}

  /**
   * Finds the application that has a name, or the newest that had it.
   * @param deleted whether to return a deleted application
   */
  async find(
    organizationId: string,
    name: string,
    atLeast: Position | undefined,
    deleted: boolean,
  ): Promise<Result<ApplicationDocument | undefined, DomainError>> {
    const found = await this.readModels.find(
      applicationsProjection,
      { where: { key: `${organizationId}/${name}` }, sort: { field: 'createdAt', direction: 'descending' }, limit: 50 },
      atLeast,
    );
    if (!found.ok) return found;
    const documents = found.value.items.map(({ document }) => document);
    return ok(documents.find((document) => !document.deleted) ?? (deleted ? documents[0] : undefined));
  }

  async views(
    documents: readonly ApplicationDocument[],
    organizationId: string,
    context: OrganizationContext,
  ): Promise<ApplicationView[]> {
    const name = await this.organizations.namesOf(
      documents.flatMap(({ configuration }) => (configuration ? [configuration.by] : [])),
      context,
    );
    const organization = await this.organizations.slugOf(organizationId);
    const silent = await this.silentClusters(documents);
    return Promise.all(
      documents.map(async (document) =>
        applicationView(document, {
          organization,
          name,
          isSilent: silent.has(document.clusterId),
          awaited: await this.awaited(document),
        }),
      ),
    );
  }

  /** Returns the applications that a requested deployment waits for, with their status: `database (DEGRADED)`. */
  private async awaited(document: ApplicationDocument): Promise<readonly string[]> {
    const awaited: string[] = [];
    for (const name of mayWait(document) ? (document.configuration?.dependsOn ?? []) : []) {
      const found = await this.find(document.organizationId, name, undefined, false);
      if (!found.ok) continue;
      const other = found.value;
      const status = other?.status ?? 'not found: apply it, or remove it from dependsOn';
      if (other?.health !== 'Healthy' || other.hasOpen) awaited.push(`${name} (${status})`);
    }
    return awaited;
  }

  /**
   * Returns the application as a write left it: the revision that the command wrote or found, even if its read model is
   * stale or others have written since.
   */
  async afterWrite(
    write: {
      readonly organizationId: string;
      readonly applicationId: string;
      readonly application: Application;
      readonly events: readonly ApplicationEvent[];
    },
    context: OrganizationContext,
  ): Promise<ApplicationView | undefined> {
    const read = await this.readModels.get(applicationsProjection, write.applicationId);
    const document = documentAfter(write, read.ok ? read.value?.document : undefined, {
      recordedAt: new Date(this.clock.now()).toISOString(),
      actor: context.actor.id,
    });
    return document && (await this.views([document], write.organizationId, context))[0];
  }

  /** Returns the ids of the clusters that did not report for 60 s. */
  async silentClusters(documents: readonly ApplicationDocument[]): Promise<ReadonlySet<string>> {
    const silent = new Set<string>();
    for (const id of new Set(documents.map(({ clusterId }) => clusterId).filter((clusterId) => clusterId !== ''))) {
      const cluster = await this.readModels.get(clustersProjection, id);
      const report = cluster.ok ? cluster.value?.document.report : undefined;
      if (report?.code === SILENT.code) silent.add(id);
    }
    return silent;
  }
}
