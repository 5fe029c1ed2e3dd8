import { Caller, Input, refuse, reply, Serves, type Reply, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import {
  applicationStatusRequest,
  getApplicationRequest,
  listApplicationsRequest,
  listRevisionsRequest,
  type ApplicationView,
} from '#deployments/contract';
import { READ_MODELS, type ReadModels } from '#event-sourcing';
import { Controller, Inject } from '@nestjs/common';
import { deploymentsErrors } from '../deployments.errors.ts';
import { omit } from '../shared/omit.ts';
import { OrganizationLookup } from '../shared/organization-lookup.service.ts';
import { ApplicationViews } from './application-views.service.ts';
import type { ApplicationDocument } from './application-document.ts';
import { applicationsProjection } from './applications.projection.ts';
import { LiveStatus } from './live-status.service.ts';
import { revisionsProjection, type RevisionDocument } from './revisions.projection.ts';

/** Reads applications, their status and their history. */
@Controller()
export class ApplicationsQueries {
  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
    @Inject(ApplicationViews) private readonly views: ApplicationViews,
    @Inject(LiveStatus) private readonly live: LiveStatus,
  ) {}

  @Serves(listApplicationsRequest)
  async list(
    @Input() { limit, cursor }: InputOf<typeof listApplicationsRequest>,
    @Caller() context: ContextOf<typeof listApplicationsRequest>,
  ): Promise<ReplyTo<typeof listApplicationsRequest>> {
    const { organizationId } = context;
    const query = {
      where: { organizationId: organizationId, deleted: false },
      sort: { field: 'name', direction: 'ascending' },
      limit,
      ...(cursor !== undefined && { cursor }),
    } as const;
    const page = await this.readModels.find(applicationsProjection, query, context.consistency);
    if (!page.ok) return refuse(page.error);
    const items = await this.views.views(
      page.value.items.map(({ document }) => document),
      organizationId,
      context,
    );
    return reply({ items, ...(page.value.next !== undefined && { next: page.value.next }) });
  }

  @Serves(getApplicationRequest)
  async get(
    @Input() { name }: InputOf<typeof getApplicationRequest>,
    @Caller() context: ContextOf<typeof getApplicationRequest>,
  ): Promise<Reply<ApplicationView>> {
    const { organizationId } = context;
    const found = await this.views.find(organizationId, name, context.consistency, false);
    if (!found.ok) return refuse(found.error);
    const [view] = found.value ? await this.views.views([found.value], organizationId, context) : [];
    return view && found.value
      ? reply(view, { revision: found.value.revision })
      : refuse(deploymentsErrors.applicationNotFound(name));
  }

  @Serves(applicationStatusRequest)
  async status(
    @Input() { name }: InputOf<typeof applicationStatusRequest>,
    @Caller() context: ContextOf<typeof applicationStatusRequest>,
  ): Promise<ReplyTo<typeof applicationStatusRequest>> {
    const { organizationId } = context;
    const found = await this.views.find(organizationId, name, context.consistency, false);
    if (!found.ok) return refuse(found.error);
    const document = found.value;
    const [view] = document ? await this.views.views([document], organizationId, context) : [];
    if (!view || !document) return refuse(deploymentsErrors.applicationNotFound(name));
    const status = omit(
      view,
      'id',
      'tier',
      'protected',
      'limits',
      'autoscaling',
      'deployedBy',
      'createdAt',
      'labels',
      'description',
    );
    const live = await this.live.status(document, context);
    const missing = live?.externalAccess ?? [];
    const isRunning = status.status === 'RUNNING';
    return reply(
      {
        ...status,
        message: isRunning ? [status.message ?? [], missing].flat().join('; ') || null : status.message,
        replicas: live?.replicas ?? status.replicas,
        ...(missing.length > 0 && { externalAccess: missing }),
        pods: live?.pods ?? [],
      },
      { revision: document.revision },
    );
  }

  @Serves(listRevisionsRequest)
  async revisions(
    @Input() { name, limit, cursor }: InputOf<typeof listRevisionsRequest>,
    @Caller() context: ContextOf<typeof listRevisionsRequest>,
  ): Promise<ReplyTo<typeof listRevisionsRequest>> {
    const { organizationId } = context;
    const asked = await this.views.find(organizationId, name, context.consistency, true);
    if (!asked.ok) return refuse(asked.error);
    const application = asked.value;
    if (!application) return refuse(deploymentsErrors.applicationNotFound(name));
    const found = await this.readModels.find(
      revisionsProjection,
      { where: { applicationId: application.id }, limit, ...(cursor !== undefined && { cursor }) },
      context.consistency,
    );
    if (!found.ok) return refuse(found.error);
    const revisions = found.value.items.map(({ document }) => document); // sorted by id, which sorts them by revision
    const nameOf = await this.organizations.namesOf(
      revisions.map(({ by }) => by),
      context,
    );
    const items = revisions.map((revision) => ({
      version: `v${revision.revision}`,
      revision: revision.revision,
      state: stateOf(revision, application),
      source: revision.source,
      by: nameOf(revision.by),
      when: revision.when,
      rollback: rollbackOf(revision, application),
      rollbackOf: revision.rollbackOf === null ? null : `v${revision.rollbackOf}`,
      ...(revision.message !== undefined && { message: revision.message }),
      summary: [...revision.summary],
    }));
    return reply({ items, ...(found.value.next !== undefined && { next: found.value.next }) });
  }
}

/** Returns the state of a revision. RUNNING is a state of the attempt: a worker is processing it. */
const stateOf = (
  { state, revision }: RevisionDocument,
  { attempt, revision: latest }: ApplicationDocument,
): RevisionDocument['state'] =>
  state === 'QUEUED' && revision === latest && attempt?.state === 'RUNNING' ? 'RUNNING' : state;

/** Returns `yes`, or the reason why a rollback to the revision is not possible. */
function rollbackOf({ revision, succeeded, state }: RevisionDocument, application: ApplicationDocument): string {
  if (application.deleted) return 'deleted';
  if (application.status === 'DELETING') return 'being deleted';
  if (revision === application.revision) return 'present';
  if (succeeded) return 'yes';
  return state === 'FAILED' ? 'failed' : 'never ran';
}
