import { Module } from '@nestjs/common';
import { ChangingHandlers } from './changing/changing.handlers.ts';
import { LimitSetter } from './changing/limit-setter.service.ts';
import { PlanChangeReactor } from './changing/plan-change.reactor.ts';
import { PlanChange } from './changing/plan-change.service.ts';
import { EndingReactor } from './ending/ending.reactor.ts';
import { BillingQueries } from './overview/billing.queries.ts';
import { UsageQueries } from './overview/usage.queries.ts';
import { ReplayQueries } from './replay.queries.ts';
import { RequestCountsHandlers } from './request-counts/request-counts.handlers.ts';
import { StartingReactor } from './starting/starting.reactor.ts';

/** All slices of the context. The process provides the tokens that they inject (`#runtime`). */
@Module({
  controllers: [ReplayQueries, ChangingHandlers, BillingQueries, UsageQueries, RequestCountsHandlers],
  providers: [LimitSetter, PlanChange, PlanChangeReactor, StartingReactor, EndingReactor],
})
export class BillingModule {}
