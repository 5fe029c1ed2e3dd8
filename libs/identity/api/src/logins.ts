import { createHash } from 'node:crypto';
import type { Bus } from '#bus';
import { resolveUserRequest, type Claims } from '#identity/contract';
import { canonicalJson, ok, type Clock, type DomainError, type Result } from '#kernel';
import { LRUCache } from 'lru-cache';

/**
 * How long a response is cached, so that not every request with a token needs a lookup. Erasure does not depend on
 * this: the directory detects it.
 */
const CACHE_MS = 60_000;
const MAX_LOGINS = 10_000;

/** Finds the user of verified claims. */
export interface Logins {
  userOf(claims: Claims): Promise<Result<string, DomainError>>;
}

/** Creates a cached lookup of users, which sends the same claims to identity at most once a minute. For the gateway. */
export function createLogins({ bus, clock }: { readonly bus: Bus; readonly clock: Clock }): Logins {
  const userIds = new LRUCache<string, string>({
    max: MAX_LOGINS,
    ttl: CACHE_MS,
    ttlResolution: 0,
    perf: { now: () => clock.monotonic() },
  });
  const pending = new Map<string, Promise<Result<string, DomainError>>>();

  async function resolveUser(claims: Claims, digest: string): Promise<Result<string, DomainError>> {
    const response = await bus.request(resolveUserRequest, claims, bus.own({}));
    if (!response.ok) return response;
    if (!claims.incomplete) userIds.set(digest, response.value.userId);
    return ok(response.value.userId);
  }

  return {
    async userOf(claims) {
      const digest = createHash('sha256').update(canonicalJson(claims)).digest('base64');
      const found = userIds.get(digest);
      if (found !== undefined) return ok(found);
      const running = pending.get(digest) ?? resolveUser(claims, digest).finally(() => pending.delete(digest));
      pending.set(digest, running);
      return running;
    },
  };
}
