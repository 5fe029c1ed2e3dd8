import { createHash } from 'node:crypto';
import type { AccessSource } from '#access';
import { keyInUrlRequest } from '#access-keys/contract';
import type { Bus } from '#bus';
import type { Clock } from '#kernel';
import { LRUCache } from 'lru-cache';

/** A key that is found again and again is told once in this time. */
const AGAIN_MS = 60_000;
const REMEMBERED = 1_000;
/** Reports under way; beyond it keys are told when they are found the next time. */
const AT_ONCE = 32;

/** Tells access keys which keys were in URLs, for whoever reads URLs: the gateway. */
export interface LeakedKeys {
  /** Never waits, never throws. Other texts than known keys are ignored. */
  found(key: string): void;
}

export function createLeakedKeys({
  bus,
  access,
  clock,
}: {
  readonly bus: Bus;
  readonly access: AccessSource;
  readonly clock: Clock;
}): LeakedKeys {
  const told = new LRUCache<string, true>({
    max: REMEMBERED,
    ttl: AGAIN_MS,
    ttlResolution: 0,
    perf: { now: () => clock.monotonic() },
  });
  let underWay = 0;
  const tell = async (digest: string): Promise<void> => {
    const directory = await access.current();
    const key = directory.ok ? directory.value.keys.get(digest) : undefined;
    if (!key || key.revoked) return;
    const { organizationId, created } = key;
    const answer = await bus.request(
      keyInUrlRequest,
      { organizationId, keyId: created.keyId },
      bus.own({ organizationId }),
    );
    if (answer.ok) told.set(digest, true);
  };
  return {
    found(key) {
      const digest = createHash('sha256').update(key).digest('hex');
      if (underWay >= AT_ONCE || told.has(digest)) return;
      underWay += 1;
      void tell(digest).finally(() => (underWay -= 1));
    },
  };
}
