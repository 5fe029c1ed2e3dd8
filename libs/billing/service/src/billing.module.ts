import { Module } from '@nestjs/common';
import { ChangingHandlers } from './changing/changing.handlers.ts';
import { LimitSetter, LIMIT_SETTER } from './changing/limit-setter.service.ts';
import { UnfinishedChanges } from './changing/unfinished-changes.sweep.ts';
import { BillingQueries } from './overview/billing.queries.ts';
import { StartingReactor } from './starting/starting.reactor.ts';

/** Every slice of the context. The tokens that they ask for are given by the process (`#runtime`). */
@Module({
  controllers: [ChangingHandlers, BillingQueries],
  providers: [{ provide: LIMIT_SETTER, useClass: LimitSetter }, StartingReactor, UnfinishedChanges],
})
export class BillingModule {}
