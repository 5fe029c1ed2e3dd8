import type { Principal } from '#access';
import { keysUsedRequest } from '#access-keys/contract';
import type { Bus } from '#bus';
import type { Clock } from '#kernel';

/** How often the use of keys is told; the views show minutes. */
const TELL_MS = 20_000;
/** What one request may name. */
const AT_ONCE = 500;

/** Collects which keys were used, for whoever checks them: the gateway. */
export interface KeyUse {
  /** Never waits. */
  used(key: Principal & { readonly kind: 'key' }): void;
  close(): void;
}

/** Tells access keys which of them were used when, every 20 s. What was not told when the process ends is lost. */
export function createKeyUse({ bus, clock }: { readonly bus: Bus; readonly clock: Clock }): KeyUse {
  const used = new Map<string, { organizationId: string; keyId: string; at: string }>();
  const tell = (): void => {
    const all = [...used.values()];
    used.clear();
    for (let from = 0; from < all.length; from += AT_ONCE)
      void bus.request(keysUsedRequest, { used: all.slice(from, from + AT_ONCE) }, bus.own({}));
    timer = clock.timer(TELL_MS, tell);
  };
  let timer = clock.timer(TELL_MS, tell);
  return {
    used: ({ organizationId, keyId }) =>
      void used.set(keyId, { organizationId, keyId, at: new Date(clock.now()).toISOString() }),
    close: () => timer.cancel(),
  };
}
