import { changePlanRequest, getSubscriptionRequest, listPlansRequest } from '#billing/contract';

export { createRequestRates, type RequestRates } from './request-rates.ts';

/** Requests that the gateway serves over HTTP. */
export const billingRest = [listPlansRequest, getSubscriptionRequest, changePlanRequest] as const;
