import { DEFAULT_CATALOGUE, PLAN_CATALOGUE, type PlanCatalogue } from '#billing/contract';
import { COMMANDS, ownerFirst, type CommandRunner, type Committed } from '#event-sourcing';
import { err, ok, type CommandContext, type DomainError, type Result } from '#kernel';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { planNamed } from '../catalogue.ts';
import type { Over } from '../over.ts';
import { subscriptionDecider, type Subscription, type SubscriptionCommand } from '../subscription.decider.ts';
import { billingErrors } from '../subscription.errors.ts';
import { subscriptionStream, type SubscriptionEvent } from '../subscription.events.ts';
import { LimitSetter } from './limit-setter.service.ts';

type Changed = Committed<Subscription, SubscriptionEvent>;

/**
 * Changes plans: records the request in the subscription, sets the limits in their owning services, records the result.
 */
@Injectable()
export class PlanChange {
  private readonly catalogue: PlanCatalogue;

  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(LimitSetter) private readonly limits: LimitSetter,
    @Optional() @Inject(PLAN_CATALOGUE) catalogue?: PlanCatalogue,
  ) {
    this.catalogue = catalogue ?? DEFAULT_CATALOGUE;
  }

  /**
   * Changes the plan of an organization.
   *
   * @returns `billing/over-new-limits` if the use exceeds the plan's limits, after the previous limits were restored
   */
  change(
    organizationId: string,
    plan: string,
    context: CommandContext & { readonly ifMatch?: number },
  ): Promise<Result<Changed, DomainError>> {
    let over: readonly Over[] = [];
    return ownerFirst({
      start: () => this.start(organizationId, plan, context),
      finish: async (started) => {
        if (started.state.changingTo !== plan) return ok(started);
        const set = await this.limits.set(organizationId, planNamed(this.catalogue, plan).limits, context);
        if (!set.ok) return set;
        over = set.value;
        if (over.length > 0) return err(billingErrors.overNewLimits(plan, over));
        if (context.dryRun) return ok(started); // no change has begun that could be completed
        return this.run(organizationId, { type: 'complete-change', plan }, context, { step: 'complete' });
      },
      undo: () => this.refuse(organizationId, plan, over, context),
    });
  }

  /** Restores the limits of the current plan, and records the change as refused. */
  async refuse(
    organizationId: string,
    plan: string,
    over: readonly Over[],
    context: CommandContext,
  ): Promise<Result<unknown, DomainError>> {
    const loaded = await this.commands.load(subscriptionDecider, subscriptionStream(organizationId));
    if (!loaded.ok) return loaded;
    const { limits } = planNamed(this.catalogue, loaded.value.state.plan);
    const back = await this.limits.set(organizationId, limits, context);
    return back.ok
      ? this.run(organizationId, { type: 'refuse-change', plan, over }, context, { step: 'refuse' })
      : back;
  }

  private async start(
    organizationId: string,
    plan: string,
    context: CommandContext & { readonly ifMatch?: number },
  ): Promise<Result<Changed, DomainError>> {
    const { ifMatch } = context;
    const { plans, contact, pricingUrl } = this.catalogue;
    const known = plans.map(({ name }) => name);
    const selfService = plans.flatMap(({ name, selfService: isOpen }) => (isOpen ? [name] : []));
    const command = { type: 'request-change', plan, known, selfService, contact, pricingUrl } as const;
    const requested = await this.run(organizationId, command, context, {
      step: 'request',
      ...(ifMatch !== undefined && { ifMatch }),
    });
    if (!requested.ok || !requested.value.repeated) return requested;
    // The result of a repeated command is its first result. The outcome of the change is in the current state.
    const present = await this.commands.load(subscriptionDecider, subscriptionStream(organizationId));
    if (!present.ok) return present;
    const { state } = present.value;
    if (state.changingTo === plan || (state.plan ?? this.catalogue.defaultPlan) === plan)
      return ok({ ...requested.value, state });
    const over = (state.refused?.over ?? []).map((limit) => ({ limit, words: `${limit}.`, detail: {} }));
    return err(billingErrors.overNewLimits(plan, over));
  }

  private run(
    organizationId: string,
    command: WithoutDefault,
    context: CommandContext,
    options: { readonly step: string; readonly ifMatch?: number },
  ): Promise<Result<Changed, DomainError>> {
    const { defaultPlan } = this.catalogue;
    const stream = subscriptionStream(organizationId);
    return this.commands.run(subscriptionDecider, stream, { ...command, defaultPlan } as Changing, context, options);
  }
}

type Changing = Exclude<SubscriptionCommand, { readonly type: 'start' }>;
type WithoutDefault = {
  [T in Changing['type']]: Omit<Extract<Changing, { type: T }>, 'defaultPlan'>;
}[Changing['type']];
