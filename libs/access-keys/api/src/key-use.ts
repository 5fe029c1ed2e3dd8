import type { Principal } from '#access';
import { keysUsedRequest } from '#access-keys/contract';
import type { Bus } from '#bus';
import type { Clock } from '#kernel';

/** Interval at which the use of keys is reported. Views show it to the minute. */
const REPORT_INTERVAL_MS = 20_000;
/** Maximum number of keys in one request. */
const MAX_KEYS = 500;

/** Collects which keys were used; for the gateway, which verifies them. */
export interface KeyUse {
  /** Records a use of the key. Returns immediately. */
  used(key: Principal & { readonly kind: 'key' }): void;
  close(): void;
}

/**
 * Creates a collector that reports the used keys to access-keys every 20 s. Uses since the last report are lost on
 * exit.
 */
export function createKeyUse({ bus, clock }: { readonly bus: Bus; readonly clock: Clock }): KeyUse {
  const used = new Map<string, { organizationId: string; keyId: string; at: string }>();
  const report = (): void => {
    const all = [...used.values()];
    used.clear();
    for (let from = 0; from < all.length; from += MAX_KEYS)
      void bus.request(keysUsedRequest, { used: all.slice(from, from + MAX_KEYS) }, bus.own({}));
    timer = clock.timer(REPORT_INTERVAL_MS, report);
  };
  let timer = clock.timer(REPORT_INTERVAL_MS, report);
  return {
    used: ({ organizationId, keyId }) =>
      void used.set(keyId, { organizationId, keyId, at: new Date(clock.now()).toISOString() }),
    close: () => timer.cancel(),
  };
}
