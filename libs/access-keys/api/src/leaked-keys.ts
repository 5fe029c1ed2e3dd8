import { createHash } from 'node:crypto';
import type { AccessSource } from '#access';
import { keyInUrlRequest } from '#access-keys/contract';
import type { Bus } from '#bus';
import type { Clock } from '#kernel';
import { LRUCache } from 'lru-cache';

/** A key that is found repeatedly is reported once in this time. */
const REPORT_TTL_MS = 60_000;
const MAX_REPORTED = 1_000;
/** Maximum number of reports in progress. Beyond it, a key is reported when it is found the next time. */
const MAX_PENDING = 32;

/** Reports keys that were in URLs to access-keys; for the gateway, which reads the URLs. */
export interface LeakedKeys {
  /** Reports the key. Returns immediately and never throws. Text that is not an existing key is ignored. */
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
  const reported = new LRUCache<string, true>({
    max: MAX_REPORTED,
    ttl: REPORT_TTL_MS,
    ttlResolution: 0,
    perf: { now: () => clock.monotonic() },
  });
  let pending = 0;
  const report = async (digest: string): Promise<void> => {
    const directory = await access.current();
    const key = directory.ok ? directory.value.keys.get(digest) : undefined;
    if (!key || key.revoked) return;
    const { organizationId, created } = key;
    const response = await bus.request(
      keyInUrlRequest,
      { organizationId, keyId: created.keyId },
      bus.own({ organizationId }),
    );
    if (response.ok) reported.set(digest, true);
  };
  return {
    found(key) {
      const digest = createHash('sha256').update(key).digest('hex');
      if (pending >= MAX_PENDING || reported.has(digest)) return;
      pending += 1;
      void report(digest).finally(() => (pending -= 1));
    },
  };
}
