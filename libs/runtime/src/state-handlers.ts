import { Input, refuse, reply, Serves, type ReplyTo } from '#bus';
import { receiverOf, type InputOf } from '#bus/contract';
import { PROJECTION_CONTROL, type ProjectionControl } from '#event-sourcing';
import { PROJECTION_REQUESTS, STATE_REQUESTS } from '#runtime/contract';
import { Controller, Inject, type DynamicModule, type Type } from '@nestjs/common';
import { projectionOf, SERVICE_STATE, type StateOf } from './service-state.ts';

/** Returns the modules that answer for the state of the given services of this process. */
export const stateModules = (services: readonly string[]): readonly DynamicModule[] => {
  const of = <C extends { readonly subject: string }>(contracts: readonly C[]) =>
    contracts.filter(({ subject }) => services.includes(receiverOf(subject)));
  const controllers = [
    ...of(STATE_REQUESTS).map(stateController),
    ...of(PROJECTION_REQUESTS).map(projectionController),
  ];
  return controllers.length > 0 ? [{ module: StateModule, controllers }] : [];
};

class StateModule {}

function stateController(contract: (typeof STATE_REQUESTS)[number]): Type<unknown> {
  const service = receiverOf(contract.subject);

  @Controller()
  class StateHandlers {
    constructor(@Inject(SERVICE_STATE) private readonly stateOf: StateOf) {}

    @Serves(contract)
    async state(@Input() input: InputOf<typeof contract>): Promise<ReplyTo<typeof contract>> {
      return reply(await this.stateOf(service, input));
    }
  }
  return StateHandlers;
}

/** Milliseconds that a retry of parked documents is waited for. A rebuild is not. */
const RETRY_MS = 6_000;

function projectionController(contract: (typeof PROJECTION_REQUESTS)[number]): Type<unknown> {
  const service = receiverOf(contract.subject);

  @Controller()
  class ProjectionHandlers {
    constructor(@Inject(PROJECTION_CONTROL) private readonly control: ProjectionControl) {}

    @Serves(contract)
    async work(@Input() { name, action, id }: InputOf<typeof contract>): Promise<ReplyTo<typeof contract>> {
      const submitted = await this.control.submit({ id, projection: name, action });
      if (!submitted.ok) return refuse(submitted.error);
      const outcome = await this.control.outcome(id, action === 'retry' ? RETRY_MS : 0);
      if (!outcome.ok) return refuse(outcome.error);
      const [status] = await this.control.status(new Set([name]));
      if (!status) throw new Error(`the projection ${name} has no status`);
      return reply({ isDone: outcome.value === 'done', projection: projectionOf(service, status) });
    }
  }
  return ProjectionHandlers;
}
