import {
  DEFAULT_CATALOGUE,
  getSubscriptionRequest,
  listPlansRequest,
  PLAN_CATALOGUE,
  plansOfRequest,
  type PlanCatalogue,
} from '#billing/contract';
import { Caller, Input, refuse, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { COMMANDS, READ_MODELS, type CommandRunner, type ReadModels } from '#event-sourcing';
import { Controller, Inject, Optional } from '@nestjs/common';
import { planNamed, planView } from '../catalogue.ts';
import { subscriptionDecider } from '../subscription.decider.ts';
import { subscriptionStream } from '../subscription.events.ts';
import { subscriptionsProjection } from './subscriptions.projection.ts';

@Controller()
export class BillingQueries {
  private readonly catalogue: PlanCatalogue;

  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Optional() @Inject(PLAN_CATALOGUE) catalogue?: PlanCatalogue,
  ) {
    this.catalogue = catalogue ?? DEFAULT_CATALOGUE;
  }

  @Serves(listPlansRequest)
  async plans(): Promise<ReplyTo<typeof listPlansRequest>> {
    const { plans, pricingUrl, contact = null } = this.catalogue;
    return reply({ items: plans.map(planView), pricingUrl, contact });
  }

  @Serves(getSubscriptionRequest)
  async subscription(
    @Input() _input: InputOf<typeof getSubscriptionRequest>,
    @Caller() { organizationId, consistency }: ContextOf<typeof getSubscriptionRequest>,
  ): Promise<ReplyTo<typeof getSubscriptionRequest>> {
    const found = await this.readModels.get(subscriptionsProjection, organizationId, consistency);
    if (!found.ok) return refuse(found.error);
    const { name, limits } = planNamed(this.catalogue, found.value?.document.plan);
    return reply({
      plan: name,
      since: found.value?.document.since ?? null,
      limits,
      pricingUrl: this.catalogue.pricingUrl,
    });
  }

  /** Returns plans from the streams, folded in memory, because other contexts request them for every view. */
  @Serves(plansOfRequest)
  async plansOf(@Input() { organizationIds }: InputOf<typeof plansOfRequest>): Promise<ReplyTo<typeof plansOfRequest>> {
    const plans: OutputOf<typeof plansOfRequest>['plans'] = {};
    for (const organizationId of organizationIds) {
      const loaded = await this.commands.load(subscriptionDecider, subscriptionStream(organizationId));
      if (!loaded.ok) return refuse(loaded.error);
      const { name, defaultTier, limits, auditExport } = planNamed(this.catalogue, loaded.value.state.plan);
      const { requestsPerMinute, auditDaysShown } = limits;
      plans[organizationId] = { plan: name, defaultTier, requestsPerMinute, auditDaysShown, auditExport };
    }
    return reply({ plans, pricingUrl: this.catalogue.pricingUrl });
  }
}
