import { recordOperationRequest, type OPERATIONS } from '#audit/contract';
import { BUS, type Bus } from '#bus';
import { EDGE, receiverOf, type RequestContext } from '#bus/contract';
import { CLOCK, err, nearestName, ok, type Clock, type DomainError, type Result } from '#kernel';
import { projectionErrors } from '#event-sourcing';
import { SERVICE_STATE, type StateOf } from '#runtime';
import { PROJECTION_REQUESTS, STATE_REQUESTS, type ProjectionView, type ServiceState } from '#runtime/contract';
import { Inject, Injectable } from '@nestjs/common';
import { operationsErrors } from './operations.errors.ts';

/** Answer of a service, and when the gateway asked and got it: milliseconds since 1970. */
export interface Answer {
  readonly service: string;
  readonly state: Result<ServiceState, DomainError>;
  readonly askedMs: number;
  readonly answeredMs: number;
}

/** Asks all services for their state, and the owner of a projection to work on it. */
@Injectable()
export class ServiceStates {
  constructor(
    @Inject(BUS) private readonly bus: Bus,
    @Inject(SERVICE_STATE) private readonly stateOf: StateOf,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Returns the state of each service, the gateway included, in the order of their names.
   *
   * @param options.checks whether the services check something, or return only their projections
   */
  async all(context: RequestContext, options: { readonly checks: boolean }): Promise<readonly Answer[]> {
    const own = this.timed(EDGE, async () => ok(await this.stateOf(EDGE, options)));
    const others = STATE_REQUESTS.map((contract) =>
      this.timed(receiverOf(contract.subject), async () => {
        const { timeoutMs } = contract;
        const reply = await this.bus.request(contract, options, this.bus.own({ ...causeOf(context), timeoutMs }));
        return reply.ok ? ok(reply.value) : err(reply.error);
      }),
    );
    return (await Promise.all([own, ...others])).toSorted((a, b) => (a.service < b.service ? -1 : 1));
  }

  /** Returns a projection by name; an error if no service has it, or if its service may be one that did not answer. */
  async projection(name: string, context: RequestContext): Promise<Result<ProjectionView, DomainError>> {
    const answers = await this.all(context, { checks: false });
    const known = projectionsOf(answers);
    const found = known.find((projection) => projection.name === name);
    if (found) return ok(found);
    const missing = unansweredIn(answers).map(({ service }) => service);
    if (missing.length > 0) return err(operationsErrors.unanswered(missing));
    const names = known.map((projection) => projection.name);
    return err(projectionErrors.notFound(name, nearestName(name, names)));
  }

  /**
   * Asks the service of a projection to rebuild it, or to retry its parked documents, after the audit log has the request
   * and its caller. What the service will refuse, or has begun for the same request, is not recorded.
   */
  async work(name: string, action: (typeof OPERATIONS)[number], context: RequestContext) {
    const found = await this.projection(name, context);
    if (!found.ok) return found;
    const contract = PROJECTION_REQUESTS.find(({ subject }) => receiverOf(subject) === found.value.context);
    if (!contract) return err(projectionErrors.notFound(name));
    const { state } = found.value;
    if (state !== 'stopped' && !(action === 'rebuild' && state === 'rebuilding')) {
      const recorded = await this.bus.request(recordOperationRequest, { operation: action, projection: name }, context);
      if (!recorded.ok) return recorded;
    }
    const { timeoutMs } = contract;
    const input = { name, action, id: context.commandId };
    const reply = await this.bus.request(contract, input, this.bus.own({ ...causeOf(context), timeoutMs }));
    return reply.ok ? ok(reply.value) : err(reply.error);
  }

  private async timed(service: string, ask: () => Promise<Answer['state']>): Promise<Answer> {
    const askedMs = this.clock.now();
    const state = await ask();
    return { service, state, askedMs, answeredMs: this.clock.now() };
  }
}

const causeOf = ({ correlationId }: RequestContext) => ({ correlationId });

/** Returns the projections of all services that answered, in the order of their names. */
export const projectionsOf = (answers: readonly Answer[]): readonly ProjectionView[] =>
  answers.flatMap(({ state }) => (state.ok ? (state.value.projections ?? []) : []));

/** Returns the services whose projections are unknown, each with the reason in a sentence. */
export const unansweredIn = (answers: readonly Answer[]): readonly { service: string; reason: string }[] =>
  answers.flatMap(({ service, state }) => {
    if (!state.ok) return [{ service, reason: state.error.detail }];
    return state.value.projections === null ? [{ service, reason: 'Its stores do not respond.' }] : [];
  });
