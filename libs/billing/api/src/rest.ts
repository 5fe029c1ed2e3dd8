import { changePlanRequest, getSubscriptionRequest, getUsageRequest, listPlansRequest } from '#billing/contract';

export { exchangeRequestCounts } from './request-count-exchange.ts';
export { createRequestRates, type RequestRates } from './request-rates.ts';

/** Requests that the gateway serves over HTTP. */
export const billingRest = [listPlansRequest, getSubscriptionRequest, getUsageRequest, changePlanRequest] as const;
