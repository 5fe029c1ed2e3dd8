import { organizationNotFound } from '#access';
import { changePlanRequest, DEFAULT_CATALOGUE, PLAN_CATALOGUE, type PlanCatalogue } from '#billing/contract';
import { Caller, Input, refuse, reply, Serves, type Reply, type RequestContext } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { CLOCK, ok, type Clock } from '#kernel';
import { Controller, Inject, Optional } from '@nestjs/common';
import { planNamed } from '../catalogue.ts';
import { subscriptionDecider } from '../subscription.decider.ts';
import { billingErrors } from '../subscription.errors.ts';
import { subscriptionStream } from '../subscription.events.ts';
import { LIMIT_SETTER, type LimitSetter } from './limit-setter.service.ts';

@Controller()
export class ChangingHandlers {
  private readonly catalogue: PlanCatalogue;

  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(LIMIT_SETTER) private readonly limits: LimitSetter,
    @Inject(CLOCK) private readonly clock: Clock,
    @Optional() @Inject(PLAN_CATALOGUE) catalogue?: PlanCatalogue,
  ) {
    this.catalogue = catalogue ?? DEFAULT_CATALOGUE;
  }

  /** First the limits, each in the stream that owns what is counted; then the plan. One that refuses puts all back. */
  @Serves(changePlanRequest)
  async change(
    @Input() { plan }: InputOf<typeof changePlanRequest>,
    @Caller() context: RequestContext,
  ): Promise<Reply<OutputOf<typeof changePlanRequest>>> {
    const { organizationId } = context;
    if (organizationId === undefined) return refuse(organizationNotFound());
    const { plans, defaultPlan, pricingUrl } = this.catalogue;
    const stream = subscriptionStream(organizationId);
    const request = { type: 'request-change', plan, defaultPlan, known: plans.map(({ name }) => name) } as const;
    const { limits } = planNamed(this.catalogue, plan);
    const view = { plan, since: new Date(this.clock.now()).toISOString(), limits, pricingUrl };
    if (context.dryRun) {
      const planned = await this.commands.plan(subscriptionDecider, stream, request, context);
      return planned.ok ? reply(view) : refuse(planned.error);
    }

    const requested = await this.commands.run(subscriptionDecider, stream, request, context, { step: 'request' });
    if (!requested.ok) return refuse(requested.error);
    const { position, revision, repeated } = requested.value;
    // A repeat is answered from the stream as it was then; what counts here is what has become of the change.
    const present = repeated
      ? await this.commands.load(subscriptionDecider, stream)
      : ok({ state: requested.value.state });
    if (!present.ok) return refuse(present.error);
    const { state } = present.value;
    if (state.changingTo === undefined && (state.plan ?? defaultPlan) === plan)
      return reply(view, { position, revision });
    // A repeated request whose first run was refused gets that refusal again, and changes nothing.
    if (state.changingTo !== plan)
      return refuse(
        billingErrors.overNewLimits(
          plan,
          (state.refused?.over ?? []).map((limit) => ({ limit, words: `${limit}.`, detail: {} })),
        ),
      );

    const old = planNamed(this.catalogue, state.plan);
    const set = await this.limits.set(organizationId, limits, context);
    if (!set.ok || set.value.length > 0) {
      const back = await this.limits.set(organizationId, old.limits, context);
      // Without the old limits back the change stays under way, and the sweep brings it to its end.
      if (back.ok) {
        const refusal = { type: 'refuse-change', plan, defaultPlan, over: set.ok ? set.value : [] } as const;
        const refused = await this.commands.run(subscriptionDecider, stream, refusal, context, { step: 'refuse' });
        if (!refused.ok) return refuse(refused.error);
      }
      return refuse(set.ok ? billingErrors.overNewLimits(plan, set.value) : set.error);
    }
    const changed = await this.commands.run(
      subscriptionDecider,
      stream,
      { type: 'complete-change', plan, defaultPlan },
      context,
      { step: 'complete' },
    );
    if (!changed.ok) return refuse(changed.error);
    return reply(view, { position: changed.value.position, revision: changed.value.revision });
  }
}
