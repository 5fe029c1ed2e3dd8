import { changePlanRequest, DEFAULT_CATALOGUE, PLAN_CATALOGUE, type PlanCatalogue } from '#billing/contract';
import { Caller, Input, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { CLOCK, type Clock } from '#kernel';
import { Controller, Inject, Optional } from '@nestjs/common';
import { planNamed } from '../catalogue.ts';
import { PlanChange } from './plan-change.service.ts';

@Controller()
export class ChangingHandlers {
  private readonly catalogue: PlanCatalogue;

  constructor(
    @Inject(PlanChange) private readonly changes: PlanChange,
    @Inject(CLOCK) private readonly clock: Clock,
    @Optional() @Inject(PLAN_CATALOGUE) catalogue?: PlanCatalogue,
  ) {
    this.catalogue = catalogue ?? DEFAULT_CATALOGUE;
  }

  @Serves(changePlanRequest)
  async change(
    @Input() { plan }: InputOf<typeof changePlanRequest>,
    @Caller() context: ContextOf<typeof changePlanRequest>,
  ): Promise<ReplyTo<typeof changePlanRequest>> {
    const changed = await this.changes.change(context.organizationId, plan, context);
    if (!changed.ok) return changed;
    const { limits } = planNamed(this.catalogue, plan);
    const since = new Date(this.clock.now()).toISOString();
    return reply({ plan, since, limits, pricingUrl: this.catalogue.pricingUrl }, changed.value.meta);
  }
}
