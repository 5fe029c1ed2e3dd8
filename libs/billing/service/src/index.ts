import { keyUsageRequest, setKeyLimitsRequest } from '#access-keys/contract';
import { recordRefusalsRequest } from '#audit/contract';
import { catalogUsageRequest, setCatalogLimitsRequest } from '#deployments/contract';
import { peopleRequest } from '#identity/contract';
import { seatUsageRequest, setSeatLimitRequest } from '#organizations/contract';
import type { ContextService } from '#runtime';
import { BillingModule } from './billing.module.ts';
import { PlanChangeReactor } from './changing/plan-change.reactor.ts';
import { EndingReactor } from './ending/ending.reactor.ts';
import { subscriptionsProjection } from './overview/subscriptions.projection.ts';
import { planCatalogue } from './plan-catalogue.service.ts';
import { StartingReactor } from './starting/starting.reactor.ts';
import { subscriptionDecider } from './subscription.decider.ts';

/** The service of this context, as a process composes it. */
export const billingService: ContextService = {
  name: 'billing',
  module: BillingModule,
  engines: ['eventStore', 'readStore', 'vault'],
  calls: [
    catalogUsageRequest,
    keyUsageRequest,
    setKeyLimitsRequest,
    recordRefusalsRequest,
    seatUsageRequest,
    setCatalogLimitsRequest,
    peopleRequest,
    setSeatLimitRequest,
  ],
  deciders: [subscriptionDecider],
  projections: [subscriptionsProjection],
  reactors: [StartingReactor, PlanChangeReactor, EndingReactor],
  sweeps: [],
  providers: [planCatalogue],
};
