import { createHash } from 'node:crypto';
import type { Bus } from '#bus';
import { resolveUserRequest, type Claims } from '#identity/contract';
import { canonicalJson, ok, type Clock, type DomainError, type Result } from '#kernel';
import { LRUCache } from 'lru-cache';

/**
 * How long a response is cached, so that not every request with a token needs a lookup. Erasure does not depend on
 * this: the directory detects it.
 */
const KEEP_MS = 60_000;
const KEEP_AT_MOST = 10_000;

/** Finds the user of verified claims. */
export interface Logins {
  userOf(claims: Claims): Promise<Result<string, DomainError>>;
}

/** Creates a cached lookup of users, which sends the same claims to identity at most once a minute. For the gateway. */
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
