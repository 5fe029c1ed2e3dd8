import { Module } from '@nestjs/common';
import { ChangingHandlers } from './changing/changing.handlers.ts';
import { LimitSetter } from './changing/limit-setter.service.ts';
import { PlanChangeReactor } from './changing/plan-change.reactor.ts';
import { PlanChange } from './changing/plan-change.service.ts';
import { BillingQueries } from './overview/billing.queries.ts';
import { StartingReactor } from './starting/starting.reactor.ts';

/** Every slice of the context. The tokens that they ask for are given by the process (`#runtime`). */
@Module({
  controllers: [ChangingHandlers, BillingQueries],
  providers: [LimitSetter, PlanChange, PlanChangeReactor, StartingReactor],
})
export class BillingModule {}
