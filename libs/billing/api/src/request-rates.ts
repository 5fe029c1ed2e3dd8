import type { Principal } from '#access';
import { plansOfRequest } from '#billing/contract';
import type { Bus } from '#bus';
import { domainError, type Clock } from '#kernel';
import { LRUCache } from 'lru-cache';

/** How long an answer holds: a change of plan is in force for rates so much later. */
const KEEP_MS = 10_000;
const KEEP_AT_MOST = 10_000;
/** What one question may name. */
const AT_ONCE = 500;

interface Known {
  /** Undefined while billing has not answered yet. */
  readonly perMinute: number | undefined;
  readonly untilMs: number;
}

/** How many requests a minute the plan of a key's organization grants the key; undefined for others, and until that is known. */
export type RequestRates = (principal: Principal) => number | undefined;

/**
 * Remembers the rates of plans for whoever counts requests: the gateway. No request waits for billing: one that meets an
 * unknown or old answer is counted by what is there, and the question goes out after it, at most once in 10 s for an
 * organization and for all that are due in one. While billing does not answer the last rate holds.
 */
export function createRequestRates({ bus, clock }: { readonly bus: Bus; readonly clock: Clock }): RequestRates {
  const known = new LRUCache<string, Known>({ max: KEEP_AT_MOST }); // an old answer is better than none: nothing expires
  const due = new Set<string>();
  let isAsking = false;

  const remember = (organizationId: string, perMinute: number | undefined) =>
    known.set(organizationId, { perMinute, untilMs: clock.monotonic() + KEEP_MS });

  async function ask(): Promise<void> {
    if (isAsking) return; // the question that is under way is followed by the next
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
