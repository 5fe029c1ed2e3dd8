import type { OrganizationContext } from '#bus';
import { READ_MODELS, type ReadModels } from '#event-sourcing';
import type { ApplicationView } from '#deployments/contract';
import { CLOCK, ok, position, type Clock, type DomainError, type Position, type Recorded, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { catalogStream } from '../catalog/catalog.decider.ts';
import type { NewName } from '../catalog/catalog.events.ts';
import { SILENT } from '../clusters/cluster.events.ts';
import { clustersProjection } from '../clusters/clusters.projection.ts';
import { OrganizationLookup } from '../shared/organization-lookup.service.ts';
import { applicationView, withEvents } from './application-view.ts';
import { applicationStream } from './application.decider.ts';
import type { ApplicationEvent } from './application.events.ts';
import { latestOf, newestAttemptOf, type Application, type Revision } from './application.ts';
import type { ApplicationDocument, DeploymentFact } from './application-document.ts';
import { applicationsProjection } from './applications.projection.ts';

/** Applications as they are shown: documents, with names and the state of clusters put in when somebody reads. */
@Injectable()
export class ApplicationViews {
  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
  ) {}

  /**
   * The application of that name: the one that has it, or the newest that had it.
   * @param deleted whether one that is gone will do
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
    return documents.map((document) =>
      applicationView(document, { organization, name, isSilent: silent.has(document.clusterId) }),
    );
  }

  /**
   * The application after a write, whether or not its read model has seen it: the events are folded onto what is there.
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
    const { organizationId, applicationId, application } = write;
    const read = await this.readModels.get(applicationsProjection, applicationId);
    const present = read.ok ? read.value?.document : undefined;
    const stamp = {
      id: '',
      revision: 0,
      position: position('00000000', 0),
      recordedAt: new Date(this.clock.now()).toISOString(),
      actor: context.actor.id,
      commandId: '',
      correlationId: '',
      causationId: '',
    };
    const recorded: Recorded<DeploymentFact>[] = [];
    const latest = latestOf(application);
    if (!present && latest)
      recorded.push({
        event: { type: 'catalog.name-claimed.v1', data: beginningOf(applicationId, latest) },
        metadata: { ...stamp, stream: catalogStream(organizationId) },
      });
    const events = present || !latest ? write.events : knownOf(application, latest);
    const isSeen = (event: ApplicationEvent): boolean =>
      present !== undefined &&
      'revision' in event.data &&
      'attemptId' in event.data &&
      present.attempt !== null &&
      present.attempt.number >= event.data.number;
    if (!events.some(isSeen))
      recorded.push(
        ...events.map((event) => ({ event, metadata: { ...stamp, stream: applicationStream(applicationId) } })),
      );
    const document = withEvents(present, recorded);
    return document && (await this.views([document], organizationId, context))[0];
  }

  /** Ids of those clusters that nobody heard of for 60 s. */
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

const beginningOf = (id: string, configuration: Revision): NewName => ({
  kind: 'application',
  name: configuration.name,
  id,
  counted: true,
  refers: configuration.profile.id,
  intent: configuration,
  namedNamespace: false,
});

/** What the decisions know of an application whose read model cannot be asked, or has not begun. */
function knownOf(application: Application, latest: Revision): ApplicationEvent[] {
  const attempt = newestAttemptOf(application);
  const configured: ApplicationEvent = { type: 'application.configured.v1', data: latest };
  if (!attempt) return [configured];
  const { id: attemptId, number, revision, kind, orphan } = attempt;
  return [
    configured,
    { type: 'deployment.requested.v1', data: { attemptId, number, revision, kind, orphan, cause: 'apply' } },
  ];
}
