import type { Principal } from '#access';
import { plansOfRequest } from '#billing/contract';
import type { Bus } from '#bus';
import { domainError, type Clock } from '#kernel';
import { LRUCache } from 'lru-cache';

/** How long a rate is cached, and therefore how late a change of plan takes effect on rates. */
const CACHE_MS = 10_000;
const MAX_RATES = 10_000;
/** Maximum number of organizations in one request. */
const MAX_ORGANIZATIONS = 500;

interface CachedRate {
  /** Undefined until billing has responded. */
  readonly perMinute: number | undefined;
  readonly untilMs: number;
}

/**
 * Returns the requests per minute that the plan grants to a key; undefined for other principals, and until it is
 * loaded.
 */
export type RequestRates = (principal: Principal) => number | undefined;

/**
 * Creates a cache of the plans' request rates for the gateway. No request waits for billing: if a rate is missing or
 * stale, the request is counted against what is cached, and the rate is requested afterwards, at most once in 10 s for
 * an organization and in one batch for all that are due. While billing does not respond, the last rates apply.
 */
export function createRequestRates({ bus, clock }: { readonly bus: Bus; readonly clock: Clock }): RequestRates {
  const rates = new LRUCache<string, CachedRate>({ max: MAX_RATES }); // no expiry: a stale rate is better than none
  const due = new Set<string>();
  let isFetching = false;

  const remember = (organizationId: string, perMinute: number | undefined) =>
    rates.set(organizationId, { perMinute, untilMs: clock.monotonic() + CACHE_MS });

  async function fetchRates(): Promise<void> {
    if (isFetching) return; // the request in progress is followed by the next one
    isFetching = true;
    while (due.size > 0) {
      const organizationIds = [...due].slice(0, MAX_ORGANIZATIONS);
      const response = await bus.request(plansOfRequest, { organizationIds }, bus.own({})).catch(unavailable);
      for (const organizationId of organizationIds) {
        due.delete(organizationId);
        remember(
          organizationId,
          response.ok ? response.value.plans[organizationId]?.requestsPerMinute : rates.get(organizationId)?.perMinute,
        );
      }
    }
    isFetching = false;
  }

  return (principal) => {
    if (principal.kind !== 'key') return undefined;
    const { organizationId } = principal;
    const found = rates.get(organizationId);
    if (!found || clock.monotonic() >= found.untilMs) {
      due.add(organizationId);
      void fetchRates();
    }
    return found?.perMinute;
  };
}

const unavailable = () =>
  ({
    ok: false,
    error: domainError('billing/unavailable', 'unavailable', 'The plans are temporarily unavailable.'),
  }) as const;
