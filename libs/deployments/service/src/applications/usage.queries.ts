import { Caller, Input, refuse, reply, Serves, type ContextOf, type OrganizationContext, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { catalogUsageRequest, MAX_COUNTED_DEPLOYMENTS, type CountedDeployment } from '#deployments/contract';
import { COMMANDS, EventReader, READ_MODELS, type CommandRunner, type ReadModels } from '#event-sourcing';
import { EVENT_STORE, type EventStore } from '#event-store';
import { CLOCK, ok, type Clock, type DomainError, type Result } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { catalogDecider, catalogStream, utcDay } from '../catalog/catalog.decider.ts';
import { catalogEvents } from '../catalog/catalog.events.ts';
import { countedOf, deploymentsOn } from '../catalog/catalog.ts';
import { OrganizationLookup } from '../shared/organization-lookup.service.ts';
import { applicationsProjection } from './applications.projection.ts';
import { revisionsCounted, type Counted } from './counted-revisions.ts';
import { revisionsProjection } from './revisions.projection.ts';

/** Maximum number of events in which counted deployments are looked for. */
const MAX_EVENTS = 2_000;
/** Maximum number of revisions of one application in which those of counted deployments are looked for. */
const MAX_REVISIONS = 200;

/** Counts what the plan limits, in the stream that decides about it. */
@Controller()
export class UsageQueries {
  private readonly reader = new EventReader(catalogEvents);

  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(EVENT_STORE) private readonly eventStore: EventStore,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Serves(catalogUsageRequest)
  async usage(
    @Input() { organizationId }: InputOf<typeof catalogUsageRequest>,
    @Caller() context: ContextOf<typeof catalogUsageRequest>,
  ): Promise<ReplyTo<typeof catalogUsageRequest>> {
    const loaded = await this.commands.load(catalogDecider, catalogStream(organizationId));
    if (!loaded.ok) return loaded;
    const { state } = loaded.value;
    const day = utcDay(this.clock.now());
    const deploymentsPerDay = deploymentsOn(day, state);
    const counted = await this.countedOn(day, Math.min(deploymentsPerDay, MAX_COUNTED_DEPLOYMENTS), organizationId);
    const deployments = await this.views(counted, context);
    if (!deployments.ok) return refuse(deployments.error);
    return reply({
      applications: countedOf('application', state),
      profiles: countedOf('profile', state),
      clusters: countedOf('cluster', state),
      deploymentsPerDay,
      deployments: deployments.value,
    });
  }

  /** Returns the newest deployments of a day, newest first. */
  private async countedOn(day: string, atMost: number, organizationId: string): Promise<readonly Counted[]> {
    const counted: Counted[] = [];
    if (atMost === 0) return counted;
    const newestFirst = { direction: 'backwards', limit: MAX_EVENTS } as const;
    for await (const stored of this.eventStore.read(catalogStream(organizationId), newestFirst)) {
      const event = this.reader.current(stored);
      if (event.type !== 'catalog.deployment-counted.v1') continue;
      if (event.data.day !== day) break;
      counted.push({ applicationId: event.data.applicationId, at: stored.recordedAt, by: stored.actor });
      if (counted.length === atMost) break;
    }
    return counted;
  }

  private async views(
    counted: readonly Counted[],
    context: OrganizationContext,
  ): Promise<Result<CountedDeployment[], DomainError>> {
    const nameOf = await this.organizations.namesOf(
      counted.map(({ by }) => by),
      context,
    );
    const views = new Map<Counted, CountedDeployment>();
    for (const [applicationId, deployments] of Map.groupBy(counted, (deployment) => deployment.applicationId)) {
      const application = await this.readModels.get(applicationsProjection, applicationId);
      if (!application.ok) return application;
      const revisions = await this.readModels.find(revisionsProjection, {
        where: { applicationId },
        sort: { field: 'applicationId', direction: 'descending' }, // then by ID: newest first
        limit: MAX_REVISIONS,
      });
      if (!revisions.ok) return revisions;
      const numbers = revisionsCounted(
        deployments.map(({ at }) => at),
        revisions.value.items.map(({ document }) => document),
      );
      for (const [index, deployment] of deployments.entries()) {
        const revision = numbers[index];
        views.set(deployment, {
          application: application.value?.document.name ?? null,
          version: revision === undefined ? null : `v${revision}`,
          at: deployment.at,
          by: nameOf(deployment.by),
        });
      }
    }
    return ok(counted.flatMap((deployment) => views.get(deployment) ?? []));
  }
}
