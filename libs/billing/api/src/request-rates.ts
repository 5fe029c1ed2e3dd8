import type { Principal } from '#access';
import { plansOfRequest } from '#billing/contract';
import type { Bus } from '#bus';
import { domainError, type Clock } from '#kernel';
import { LRUCache } from 'lru-cache';

/** How long a rate is cached, and therefore how late a change of plan takes effect on rates. */
const KEEP_MS = 10_000;
const KEEP_AT_MOST = 10_000;
/** Maximum number of organizations in one request. */
const AT_ONCE = 500;

interface Known {
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
  const known = new LRUCache<string, Known>({ max: KEEP_AT_MOST }); // no expiry: a stale rate is better than none
  const due = new Set<string>();
  let isAsking = false;

  const remember = (organizationId: string, perMinute: number | undefined) =>
    known.set(organizationId, { perMinute, untilMs: clock.monotonic() + KEEP_MS });

  async function ask(): Promise<void> {
    if (isAsking) return; // the request in progress is followed by the next one
    isAsking = true;
    while (due.size > 0) {
      const organizationIds = [...due].slice(0, AT_ONCE);
      const answer = await bus.request(plansOfRequest, { organizationIds }, bus.own({})).catch(unanswered);
      for (const organizationId of organizationIds) {
        due.delete(organizationId);
        remember(
          organizationId,
          answer.ok ? answer.value.plans[organizationId]?.requestsPerMinute : known.get(organizationId)?.perMinute,
        );
      }
    }
    isAsking = false;
  }

  return (principal) => {
    if (principal.kind !== 'key') return undefined;
    const { organizationId } = principal;
    const found = known.get(organizationId);
    if (!found || clock.monotonic() >= found.untilMs) {
      due.add(organizationId);
      void ask();
    }
    return found?.perMinute;
  };
}

const unanswered = () =>
  ({
    ok: false,
    error: domainError('billing/unavailable', 'unavailable', 'The plans are temporarily unavailable.'),
  }) as const;
