import type { Bus } from '#bus';
import { useSessionRequest } from '#identity/contract';
import { ok, type Clock, type DomainError, type Result } from '#kernel';
import { LRUCache } from 'lru-cache';

/** How long a session counts as used without asking identity again: uses are recorded to the minute. */
const CONFIRMED_MS = 60_000;
const MAX_SESSIONS = 50_000;

/** Returns whether a session continues, and records its use. */
export type SessionUse = (userId: string, sessionId: string) => Promise<Result<boolean, DomainError>>;

/**
 * Creates the check whether sessions were used recently enough, for the gateway. Identity is asked at most once a
 * minute for each session; without its answer, a session is not accepted. Whether a session has ended is not decided
 * here: the directory knows it at once.
 */
export function createSessionUse({ bus, clock }: { readonly bus: Bus; readonly clock: Clock }): SessionUse {
  const confirmed = new LRUCache<string, true>({
    max: MAX_SESSIONS,
    ttl: CONFIRMED_MS,
    ttlResolution: 0,
    perf: { now: () => clock.monotonic() },
  });
  const pending = new Map<string, Promise<Result<boolean, DomainError>>>();

  async function confirm(userId: string, sessionId: string): Promise<Result<boolean, DomainError>> {
    const used = await bus.request(useSessionRequest, { userId, sessionId }, bus.own({}));
    if (!used.ok) return used;
    if (used.value.live) confirmed.set(sessionId, true);
    return ok(used.value.live);
  }

  return async (userId, sessionId) => {
    if (confirmed.has(sessionId)) return ok(true);
    const running = pending.get(sessionId) ?? confirm(userId, sessionId).finally(() => pending.delete(sessionId));
    pending.set(sessionId, running);
    return running;
  };
}
