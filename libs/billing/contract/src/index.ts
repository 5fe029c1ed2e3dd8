export {
  changePlanRequest,
  getSubscriptionRequest,
  getUsageRequest,
  listPlansRequest,
  plansOfRequest,
} from './billing.contract.ts';
export {
  DEFAULT_CATALOGUE,
  defaultLimits,
  PLAN_CATALOGUE,
  type Plan,
  type PlanCatalogue,
  type PlanLimits,
} from './plans.ts';
export { answerable, CALLERS_REPORTED, exchangeRequestCountsRequest } from './request-counts.contract.ts';
export { explainLimit, plansOf } from './plans-client.ts';
export { parseCatalogue } from './catalogue-file.ts';
