import { Caller, Input, refuse, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { rebuildProjectionRequest, retryProjectionRequest } from '#operations/contract';
import { Controller, Inject } from '@nestjs/common';
import { ServiceStates } from './service-states.service.ts';

/** Rebuilds projections, and retries their parked documents, in the service that owns them. */
@Controller()
export class ProjectionsHandlers {
  constructor(@Inject(ServiceStates) private readonly services: ServiceStates) {}

  @Serves(rebuildProjectionRequest)
  async rebuild(
    @Input() { name }: InputOf<typeof rebuildProjectionRequest>,
    @Caller() context: ContextOf<typeof rebuildProjectionRequest>,
  ): Promise<ReplyTo<typeof rebuildProjectionRequest>> {
    const worked = await this.services.work(name, 'rebuild', context);
    return worked.ok ? reply(worked.value.projection, { accepted: true }) : refuse(worked.error);
  }

  @Serves(retryProjectionRequest)
  async retry(
    @Input() { name }: InputOf<typeof retryProjectionRequest>,
    @Caller() context: ContextOf<typeof retryProjectionRequest>,
  ): Promise<ReplyTo<typeof retryProjectionRequest>> {
    const worked = await this.services.work(name, 'retry', context);
    if (!worked.ok) return refuse(worked.error);
    return reply(worked.value.projection, worked.value.isDone ? {} : { accepted: true });
  }
}
