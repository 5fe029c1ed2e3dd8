import { changePlanRequest, getSubscriptionRequest, listPlansRequest } from '#billing/contract';

export { createRequestRates, type RequestRates } from './request-rates.ts';

/** What the gateway makes routes of. */
export const billingRest = [listPlansRequest, getSubscriptionRequest, changePlanRequest] as const;
