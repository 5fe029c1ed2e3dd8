import { Caller, Input, refuse, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import { pageOf, type InputOf } from '#bus/contract';
import { getProjectionRequest, listProjectionsRequest } from '#operations/contract';
import { Controller, Inject } from '@nestjs/common';
import { projectionsOf, ServiceStates, unansweredIn } from './service-states.service.ts';

/** Shows the projections of all services. */
@Controller()
export class ProjectionsQueries {
  constructor(@Inject(ServiceStates) private readonly services: ServiceStates) {}

  @Serves(listProjectionsRequest)
  async list(
    @Input() place: InputOf<typeof listProjectionsRequest>,
    @Caller() context: ContextOf<typeof listProjectionsRequest>,
  ): Promise<ReplyTo<typeof listProjectionsRequest>> {
    const answers = await this.services.all(context, { checks: false });
    const unanswered = unansweredIn(answers);
    const { items, ...rest } = pageOf(projectionsOf(answers), ({ name }) => name, place);
    const warnings = unanswered.map(
      ({ service, reason }) => `The projections of ${service} are missing: it did not respond. ${reason}`,
    );
    return reply({ items: [...items], ...rest, unanswered: [...unanswered] }, { warnings });
  }

  @Serves(getProjectionRequest)
  async get(
    @Input() { name }: InputOf<typeof getProjectionRequest>,
    @Caller() context: ContextOf<typeof getProjectionRequest>,
  ): Promise<ReplyTo<typeof getProjectionRequest>> {
    const found = await this.services.projection(name, context);
    return found.ok ? reply(found.value) : refuse(found.error);
  }
}
