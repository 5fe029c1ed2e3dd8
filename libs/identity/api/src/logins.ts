import { createHash } from 'node:crypto';
import type { Bus } from '#bus';
import { resolveUserRequest, type Claims } from '#identity/contract';
import { canonicalJson, ok, type Clock, type DomainError, type Result } from '#kernel';
import { LRUCache } from 'lru-cache';

/** How long an answer is used again: each request of a login would ask otherwise. Erasure is seen by the directory, not here. */
const KEEP_MS = 60_000;
const KEEP_AT_MOST = 10_000;

/** Which user verified claims are about. */
export interface Logins {
  userOf(claims: Claims): Promise<Result<string, DomainError>>;
}

/** Asks identity, once a minute for the same claims. For whoever checks tokens: the gateway. */
export function createLogins({ bus, clock }: { readonly bus: Bus; readonly clock: Clock }): Logins {
  const known = new LRUCache<string, string>({
    max: KEEP_AT_MOST,
    ttl: KEEP_MS,
    ttlResolution: 0,
    perf: { now: () => clock.monotonic() },
  });
  const asking = new Map<string, Promise<Result<string, DomainError>>>();

  async function ask(claims: Claims, digest: string): Promise<Result<string, DomainError>> {
    const answer = await bus.request(resolveUserRequest, claims, bus.own({}));
    if (!answer.ok) return answer;
    if (!claims.incomplete) known.set(digest, answer.value.userId);
    return ok(answer.value.userId);
  }

  return {
    async userOf(claims) {
      const digest = createHash('sha256').update(canonicalJson(claims)).digest('base64');
      const found = known.get(digest);
      if (found !== undefined) return ok(found);
      const running = asking.get(digest) ?? ask(claims, digest).finally(() => asking.delete(digest));
      asking.set(digest, running);
      return running;
    },
  };
}
