import { BUS, type Bus } from '#bus';
import { READ_MODELS, type ReadModels, type Sweep } from '#event-sourcing';
import { rolloutQueue } from '#deployments/contract';
import { CLOCK, LOGGER, type Clock, type Logger } from '#kernel';
import { WORK_QUEUE, type WorkQueue } from '#work-queue';
import { Inject, Injectable } from '@nestjs/common';
import { applicationsProjection } from '../applications/applications.projection.ts';
import { everyDocument } from '../shared/pages.service.ts';
import { AttemptCloser } from './attempt-closer.service.ts';

const EVERY_MS = 15_000;

/** Finds open attempts: enqueues unclaimed ones, and ends those whose worker is lost. */
@Injectable()
export class PendingAttemptsSweep implements Sweep {
  readonly name = 'deployments-owed';
  readonly everyMs = EVERY_MS;

  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(WORK_QUEUE) private readonly queue: WorkQueue,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(AttemptCloser) private readonly closer: AttemptCloser,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    // An empty queue has lost open attempts. Its deduplication must not reject them when they are enqueued again.
    const isEmpty = (await this.queue.depth(rolloutQueue)) === 0;
    const suffix = isEmpty ? `/${Math.floor(this.clock.now() / EVERY_MS)}` : '';
    for await (const found of everyDocument(this.readModels, applicationsProjection, { where: { hasOpen: true } })) {
      if (signal.aborted) return;
      if (!found.ok) return this.logger.warn({ code: found.error.code }, 'pending deployments could not be read');
      const { id: applicationId, organizationId, open, attempt } = found.value;
      for (const attemptId of open) {
        const deduplicationKey = (attempt?.id === attemptId ? attempt.requestId : attemptId) + suffix;
        const resumed = await this.closer.resume(
          { organizationId, applicationId, attemptId, deduplicationKey },
          this.bus.own({ organizationId }),
        );
        if (!resumed.ok)
          this.logger.warn(
            { applicationId, attemptId, code: resumed.error.code },
            'a pending deployment could not be continued',
          );
      }
    }
  }
}
