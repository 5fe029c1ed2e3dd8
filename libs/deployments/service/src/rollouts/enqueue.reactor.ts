import type { Reactor } from '#event-sourcing';
import { rolloutQueue } from '#deployments/contract';
import type { Recorded } from '#kernel';
import { WORK_QUEUE, type WorkQueue } from '#work-queue';
import { Inject, Injectable } from '@nestjs/common';
import { applicationEvents, type ApplicationEvent } from '../applications/application.events.ts';

type Requested = Extract<ApplicationEvent, { type: 'deployment.requested.v1' }>;

/** Enqueues each requested attempt immediately. A sweep enqueues what this reactor misses. */
@Injectable()
export class EnqueueReactor implements Reactor<ApplicationEvent, Requested['type']> {
  readonly name = 'deployments-enqueue.v1';
  readonly events = applicationEvents;
  readonly types = ['deployment.requested.v1'] as const;

  constructor(@Inject(WORK_QUEUE) private readonly queue: WorkQueue) {}

  async react({ event, metadata }: Recorded<Requested>): Promise<void> {
    const { organizationId, stream, id } = metadata;
    const { delayMs } = event.data;
    if (organizationId === undefined) throw new Error(`${stream} has an event of no organization`);
    const item = {
      organizationId,
      applicationId: stream.slice('application-'.length),
      attemptId: event.data.attemptId,
    };
    await this.queue.enqueue(rolloutQueue, item, { deduplicationKey: id, ...(delayMs !== undefined && { delayMs }) });
  }
}
