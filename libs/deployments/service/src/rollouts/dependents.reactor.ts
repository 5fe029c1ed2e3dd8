import { BUS, type Bus } from '#bus';
import { READ_MODELS, type Reactor, type ReadModels } from '#event-sourcing';
import { idOf, type Recorded } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { applicationEvents, type ApplicationEvent } from '../applications/application.events.ts';
import { applicationsProjection } from '../applications/applications.projection.ts';
import { everyDocument } from '../shared/pages.service.ts';
import { AttemptCloser } from './attempt-closer.service.ts';

type Type = 'deployment.succeeded.v1' | 'application.health-changed.v1';

/**
 * Enqueues deployments that waited for an application, as soon as it is healthy. A sweep enqueues what this reactor
 * misses.
 */
@Injectable()
export class DependentsReactor implements Reactor<ApplicationEvent, Type> {
  readonly name = 'deployments-dependents.v1';
  readonly events = applicationEvents;
  readonly types = ['deployment.succeeded.v1', 'application.health-changed.v1'] as const;

  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(AttemptCloser) private readonly closer: AttemptCloser,
  ) {}

  async react({ event, metadata }: Recorded<Extract<ApplicationEvent, { readonly type: Type }>>): Promise<void> {
    const { organizationId, stream, id: deduplicationKey } = metadata;
    if (organizationId === undefined) throw new Error(`${stream} has an event of no organization`);
    if (event.type === 'application.health-changed.v1' && event.data.health !== 'Healthy') return;
    const own = await this.readModels.get(applicationsProjection, idOf(stream));
    if (!own.ok) throw new Error(own.error.code);
    const name = own.value?.document.name;
    const where = { organizationId, hasOpen: true };
    for await (const found of everyDocument(this.readModels, applicationsProjection, { where })) {
      if (!found.ok) throw new Error(found.error.code);
      const { id: applicationId, configuration, open } = found.value;
      if (name === undefined || configuration?.dependsOn?.includes(name) !== true) continue;
      for (const attemptId of open) {
        const work = { organizationId, applicationId, attemptId, deduplicationKey: `${deduplicationKey}/${attemptId}` };
        const resumed = await this.closer.resume(work, this.bus.own({ organizationId }));
        if (!resumed.ok) throw new Error(resumed.error.code);
      }
    }
  }
}
